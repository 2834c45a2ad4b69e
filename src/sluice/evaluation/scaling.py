"""Answers of a candidate with the temperature that its validation rows ask for.

In: checked predictions. Out: true labels and probabilities, as they were and scaled.
It stops at the probabilities: what scaling gains is in `sluice.evaluation.calibration`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from sluice.evaluation.candidates import Candidate
from sluice.evaluation.predictions import (
    Floats,
    Integers,
    of_split,
    probabilities_of,
    temperature_of,
    true_indices,
)
from sluice.temperature import apply_temperature, scores_of


class Answers(NamedTuple):
    """True labels, (rows,), and probabilities, (rows, labels)."""

    true: Integers
    probabilities: Floats

    @property
    def confidence(self) -> Floats:
        """Probability of the predicted label, (rows,)."""
        highest: Floats = self.probabilities.max(axis=1)
        return highest

    @property
    def right(self) -> Floats:
        """1 where the prediction is right, 0 elsewhere, (rows,)."""
        hits: Floats = (self.probabilities.argmax(axis=1) == self.true).astype(np.float64)
        return hits


class Scaled(NamedTuple):
    """A candidate's temperature; test answers `before` it and `after`, `validation` after it."""

    temperature: float
    before: Answers
    validation: Answers
    after: Answers


def answers_of(frame: pd.DataFrame, split: str, label_names: Sequence[str]) -> Answers:
    """Take the answers of one split out of predictions."""
    rows = of_split(frame, split)
    return Answers(true_indices(rows, label_names), probabilities_of(rows, label_names))


def scale(candidate: Candidate, label_names: Sequence[str]) -> Scaled:
    """Give a candidate's answers with the temperature that its validation rows ask for."""
    temperature = temperature_of(candidate.predictions, label_names)
    parts = [
        answers_of(candidate.predictions, name, label_names) for name in ("validation", "test")
    ]
    validation, after = (
        Answers(part.true, apply_temperature(scores_of(part.probabilities), temperature))
        for part in parts
    )
    return Scaled(temperature, parts[1], validation, after)
