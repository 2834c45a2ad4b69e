import numpy as np
import pandas as pd
import pytest

from sluice.data.leaks import assert_apart, count_leaked, measure_naive_split
from sluice.errors import DataError


def part(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["id", "cluster"])


def test_leaked_rows_are_counted_not_clusters() -> None:
    assert count_leaked(np.array([1, 2, 2]), np.array([2, 2, 3])) == 2


def test_without_duplicates_nothing_leaks() -> None:
    found = measure_naive_split(np.arange(100), np.arange(100), 0.1, 0)
    assert found["leaked"] == {"mean": 0.0, "low": 0, "high": 0}
    assert found["test_rows"] == 10


def test_pairs_leak_as_often_as_probability_says() -> None:
    # A test row of a pair leaks unless its twin is in test too: (n - size) / (n - 1).
    pairs = np.repeat(np.arange(1000), 2)
    found = measure_naive_split(np.arange(2000), pairs, 0.1, 0)
    assert found["leaked_share"] == pytest.approx(1800 / 1999, abs=0.02)
    assert found["exact"]["mean"] == 0


def test_parts_that_share_a_cluster_or_an_id_are_refused() -> None:
    assert_apart({"train": part(("1", "x"), ("2", "x")), "test": part(("3", "y"))})
    with pytest.raises(DataError, match="cluster are in two parts"):
        assert_apart({"train": part(("1", "x")), "test": part(("2", "x"))})
    with pytest.raises(DataError, match="id are in two parts"):
        assert_apart({"train": part(("1", "x")), "test": part(("1", "y"))})
