"""Counts what a split leaks: test rows that have a duplicate among the training rows.

In: clusters and parts. Out: counts. A naive split is what most tutorials do: shuffle rows, cut.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sluice.errors import DataError

Integers = NDArray[np.int64]
DRAWS = 20


def count_leaked(train: NDArray[Any], test: NDArray[Any]) -> int:
    """Test rows whose cluster is also in training, from the clusters of each, numbers or names."""
    return int(pd.Index(test).isin(train).sum())  # NumPy's isin compares every pair of names


def _spread(counts: list[int]) -> dict[str, float]:
    return {"mean": float(np.mean(counts)), "low": min(counts), "high": max(counts)}


def measure_naive_split(
    exact: Integers, clusters: Integers, test_share: float, seed: int
) -> dict[str, Any]:
    """Count the test rows that random splits by row leak, over 20 draws.

    Args:
        exact: exact group of each row, (rows,).
        clusters: near-duplicate cluster of each row, (rows,).
        test_share: share of the rows in the test part; the others are training rows.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    size = max(1, round(test_share * len(clusters)))
    near, same = [], []
    for _ in range(DRAWS):
        order = random.permutation(len(clusters))
        test, train = order[:size], order[size:]
        near.append(count_leaked(clusters[train], clusters[test]))
        same.append(count_leaked(exact[train], exact[test]))
    leaked = _spread(near)
    return {
        "draws": DRAWS,
        "test_rows": size,
        "leaked": leaked,
        "leaked_share": leaked["mean"] / size,
        "exact": _spread(same),
    }


def assert_apart(parts: dict[str, pd.DataFrame]) -> None:
    """See that no cluster and no id is in two parts.

    Raises:
        DataError: one is; nothing may be written then.
    """
    for column in ("cluster", "id"):
        owners = pd.concat([frame[column].drop_duplicates() for frame in parts.values()])
        crossing = owners[owners.duplicated()]
        if len(crossing):
            raise DataError(
                f"{len(crossing)} values of {column} are in two parts, such as "
                f"{crossing.iloc[0]!r}: this is a defect of the split, please report it"
            )
