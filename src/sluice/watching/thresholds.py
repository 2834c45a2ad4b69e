"""What batches without drift look like, and the values beyond which one is an alarm.

In: the reference's rows, the size of a batch, the rate of false alarms that is allowed. Out: one
threshold for each statistic, such that all of them together keep the rate.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from sluice.watching.reading import Seen
from sluice.watching.statistics import Measure, compare

Floats = npt.NDArray[np.float64]

TIMES = 4
"""The reference has at least this many times the rows of a batch: one is drawn from it."""


def draw_batches(rows: int, size: int, resamples: int, seed: int) -> Floats:
    """Batches of `size` rows without repetition, as zeros and ones, (rows, resamples)."""
    generator = np.random.default_rng(seed)
    draws = np.zeros((rows, resamples))
    for number in range(resamples):
        draws[generator.choice(rows, size, replace=False), number] = 1.0
    return draws


def simulate(reference: Seen, measure: Measure, size: int, resamples: int, seed: int) -> Floats:
    """Measure batches drawn from the reference against the rest of it, (resamples, statistics).

    The rest is smaller than the reference that a real batch is held against, so that what is found
    here is, if anything, farther apart than batches without drift really are.
    """
    draws = draw_batches(len(reference.words), size, resamples, seed)
    return compare(reference, measure, draws)


def find_thresholds(null: Floats, false_alarms: float) -> Floats:
    """The largest values that are no alarm, (statistics,), for all statistics together.

    Each statistic's threshold stands at the same rank among its own values; the rank is the largest
    at which no more than `false_alarms` of the draws lie beyond any threshold (Westfall & Young
    1993, "Resampling-Based Multiple Testing", the least of the p-values).

    Args:
        null: statistics of batches without drift, (resamples, statistics).
        false_alarms: share of such batches that may raise an alarm.
    """
    ranks = rankdata(-null, method="max", axis=0)  # 1 is the largest; ties share the last rank
    least = np.sort(ranks.min(axis=1))
    allowed = int(false_alarms * len(null))
    # Draws of a lower rank are alarms, that of the first draw that may not be one is none. A new
    # batch takes a place among them, which is one rank more.
    rank = int(least[min(allowed, len(least) - 1)])
    ordered = -np.sort(-null, axis=0)
    thresholds: Floats = ordered[max(rank - 2, 0)]
    return thresholds
