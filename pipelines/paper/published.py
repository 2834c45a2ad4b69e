"""Published figures: what can be said of them without the paper's predictions.

In: accuracies as printed and the number of test rows. Out: whole counts, intervals and bounds.
It measures nothing of ours.
"""

from typing import NamedTuple

from scipy.stats import binomtest

from sluice.params import Section


class Published(Section):
    """What published.yaml holds."""

    rows: int
    """Test rows of the paper."""
    accuracy: dict[str, float]
    """Accuracy by model, per cent."""
    digits: dict[str, int]
    """Decimal places in which each accuracy is printed."""
    mae: float
    """Mean absolute error as printed."""


class Count(NamedTuple):
    """The whole number of right rows nearest to an accuracy, and its interval as a share."""

    right: int
    low: float
    high: float


def nearest_count(accuracy: float, rows: int, confidence: float = 0.95) -> Count:
    """Turn an accuracy in per cent into a count and its interval.

    Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    right = round(accuracy / 100 * rows)
    interval = binomtest(right, rows).proportion_ci(confidence, method="wilson")
    return Count(right, float(interval.low), float(interval.high))


def is_possible(accuracy: float, rows: int, digits: int) -> bool:
    """Whether any whole number of right rows gives this accuracy, in per cent, to these digits.

    The granularity test of Brown & Heathers 2017, "The GRIM Test", for a share.
    """
    half = 0.5 * 10.0**-digits + 1e-9
    near = round(accuracy / 100 * rows)
    return any(abs(100 * right / rows - accuracy) <= half for right in range(near - 1, near + 2))


def accuracy_within(mae: float, nearest: float = 1.0, farthest: float = 2.0) -> tuple[float, float]:
    """Bound the accuracy of predicted labels by their mean absolute error, lowest and highest.

    A wrong row costs between `nearest` and `farthest`, so the share of wrong rows lies between
    mae / farthest and mae / nearest. On negative, neutral, positive these are 1 and 2.
    """
    return max(0.0, 1 - mae / nearest), max(0.0, 1 - mae / farthest)
