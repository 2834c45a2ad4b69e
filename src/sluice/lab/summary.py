"""What the trials of all seeds say together: what each mistake is worth, with an interval.

In: trials. Out: one row for each mistake. Drawing and writing are in `sluice.lab.pages`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sluice.evaluation.intervals import Interval, bootstrap_sums, percentile_interval
from sluice.lab.experiment import Trial

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2000


class Worth(NamedTuple):
    """One mistake over all seeds; shares of test rows that are right."""

    mistake: str
    honest: float
    leaky: float
    gain: float
    honest_bounds: Interval
    leaky_bounds: Interval
    gain_bounds: Interval
    macro_f1: tuple[float, float]
    """Honest and leaky, mean over seeds."""
    by_seed: tuple[float, ...]
    """Gain of each seed."""
    test_rows: int
    """Of one seed."""
    train_rows: int
    seeds: int


def _columns(trials: Sequence[Trial]) -> Floats:
    """Right and all test rows, of the honest and of the leaky arm, (clusters, seeds, 4)."""
    scores = [score for trial in trials for score in (trial.honest, trial.leaky)]
    codes, names = pd.factorize(np.concatenate([score.clusters for score in scores]))
    columns = np.zeros((len(names), len(scores), 2))
    start = 0
    for place, score in enumerate(scores):
        rows = codes[start : start + len(score.right)]
        start += len(rows)
        added = np.column_stack([score.right, np.ones(len(rows))])
        np.add.at(columns[:, place], rows, added)
    return columns.reshape(len(names), len(trials), 4)


def resample_crossed(columns: Floats, resamples: int, seed: int) -> Floats:
    """Sum the columns over resamples of clusters crossed with resamples of seeds.

    A text is tested with several seeds, so texts and seeds are drawn independently and each cell
    counts by the product of its draws (Owen 2007, "The pigeonhole bootstrap", section 2).

    Args:
        columns: (clusters, seeds, sums).
        resamples: how many.
        seed: of the drawing.

    Returns:
        (resamples, sums).
    """
    clusters, seeds, sums = columns.shape
    flat = columns.reshape(clusters, seeds * sums)
    drawn = bootstrap_sums(flat, np.arange(clusters), resamples, seed)
    generator = np.random.default_rng([seed, 1])
    times = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    total: Floats = np.einsum("rsk,rs->rk", drawn.reshape(resamples, seeds, sums), times)
    return total


def weigh(trials: Sequence[Trial]) -> Worth:
    """Say what the mistake of these trials, one for each seed, is worth."""
    columns = _columns(trials)
    sums = columns.sum(axis=(0, 1))
    honest, leaky = (float(share) for share in sums[::2] / sums[1::2])
    drawn = resample_crossed(columns, RESAMPLES, seed=0)
    shares = drawn[:, ::2] / np.maximum(drawn[:, 1::2], 1)
    f1 = np.array([(trial.honest.macro_f1, trial.leaky.macro_f1) for trial in trials])
    return Worth(
        mistake=trials[0].mistake,
        honest=honest,
        leaky=leaky,
        gain=leaky - honest,
        honest_bounds=percentile_interval(shares[:, 0], CONFIDENCE),
        leaky_bounds=percentile_interval(shares[:, 1], CONFIDENCE),
        gain_bounds=percentile_interval(shares[:, 1] - shares[:, 0], CONFIDENCE),
        macro_f1=(float(f1[:, 0].mean()), float(f1[:, 1].mean())),
        by_seed=tuple(float(one.leaky.right.mean() - one.honest.right.mean()) for one in trials),
        test_rows=len(trials[0].leaky.right),
        train_rows=trials[0].train_rows,
        seeds=len(trials),
    )


def weigh_all(trials: Sequence[Trial]) -> list[Worth]:
    """Give a row for each mistake, in the order in which they were first tried."""
    names = dict.fromkeys(trial.mistake for trial in trials)
    return [weigh([one for one in trials if one.mistake == name]) for name in names]
