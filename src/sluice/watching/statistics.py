"""How far a batch lies from the reference, by seven statistics, for many draws at once.

In: rows in numbers, and draws that say which of them are the batch. Out: one value for each draw
and statistic; larger is farther away. Which values raise an alarm is in `.thresholds`.

A draw is a column of a matrix of zeros and ones, (rows, draws): the ones are the batch, the rest
is what it is compared with.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist
from sklearn.preprocessing import normalize

from sluice.watching.reading import Seen

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

CHUNK = 200
"""Draws that are worked on at once."""
MOST_PAIRED = 1000
"""Rows whose distances give the kernel its width."""


class Measure(NamedTuple):
    """What is fixed by the reference before any batch is seen."""

    middle: Floats
    """Mean of each feature, (features,)."""
    spread: Floats
    """Standard deviation of each feature, 1 where it is constant, (features,)."""
    width: float
    """Median distance between standardised rows."""
    rarity: Floats
    """Weight of each hashed word, (buckets,)."""
    sure_enough: float
    """Negative entropy, in nats, that as many rows lie below as the model gets wrong."""
    accuracy: float
    """Share of the reference's rows that the model gets right."""


def negative_entropy(probabilities: Floats) -> Floats:
    """sum p ln p, (rows,): 0 where the model is certain, -ln(labels) where it knows nothing."""
    kept = np.clip(probabilities, np.finfo(np.float64).tiny, 1.0)
    found: Floats = (probabilities * np.log(kept)).sum(axis=1)
    return found


def _rarity(bags: csr_matrix) -> Floats:
    """ln((1 + rows) / (1 + rows with the word)) + 1, (buckets,): smoothed inverse frequency.

    Sparck Jones 1972, "A Statistical Interpretation of Term Specificity", smoothed.
    """
    with_word = np.asarray(bags.sum(axis=0)).ravel()
    weights: Floats = np.log((1.0 + bags.shape[0]) / (1.0 + with_word)) + 1.0
    return weights


def fit_measure(reference: Seen, right: Booleans) -> Measure:
    """Take from the reference what every comparison with it needs.

    The threshold of certainty is that of Garg et al. 2022, "Leveraging Unlabeled Data to Predict
    Out-of-Distribution Performance", equation 1, with negative entropy (ATC-NE). The kernel's
    width is the median distance (Gretton et al. 2012, "A Kernel Two-Sample Test", section 8).

    Args:
        reference: the rows as the model sees them.
        right: whether the model says each row's label, (rows,).
    """
    middle, spread = reference.features.mean(axis=0), reference.features.std(axis=0)
    spread[spread == 0.0] = 1.0
    some = ((reference.features - middle) / spread)[:MOST_PAIRED]
    distances = cdist(some, some)[np.triu_indices(len(some), 1)]
    width = float(np.median(distances)) or 1.0
    accuracy = float(right.mean())
    # As many rows lie below as are wrong, so exactly the accuracy's share lies at or above.
    wrong = int((~right).sum())
    sure = np.sort(negative_entropy(reference.probabilities))
    sure_enough = float(sure[wrong]) if wrong < len(sure) else float("inf")
    rarity = _rarity(reference.bags)
    return Measure(middle, spread, width, rarity, sure_enough, accuracy)


def estimate_right(rows: Seen, measure: Measure) -> Booleans:
    """Rows that are as sure as those that were right: their share estimates the accuracy.

    Garg et al. 2022, equation 2.
    """
    return negative_entropy(rows.probabilities) >= measure.sure_enough


def kernel(rows: Seen, measure: Measure) -> npt.NDArray[np.float32]:
    """Gaussian kernel exp(-d^2 / (2 width^2)) of standardised features, (rows, rows)."""
    values = (rows.features - measure.middle) / measure.spread
    squared = cdist(values, values, "sqeuclidean")
    return np.exp(squared / (-2.0 * measure.width**2)).astype(np.float32)


def word_kernel(rows: Seen, measure: Measure) -> npt.NDArray[np.float32]:
    """Cosine of the words of two texts, rare ones weighing more, (rows, rows)."""
    weighed = normalize(csr_matrix(rows.bags.multiply(measure.rarity))).astype(np.float32)
    return np.asarray((weighed @ weighed.T).toarray())


def _means(values: Floats, draws: Floats) -> tuple[Floats, Floats]:
    """Mean of the batch and of the rest, (draws,) or (draws, columns)."""
    ones = draws.sum(axis=0)
    sums = draws.T @ values
    rest = values.sum(axis=0) - sums
    shape = (-1, *[1] * (values.ndim - 1))
    return sums / ones.reshape(shape), rest / (len(draws) - ones).reshape(shape)


def _rise(values: Floats, draws: Floats) -> Floats:
    """Mean of the batch less that of the rest, (draws,)."""
    batch, rest = _means(values, draws)
    return batch - rest


def _kolmogorov(values: Floats, draws: Floats) -> Floats:
    """Largest distance of the two distribution functions (Kolmogorov, Smirnov 1939), (draws,)."""
    order = np.argsort(values, kind="stable")
    last = np.append(np.diff(values[order]) > 0, True)  # of rows that are tied
    sorted_draws = draws[order]
    ones = draws.sum(axis=0)
    batch = np.cumsum(sorted_draws, axis=0)[last] / ones
    rest = np.cumsum(1.0 - sorted_draws, axis=0)[last] / (len(draws) - ones)
    found: Floats = np.abs(batch - rest).max(axis=0)
    return found


def _total_variation(rows: Seen, draws: Floats) -> Floats:
    """Half the sum of distances between the shares of labels that are said, (draws,)."""
    said = np.eye(rows.probabilities.shape[1])[rows.said]
    batch, rest = _means(said, draws)
    found: Floats = np.abs(batch - rest).sum(axis=1) / 2.0
    return found


def _mean_discrepancy(likeness: npt.NDArray[np.float32], draws: Floats) -> Floats:
    """Squared maximum mean discrepancy, biased (Gretton et al. 2012, equation 5), (draws,)."""
    picked = draws.astype(np.float32)
    within = likeness @ picked
    ones, total = draws.sum(axis=0), float(likeness.sum(dtype=np.float64))
    batch = (picked * within).sum(axis=0, dtype=np.float64)
    both = within.sum(axis=0, dtype=np.float64)  # batch with all rows
    rest = len(draws) - ones
    others = total - 2.0 * both + batch
    found: Floats = batch / ones**2 + others / rest**2 - 2.0 * (both - batch) / (ones * rest)
    return found


def _measure(
    rows: Seen,
    measure: Measure,
    kernels: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    draws: Floats,
) -> Floats:
    columns = (
        _rise(rows.unknown_share, draws),
        _kolmogorov(rows.words.astype(np.float64), draws),
        _mean_discrepancy(kernels[0], draws),
        _total_variation(rows, draws),
        _kolmogorov(rows.confidence, draws),
        _mean_discrepancy(kernels[1], draws),
        -_rise(estimate_right(rows, measure).astype(np.float64), draws),
    )
    return np.stack(columns, axis=1)


def compare(rows: Seen, measure: Measure, draws: Floats) -> Floats:
    """Measure all statistics, (draws, statistics), in the order of `settings.STATISTICS`.

    - unknown: rise of the mean share of unknown words
    - length: Kolmogorov-Smirnov distance of the words per text
    - words: squared maximum mean discrepancy of the words, rare ones weighing more
    - labels: total variation between the mixes of labels that are said
    - confidence: Kolmogorov-Smirnov distance of the probability of what is said
    - embedding: squared maximum mean discrepancy of what the last layer reads
    - accuracy: fall of the estimated accuracy

    Args:
        rows: batch and reference as the model sees them.
        measure: of the reference.
        draws: (rows, draws).
    """
    kernels = word_kernel(rows, measure), kernel(rows, measure)
    parts = [
        _measure(rows, measure, kernels, draws[:, first : first + CHUNK])
        for first in range(0, draws.shape[1], CHUNK)
    ]
    return np.vstack(parts)
