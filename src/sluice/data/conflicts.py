"""Resolves duplicates whose labels contradict each other.

In: labels and clusters. Out: which rows stay. No rule invents a label: rows keep theirs or go.
"""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rule = Literal["majority", "drop", "keep", "first"]
Booleans = NDArray[np.bool_]


def in_conflict(labels: pd.Series, clusters: NDArray[np.int64]) -> Booleans:
    """Whether a row's cluster holds more than one label, (rows,)."""
    different = labels.groupby(clusters).transform("nunique")
    return (different > 1).to_numpy()


def keep_rows(labels: pd.Series, clusters: NDArray[np.int64], rule: Rule) -> Booleans:
    """Which rows stay, (rows,).

    `majority` keeps the rows that carry their cluster's most frequent label, and none where two
    labels are equally frequent; `first` keeps the rows that carry the label of its first row;
    `drop` keeps no row of a cluster in conflict; `keep` keeps all.
    """
    if rule == "keep":
        return np.ones(len(labels), dtype=bool)
    if rule == "first":
        return (labels == labels.groupby(clusters).transform("first")).to_numpy(dtype=bool)
    conflicting = in_conflict(labels, clusters)
    if rule == "drop":
        return ~conflicting
    pairs = pd.DataFrame({"cluster": clusters, "label": labels.to_numpy()})
    votes = pairs.groupby(["cluster", "label"])["label"].transform("size")
    most = votes.groupby(pairs["cluster"]).transform("max")
    winners = pairs[votes == most].groupby("cluster")["label"].nunique()
    tied = pairs["cluster"].map(winners > 1)
    return ((votes == most) & ~tied).to_numpy(dtype=bool)


def drop_repeated(labels: pd.Series, exact: NDArray[np.int64]) -> Booleans:
    """Whether a row is the first of its exact group with its label, (rows,)."""
    pairs = pd.DataFrame({"exact": exact, "label": labels.to_numpy()})
    return (~pairs.duplicated()).to_numpy()
