import numpy as np
import pandas as pd
import pytest

from sluice.data.conflicts import drop_repeated, in_conflict, keep_rows

LABELS = pd.Series(["a", "a", "b", "a", "b", "c"])
CLUSTERS = np.array([0, 0, 0, 1, 1, 2])


def test_rows_in_conflict() -> None:
    assert in_conflict(LABELS, CLUSTERS).tolist() == [True] * 5 + [False]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("majority", [True, True, False, False, False, True]),
        ("drop", [False] * 5 + [True]),
        ("keep", [True] * 6),
        ("first", [True, True, False, True, False, True]),
    ],
)
def test_rules(rule, kept) -> None:
    assert keep_rows(LABELS, CLUSTERS, rule).tolist() == kept


def test_labels_are_never_changed() -> None:
    before = LABELS.copy()
    keep_rows(LABELS, CLUSTERS, "majority")
    pd.testing.assert_series_equal(LABELS, before)


def test_repetitions_keep_the_first_of_each_label() -> None:
    labels = pd.Series(["a", "a", "b", "a"])
    assert drop_repeated(labels, np.array([0, 0, 0, 1])).tolist() == [True, False, True, True]
