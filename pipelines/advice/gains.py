"""Gains: what one piece of advice adds to the default, how sure that is, and the word for it.

In: judged runs of the advice and of the default, seed by seed on the same rows and resamples. Out:
a gain with two intervals and a p-value, and a verdict. Nothing is read or written.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from sluice.evaluation.candidates import Judged
from sluice.evaluation.comparison import MAIN
from sluice.evaluation.intervals import Interval, percentile_interval
from sluice.evaluation.pairs import bootstrap_p, holm

NOTHING = "nothing seen"
ONLY_THESE = " with these seeds"


class Gain(NamedTuple):
    """Macro-F1 on test rows, advice minus default."""

    macro_f1: float
    """Of the advice, mean over seeds."""
    value: float
    """Mean over seeds."""
    over_rows: Interval
    """What other test rows would change: the seeds as they are."""
    over_both: Interval
    """What other test rows and other seeds would change."""
    spread: float
    """Sample standard deviation (n - 1) of the difference over seeds."""
    by_seed: tuple[float, ...]
    p_rows: float
    """Two-sided p-value of no difference by the error over rows."""
    p_both: float
    """The same by the error over rows and seeds."""


class Error(NamedTuple):
    """How far a mean over seeds may be off."""

    size: float
    """Standard error."""
    freedom: float
    """Degrees of freedom, infinite where seeds add nothing."""
    reach: float
    """Half of the interval."""


def error_of(rows: float, seeds: float, count: int, confidence: float) -> Error:
    """Give the error of a mean over seeds, that over rows and that over seeds taken together.

    The error over rows (bootstrap) and that over seeds (s / sqrt n) are added in squares; the
    degrees of freedom are those of Satterthwaite 1946, "An Approximate Distribution of Estimates of
    Variance Components", with none to lose in the rows' part. Chance that hangs on a row and a
    seed together is in both parts, so the interval is rather too wide than too short.

    Args:
        rows: standard error over rows, the seeds as they are.
        seeds: sample standard deviation over seeds, the rows as they are.
        count: number of seeds, two at least.
        confidence: of the interval.
    """
    part = seeds**2 / count
    size = float(np.sqrt(rows**2 + part))
    freedom = size**4 * (count - 1) / part**2 if part else np.inf
    return Error(size, freedom, float(t.ppf((1.0 + confidence) / 2.0, freedom)) * size)


def weigh(runs: Sequence[Judged], defaults: Sequence[Judged], confidence: float) -> Gain:
    """Compare the runs of a piece of advice with those of the default, seed by seed.

    Args:
        runs: one for each seed, two at least.
        defaults: those of the default, in the same order of seeds.
        confidence: of both intervals.
    """
    pairs = list(zip(runs, defaults, strict=True))
    by_seed = tuple(one.test[MAIN] - other.test[MAIN] for one, other in pairs)
    samples = np.mean([one.samples[MAIN] - other.samples[MAIN] for one, other in pairs], axis=0)
    value, spread = float(np.mean(by_seed)), float(np.std(by_seed, ddof=1))
    rows = float(samples.std(ddof=1))
    size, freedom, reach = error_of(rows, spread, len(pairs), confidence)
    p_both = float(2.0 * t.sf(abs(value) / size, freedom)) if size else float(value == 0.0)
    return Gain(
        macro_f1=float(np.mean([one.test[MAIN] for one in runs])),
        value=value,
        over_rows=percentile_interval(samples, confidence),
        over_both=Interval(value - reach, value + reach),
        spread=spread,
        by_seed=by_seed,
        p_rows=bootstrap_p(value, samples),
        p_both=p_both,
    )


class Verdict(NamedTuple):
    """Both p-values as corrected by Holm for the number of gains, and the word for them."""

    p_rows: float
    p_both: float
    word: str


def _word(value: float, rows: bool, both: bool) -> str:
    if not rows:
        return NOTHING
    return ("helped" if value > 0 else "hurt") + ("" if both else ONLY_THESE)


def judge_gains(gains: Sequence[Gain], confidence: float) -> list[Verdict]:
    """Give each gain its verdict: "helped", "hurt" or "nothing seen".

    A gain is seen if these trainings would differ on other test rows too. Where trainings with
    other seeds might not, the verdict ends on "with these seeds".
    """
    found = []
    corrected = (holm([one.p_rows for one in gains]), holm([one.p_both for one in gains]))
    for gain, rows, both in zip(gains, *corrected, strict=True):
        level = 1.0 - confidence
        found.append(Verdict(rows, both, _word(gain.value, rows < level, both < level)))
    return found


def tabulate(gains: dict[str, Gain], confidence: float) -> pd.DataFrame:
    """Put gains into one row each, the largest first."""
    rows = []
    judged = judge_gains(list(gains.values()), confidence)
    for (name, gain), verdict in zip(gains.items(), judged, strict=True):
        row: dict[str, str | float] = {"advice": name, "verdict": verdict.word}
        row |= {"macro_f1": gain.macro_f1, "gain": gain.value}
        for side, bounds in (("rows", gain.over_rows), ("both", gain.over_both)):
            row |= {f"{side}_low": bounds.low, f"{side}_high": bounds.high}
        row |= {"spread": gain.spread, "p_rows": verdict.p_rows, "p_both": verdict.p_both}
        rows.append(row | {"by_seed": " ".join(f"{one:.4f}" for one in gain.by_seed)})
    return pd.DataFrame(rows).sort_values("gain", ascending=False, kind="stable", ignore_index=True)
