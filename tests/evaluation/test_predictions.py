import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.errors import DataError
from sluice.evaluation.predictions import (
    check_predictions,
    of_split,
    predicted_indices,
    prediction_frame,
    probabilities_of,
    true_indices,
)
from sluice.files import read_parquet, write_parquet

LABELS = ("bad", "fine", "good")


@pytest.fixture
def frame() -> pd.DataFrame:
    values = [[0.5, 0.25, 0.25], [0.2, 0.3, 0.5]]
    return prediction_frame(["a", "b"], "test", ["bad", "fine"], values, LABELS)


def test_columns_are_in_the_order_of_the_labels(frame: pd.DataFrame) -> None:
    assert list(frame.columns) == ["id", "split", "label", "p_bad", "p_fine", "p_good"]
    assert set(frame["split"]) == {"test"}
    assert frame["p_good"].tolist() == [0.25, 0.5]


def test_indices_follow_the_order_of_the_labels(frame: pd.DataFrame) -> None:
    assert true_indices(frame, LABELS).tolist() == [0, 1]
    assert predicted_indices(frame, LABELS).tolist() == [0, 2]


@given(st.lists(st.lists(st.floats(-30, 30), min_size=3, max_size=3), min_size=1, max_size=20))
def test_float32_softmax_is_normalised_in_float64(logits: list[list[float]]) -> None:
    powers = np.exp(np.asarray(logits, dtype=np.float32))
    soft = powers / powers.sum(axis=1, keepdims=True)
    ids = [str(row) for row in range(len(soft))]
    built = prediction_frame(ids, "validation", ["bad"] * len(soft), soft, LABELS)
    np.testing.assert_allclose(probabilities_of(built, LABELS).sum(axis=1), 1.0, atol=1e-12)


def test_the_given_probabilities_are_left_as_they_were() -> None:
    values = np.array([[0.50001, 0.25, 0.25]])
    prediction_frame(["a"], "test", ["bad"], values, LABELS)
    assert values[0, 0] == 0.50001


def test_the_format_survives_parquet_and_joins_in_order(frame: pd.DataFrame, tmp_path) -> None:
    first = prediction_frame(["c"], "validation", ["good"], [[0.0, 0.0, 1.0]], LABELS)
    write_parquet(pd.concat([first, frame], ignore_index=True), tmp_path / "p.parquet")
    read = check_predictions(read_parquet(tmp_path / "p.parquet"), LABELS)
    assert read["id"].tolist() == ["c", "a", "b"]
    pd.testing.assert_frame_equal(of_split(read, "test"), frame)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p_bad": [float("nan"), 0.2]}, r"row 1 \(id 'a'\).*NaN"),
        ({"p_bad": [0.5, float("inf")]}, r"row 2 \(id 'b'\).*infinite"),
        ({"p_bad": [0.5, 0.3]}, r"row 2 \(id 'b'\).*sum to one"),
        ({"p_bad": [-0.5, 0.2], "p_fine": [1.25, 0.3]}, r"row 1 \(id 'a'\).*negative"),
        ({"split": ["test", "train"]}, "split 'train'; known: validation, test"),
        ({"label": ["bad", "ugly"]}, "label 'ugly'; known: bad, fine, good"),
        ({"id": ["a", "a"]}, "twice"),
        ({"extra": [1, 2]}, "columns are .*extra"),
    ],
)
def test_broken_tables_are_refused_by_row(frame, change, message) -> None:
    with pytest.raises(DataError, match=message):
        check_predictions(frame.assign(**change), LABELS, "p.parquet")


def test_the_error_names_the_file(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"^lstm-0\.parquet: no rows"):
        check_predictions(frame.head(0), LABELS, "lstm-0.parquet")


def test_labels_in_another_order_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="columns are"):
        check_predictions(frame, ("good", "fine", "bad"))


def test_a_missing_probability_column_is_refused_at_building() -> None:
    with pytest.raises(DataError, match=r"shape \(1, 2\), not \(1, 3\)"):
        prediction_frame(["a"], "test", ["bad"], [[0.5, 0.5]], LABELS)
