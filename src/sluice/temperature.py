"""Temperature scaling: one number that makes probabilities as sure as they turn out right.

In: scores of each label and the true labels. Out: the temperature, and probabilities with it.
It stops at the number: who stores it is a stage's to say, what it gains `sluice.evaluation`'s.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LOG_TEMPERATURES = (-6.0, 6.0)
EPSILON = float(np.finfo(np.float64).eps)


def fit_temperature(scores: Floats, labels: Integers) -> float:
    """Find the T for which softmax(scores / T) has the least log loss; it changes no decision.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2; ln T is searched
    within `LOG_TEMPERATURES`. Above 1 the scores were too sure of themselves, below 1 too timid.

    Args:
        scores: one score per label, (rows, labels); log probabilities are scores too.
        labels: true labels, (rows,).
    """

    # Half a second, which only a fit is worth.
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(log_temperature: float) -> float:
        chosen = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(chosen[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded")
    return float(np.exp(found.x))


def apply_temperature(scores: Floats, temperature: float) -> Floats:
    """Give softmax(scores / temperature), (rows, labels)."""
    scaled = scores / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def scores_of(probabilities: Floats) -> Floats:
    """Give log probabilities, (...), which differ from a network's logits by a constant per row.

    Probabilities are kept from zero by the spacing of float64.
    """
    scores: Floats = np.log(np.clip(probabilities, EPSILON, 1.0))
    return scores
