"""What a baseline is given, what it hands back, and how its scores become probabilities.

In: the tables of a split, or scores per label. Out: probabilities for validation and test rows.
It stops before any model: those are `sluice.models.baselines` and `sluice.models.linear`.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LOG_TEMPERATURES = (-6.0, 6.0)


class Tables(NamedTuple):
    """A split, with the labels in the order of `ingest.labels`."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    label_names: tuple[str, ...]

    def indices(self, part: pd.DataFrame) -> Integers:
        """Number the labels of a part by their place in `label_names`, (rows,)."""
        return pd.Index(self.label_names).get_indexer(pd.Index(part["label"])).astype(np.int64)


class Outcome(NamedTuple):
    """Probabilities, (rows, labels), and the settings that were found."""

    validation: Floats
    test: Floats
    facts: dict[str, Any]


def fit_temperature(scores: Floats, labels: Integers) -> float:
    """Find the T for which softmax(scores / T) has the least log loss; it changes no decision.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2; ln T is searched
    within `LOG_TEMPERATURES`.

    Args:
        scores: one score per label, (rows, labels).
        labels: true labels, (rows,).
    """

    def loss(log_temperature: float) -> float:
        chosen = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(chosen[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded")
    return float(np.exp(found.x))


def calibrate(validation: Floats, test: Floats, labels: Integers, facts: dict[str, Any]) -> Outcome:
    """Turn scores into probabilities by a temperature fitted on the validation rows.

    Args:
        validation: scores of the validation rows, (rows, labels).
        test: scores of the test rows, (rows, labels).
        labels: true labels of the validation rows, (rows,).
        facts: what the outcome tells besides the temperature.
    """
    temperature = fit_temperature(validation, labels)
    first, second = (softmax(scores / temperature, axis=1) for scores in (validation, test))
    return Outcome(first, second, facts | {"temperature": temperature})
