import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.data.splitting import (
    DROPPED,
    assign_by_time,
    assign_folds,
    assign_stratified,
    check_enough,
)
from sluice.errors import DataError

SHARES = (0.8, 0.1, 0.1)
rows_of_clusters = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 40)), min_size=1, max_size=200
)


def numbered(pairs: list) -> tuple[pd.Series, np.ndarray]:
    labels = pd.Series([label for label, _ in pairs])
    return labels, pd.factorize(np.array([cluster for _, cluster in pairs]))[0]


@given(rows_of_clusters, st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_no_cluster_is_in_two_parts(pairs, seed) -> None:
    labels, clusters = numbered(pairs)
    parts = assign_stratified(labels, clusters, SHARES, seed)
    assert pd.Series(parts).groupby(clusters).nunique().eq(1).all()
    assert set(parts) <= {0, 1, 2}


def test_single_rows_are_stratified_to_the_row() -> None:
    labels = pd.Series(["a"] * 600 + ["b"] * 300 + ["c"] * 100)
    parts = assign_stratified(labels, np.arange(1000), SHARES, 0)
    counts = pd.crosstab(labels, parts)
    assert counts.to_numpy().tolist() == [[480, 60, 60], [240, 30, 30], [80, 10, 10]]


def test_clusters_come_close_to_their_shares() -> None:
    random = np.random.default_rng(1)
    clusters = np.sort(random.integers(0, 700, 2000))
    clusters = pd.factorize(clusters)[0]
    labels = pd.Series(random.choice(["a", "b", "c"], 2000, p=[0.5, 0.3, 0.2]))
    parts = assign_stratified(labels, clusters, SHARES, 0)
    shares = pd.crosstab(labels, parts, normalize="index").to_numpy()
    assert np.abs(shares - SHARES).max() < 0.02


def test_the_seed_changes_the_split_and_nothing_else_does() -> None:
    labels = pd.Series(["a", "b"] * 100)
    one = assign_stratified(labels, np.arange(200), SHARES, 0)
    assert (one == assign_stratified(labels, np.arange(200), SHARES, 0)).all()
    assert (one != assign_stratified(labels, np.arange(200), SHARES, 1)).any()


def test_folds_are_even_and_hold_every_label() -> None:
    labels = pd.Series(["a", "b"] * 50)
    folds = assign_folds(labels, np.arange(100), 5, 0)
    assert np.bincount(folds).tolist() == [20] * 5


def test_time_never_runs_backwards_and_clusters_do_not_cross() -> None:
    times = pd.Series(pd.date_range("2026-01-01", periods=100))
    clusters = np.arange(100)
    clusters[95] = 10  # a late copy of an early row
    clusters = pd.factorize(clusters)[0]
    parts = assign_by_time(times, clusters, SHARES)
    assert parts[95] == DROPPED
    assert (parts[:80] == 0).all()
    assert times[parts == 0].max() < times[parts == 1].min()
    assert times[parts == 1].max() < times[parts == 2].min()


def test_rows_of_one_time_stay_together() -> None:
    days = pd.Series(pd.to_datetime(["2026-01-01"] * 5 + ["2026-01-02"] * 3 + ["2026-01-03"] * 2))
    parts = assign_by_time(days, np.arange(10), (0.5, 0.3, 0.2))
    assert pd.Series(parts).groupby(days).nunique().eq(1).all()


def test_too_few_times_are_refused() -> None:
    with pytest.raises(DataError, match="1 different times"):
        assign_by_time(pd.Series(pd.to_datetime(["2026-01-01"] * 9)), np.arange(9), SHARES)


@pytest.mark.parametrize(
    ("labels", "clusters", "said"),
    [
        (["a"] * 9, range(9), "a classifier needs two"),
        (["a", "b"] * 4, [0] * 8, "duplicates of each other"),
        (["a"] * 9 + ["b"] * 2, range(11), "label 'b' is in 2 group"),
        (["a"] * 9 + ["b"] * 5, [*range(9), 9, 9, 9, 9, 9], "label 'b' is in 1 group"),
        ([], [], "no rows are left"),
    ],
)
def test_what_cannot_be_parted_is_said(labels, clusters, said) -> None:
    with pytest.raises(DataError, match=said):
        check_enough(pd.Series(labels, dtype=object), np.array(clusters, dtype=np.int64), 3)
