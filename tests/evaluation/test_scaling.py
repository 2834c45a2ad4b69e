import numpy as np
import pandas as pd
import pytest

from sluice.evaluation.candidates import Candidate
from sluice.evaluation.predictions import prediction_frame, temperature_of
from sluice.evaluation.scaling import Answers, scale

LABELS = ("no", "yes")


def candidate(right: float, sure: float, rows: int = 1000) -> Candidate:
    """A model that claims `sure` for each answer, of which a share is right on validation."""
    parts = []
    for split, share in (("validation", right), ("test", 0.5)):
        true = np.where(np.arange(rows) < share * rows, 0, 1)
        probabilities = np.tile([sure, 1 - sure], (rows, 1))
        ids, labels = [f"{split}-{row}" for row in range(rows)], [LABELS[one] for one in true]
        parts.append(prediction_frame(ids, split, labels, probabilities, LABELS))
    return Candidate("model", "lstm", 0, pd.concat(parts, ignore_index=True))


def test_scaled_answers_claim_what_validation_rows_reached() -> None:
    one = candidate(right=0.8, sure=0.99)
    found = scale(one, LABELS)
    # Closed form: the odds 0.99 / 0.01 to the power of 1 / T are the odds 0.8 / 0.2.
    assert found.temperature == pytest.approx(np.log(99) / np.log(4), rel=1e-4)
    assert found.validation.confidence == pytest.approx(0.8, rel=1e-4)
    assert found.after.confidence == pytest.approx(0.8, rel=1e-4)
    np.testing.assert_allclose(found.before.confidence, 0.99)
    assert found.temperature == temperature_of(one.predictions, LABELS)


def test_test_rows_take_no_part_in_it() -> None:
    one, other = candidate(0.8, 0.9), candidate(0.8, 0.9)
    test = other.predictions["split"] == "test"
    other.predictions.loc[test, "label"] = "yes"
    assert scale(one, LABELS).temperature == scale(other, LABELS).temperature


def test_answers_know_what_is_right_and_how_sure() -> None:
    answers = Answers(np.array([0, 1, 1]), np.array([[0.7, 0.3], [0.6, 0.4], [0.5, 0.5]]))
    assert answers.right.tolist() == [1.0, 0.0, 0.0]
    assert answers.confidence.tolist() == [0.7, 0.6, 0.5]
