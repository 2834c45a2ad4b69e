"""What a baseline is given, what it hands back, and how its scores become probabilities.

In: the tables of a split, or scores per label. Out: probabilities for validation and test rows.
It stops before any model: those are `sluice.models.baselines` and `sluice.models.linear`.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sluice.temperature import apply_temperature, fit_temperature

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


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


def calibrate(validation: Floats, test: Floats, labels: Integers, facts: dict[str, Any]) -> Outcome:
    """Turn scores into probabilities by a temperature fitted on the validation rows.

    Args:
        validation: scores of the validation rows, (rows, labels).
        test: scores of the test rows, (rows, labels).
        labels: true labels of the validation rows, (rows,).
        facts: what the outcome tells besides the temperature.
    """
    temperature = fit_temperature(validation, labels)
    first, second = (apply_temperature(scores, temperature) for scores in (validation, test))
    return Outcome(first, second, facts | {"temperature": temperature})
