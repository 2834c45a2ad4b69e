"""Resampling: sizes by the stated rule, kept rows in their order, scikit-learn's weights."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from sluice.errors import DataError
from sluice.text.resampling import METHODS, check_classes, class_weights, resample

UNEQUAL = pd.Series(["a"] * 10 + ["b"] * 4 + ["c"] * 1, dtype="str")


def sizes(labels: pd.Series, method: str) -> dict[str, int]:
    return labels.iloc[resample(labels, method, seed=0)].value_counts().to_dict()


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("none", {"a": 10, "b": 4, "c": 1}),
        ("class_weights", {"a": 10, "b": 4, "c": 1}),
        ("over", {"a": 10, "b": 10, "c": 10}),
        ("combined", {"a": 5, "b": 5, "c": 5}),
    ],
)
def test_classes_have_the_size_of_the_rule(method: str, expected: dict) -> None:
    assert sizes(UNEQUAL, method) == expected


def test_under_brings_all_classes_to_the_smallest() -> None:
    assert sizes(UNEQUAL[:-1], "under") == {"a": 4, "b": 4}


def test_under_refuses_to_leave_one_row_of_each_class() -> None:
    with pytest.raises(DataError, match="for 'c' has one row only: take over"):
        resample(UNEQUAL, "under", seed=0)


@pytest.mark.parametrize("method", METHODS)
def test_balanced_classes_stay_as_they_are(method: str) -> None:
    labels = pd.Series(["a", "b"] * 3)
    assert resample(labels, method, seed=0).tolist() == list(range(6))


@pytest.mark.parametrize("method", METHODS)
def test_one_class_or_none_is_refused(method: str) -> None:
    with pytest.raises(DataError, match="all 3 training rows have the label 'a'"):
        resample(pd.Series(["a"] * 3), method, seed=0)
    with pytest.raises(DataError, match="no training rows"):
        check_classes(pd.Series([], dtype="str"))


some_labels = st.lists(st.sampled_from("abcd"), min_size=4, max_size=60).filter(
    lambda labels: len(set(labels)) > 1 and min(labels.count(name) for name in set(labels)) > 1
)


@settings(deadline=None)  # the first example loads libraries
@given(some_labels, st.sampled_from(METHODS), st.integers(0, 3))
def test_rows_that_stay_come_first_and_once(labels: list[str], method: str, seed: int) -> None:
    column = pd.Series(labels)
    positions = resample(column, method, seed)
    kept, copies = np.unique(positions), positions[len(np.unique(positions)) :]
    assert positions[: len(kept)].tolist() == kept.tolist()
    assert set(copies) <= set(kept)
    assert positions.tolist() == resample(column, method, seed).tolist()
    after = column.iloc[positions].value_counts()
    assert set(after.index) == set(labels)
    if method in ("over", "under", "combined"):
        assert after.nunique() == 1


def test_another_seed_draws_other_rows() -> None:
    labels = pd.Series(["a"] * 50 + ["b"] * 10)
    draws = {tuple(resample(labels, "under", seed)) for seed in range(3)}
    assert len(draws) == 3


@settings(deadline=None)  # the first example loads libraries
@given(some_labels)
def test_weights_are_those_of_scikit_learn_and_one_in_the_mean(labels: list[str]) -> None:
    column = pd.Series(labels)
    weights = class_weights(column)
    names = np.array(sorted(set(labels)))
    assert list(weights) == names.tolist()
    expected = compute_class_weight("balanced", classes=names, y=column.to_numpy(object))
    assert list(weights.values()) == pytest.approx(expected.tolist())
    assert column.map(weights).mean() == pytest.approx(1.0)
