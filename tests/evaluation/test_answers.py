"""Answers to probes: written in the order of the questions, refused when they are to others."""

import numpy as np
import pandas as pd
import pytest

from sluice.errors import DataError
from sluice.evaluation.answers import answer_frame, check_answers

LABELS = ("bad", "good")
IDS = pd.Series(["a", "b"])
SAID = np.array([[0.25, 0.75], [1.0, 0.0]], dtype=np.float32)


def test_answers_come_back_as_they_were_given() -> None:
    frame = answer_frame(IDS, SAID, LABELS)
    assert list(frame.columns) == ["id", "p_bad", "p_good"]
    np.testing.assert_array_equal(check_answers(frame, IDS, LABELS, "x"), SAID)


def test_no_questions_have_answers_of_the_same_form() -> None:
    frame = answer_frame(IDS.head(0), [], LABELS)
    assert check_answers(frame, IDS.head(0), LABELS, "x").shape == (0, 2)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (answer_frame(IDS, SAID, LABELS[::-1]), r"svm: columns are not id, p_bad, p_good"),
        (answer_frame(IDS[::-1], SAID, LABELS), "svm: these are answers to other questions"),
        (answer_frame(IDS.head(1), SAID[:1], LABELS), "svm: these are answers to other questions"),
        (answer_frame(IDS, SAID * [[1], [np.nan]], LABELS), r"row 2 \(id 'b'\).*NaN"),
    ],
)
def test_other_answers_are_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_answers(frame, IDS, LABELS, "svm")
