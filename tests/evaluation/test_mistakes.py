import numpy as np
import pandas as pd
import pytest

from sluice.evaluation.candidates import Candidate
from sluice.evaluation.mistakes import confusion_rows, rank_errors
from sluice.evaluation.predictions import prediction_frame

LABELS = ("no", "yes")


@pytest.fixture
def candidate() -> Candidate:
    probabilities = [[0.6, 0.4], [0.9, 0.1], [0.6, 0.4]]
    test = prediction_frame(["a", "b", "c"], "test", ["no", "yes", "no"], probabilities, LABELS)
    other = prediction_frame(["d"], "validation", ["no"], [[0.0, 1.0]], LABELS)
    return Candidate("model", "lstm", 3, pd.concat([other, test], ignore_index=True))


def test_confusion_has_one_row_per_test_row(candidate: Candidate) -> None:
    rows = confusion_rows(candidate, LABELS)
    assert rows.to_dict("list") == {
        "model": ["lstm-3"] * 3,
        "actual": ["no", "yes", "no"],
        "predicted": ["no", "no", "no"],
    }


def test_errors_fall_by_loss_and_equals_keep_their_order(candidate: Candidate) -> None:
    ranked = rank_errors(candidate, pd.Series(["A", "B", "C"]), LABELS)
    assert ranked.columns.tolist() == [
        "id", "text", "label", "predicted", "p_no", "p_yes", "loss",
    ]  # fmt: skip
    assert ranked["id"].tolist() == ["b", "a", "c"]
    assert ranked["text"].tolist() == ["B", "A", "C"]
    assert ranked["loss"].to_numpy() == pytest.approx(-np.log([0.1, 0.6, 0.6]))
