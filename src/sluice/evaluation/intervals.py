"""How far a number would move on other test rows: the percentile bootstrap, paired by design.

In: per-row columns of one or many models. Out: their sums over resamples, and intervals.
It stops at resampling: what the sums mean is in `sluice.evaluation.metrics`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Draws held in memory at once: 4 million 64-bit integers are 32 MB.
CHUNK = 4_000_000


class Interval(NamedTuple):
    """Bounds of a percentile interval."""

    low: float
    high: float


def draw_times(groups: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Give how often each group is drawn, (some resamples, groups), until there are `resamples`.

    Groups are drawn with replacement, as many as there are. The same arguments give the same draws,
    so that whoever uses them is paired with whoever else does.
    """
    generator = np.random.default_rng(seed)
    size = max(1, CHUNK // groups)
    for start in range(0, resamples, size):
        chunk = min(size, resamples - start)
        draws = generator.integers(groups, size=(chunk, groups))
        draws += groups * np.arange(chunk)[:, np.newaxis]
        times = np.bincount(draws.ravel(), minlength=chunk * groups)
        yield times.reshape(chunk, groups).astype(np.float64)


def bootstrap_sums(columns: Floats, groups: Integers, resamples: int, seed: int) -> Floats:
    """Sum the columns over bootstrap resamples of groups of rows, (resamples, columns).

    Groups are drawn with replacement, as many as there are, and bring all their rows: rows that
    are near duplicates of each other are one observation (Field & Welsh 2007, "Bootstrapping
    clustered data"). With one row per group this is the bootstrap of Efron 1979. All columns see
    the same resamples, so differences between models taken from them are paired.

    Args:
        columns: what each row adds, (rows, columns).
        groups: number of each row's group, from 0 without gaps, (rows,).
        resamples: how many resamples are drawn.
        seed: seed of the drawing.
    """
    count = int(groups.max()) + 1
    totals = np.zeros((count, columns.shape[1]))
    np.add.at(totals, groups, columns)
    return np.vstack([times @ totals for times in draw_times(count, resamples, seed)])


def bootstrap_each(
    parts: Sequence[Floats], groups: Integers, resamples: int, seed: int
) -> list[Floats]:
    """Sum several tables of columns over the same resamples, each (resamples, its columns).

    Args:
        parts: tables of the same rows, each (rows, its columns); see `bootstrap_sums`.
        groups: number of each row's group, from 0 without gaps, (rows,).
        resamples: how many resamples are drawn.
        seed: seed of the drawing.
    """
    ends = np.cumsum([part.shape[1] for part in parts])
    return np.split(bootstrap_sums(np.hstack(parts), groups, resamples, seed), ends[:-1], axis=1)


def percentile_interval(samples: Floats, confidence: float) -> Interval:
    """Give the central interval that holds `confidence` of the bootstrap samples, (resamples,).

    Efron & Tibshirani 1993, "An Introduction to the Bootstrap", equation 13.5.
    """
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(samples, [tail, 1.0 - tail])
    return Interval(float(low), float(high))


def basic_interval(value: float, samples: Floats, confidence: float) -> Interval:
    """Give the basic bootstrap interval of a number that cannot be negative.

    Davison & Hinkley 1997, "Bootstrap Methods and their Application", equation 5.6: the percentiles
    mirrored at the value. It is for statistics that noise can only raise, such as a mean absolute
    gap: their resamples lie above the value, and so would a percentile interval.
    """
    low, high = percentile_interval(samples, confidence)
    return Interval(max(0.0, 2.0 * value - high), max(0.0, 2.0 * value - low))
