"""Parts rows into training, validation and test so that no cluster is in two of them.

In: labels, clusters, times. Out: for each row the number of its part. Everything random comes from
the seed; nothing hangs on the order of equal clusters but the seed.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sluice.errors import DataError

Integers = NDArray[np.int64]
DROPPED = -1
"""The part of a row that belongs to none."""


def _counts(labels: pd.Series, clusters: Integers) -> NDArray[np.int64]:
    """Rows of each label in each cluster, (clusters, labels); clusters numbered from 0."""
    codes = pd.factorize(labels, sort=True)[0]
    counts = np.zeros((clusters.max() + 1, codes.max() + 1), dtype=np.int64)
    np.add.at(counts, (clusters, codes), 1)
    return counts


def _whole_numbers(shares: NDArray[np.float64], total: int) -> Integers:
    """Parts of `total` in the proportion of `shares`, by largest remainder; they sum to it."""
    wanted = shares / shares.sum() * total if shares.sum() > 0 else np.zeros(len(shares))
    floors = np.floor(wanted).astype(np.int64)
    rest = total - floors.sum()
    floors[np.argsort(floors - wanted, kind="stable")[:rest]] += 1
    return floors


def assign_stratified(
    labels: pd.Series, clusters: Integers, shares: Sequence[float], seed: int
) -> Integers:
    """Assign whole clusters to parts so that each part has its share of each label.

    Large clusters first, each to the part whose missing rows it fits best (squared distance);
    then single rows fill what is missing exactly, label by label.

    Args:
        labels: (rows,).
        clusters: (rows,), numbered from 0 without gaps.
        shares: of each part; they sum to 1.
        seed: of the order among clusters of equal size.

    Returns:
        Number of the part of each row, (rows,).
    """
    random = np.random.default_rng(seed)
    counts = _counts(labels, clusters)
    missing = np.outer(shares, counts.sum(axis=0))
    sizes = counts.sum(axis=1)
    parts = np.full(len(counts), DROPPED, dtype=np.int64)
    several = random.permutation(np.flatnonzero(sizes > 1))
    for cluster in several[np.argsort(-sizes[several], kind="stable")]:
        gain = missing @ counts[cluster] / np.asarray(shares)
        parts[cluster] = int(np.argmax(gain))
        missing[parts[cluster]] -= counts[cluster]
    for label in range(counts.shape[1]):
        single = random.permutation(np.flatnonzero((sizes == 1) & (counts[:, label] == 1)))
        wanted = _whole_numbers(np.clip(missing[:, label], 0, None), len(single))
        parts[single] = np.repeat(np.arange(len(shares)), wanted)
    return parts[clusters]


def assign_by_time(times: pd.Series, clusters: Integers, shares: Sequence[float]) -> Integers:
    """Assign the oldest rows to the first part, the newest to the last.

    Rows of one time stay together. A cluster belongs to the part of its oldest row; its rows that
    would lie in a later part are dropped, so that no part before holds anything from after.

    Raises:
        DataError: too few different times.
    """
    ordered = np.sort(times.to_numpy())
    edges = [ordered[round(edge * len(ordered))] for edge in np.cumsum(shares)[:-1]]
    parts = np.searchsorted(np.array(edges), times.to_numpy(), side="right").astype(np.int64)
    if len(np.unique(parts)) < len(shares):
        raise DataError(
            f"column time has {times.nunique()} different times, too few to part the rows by it: "
            "set split.method to stratified"
        )
    first = pd.Series(parts).groupby(clusters).transform("min").to_numpy()
    return np.where(parts == first, parts, DROPPED)


def assign_folds(labels: pd.Series, clusters: Integers, folds: int, seed: int) -> Integers:
    """Assign whole clusters to equal folds, stratified; see `assign_stratified`."""
    return assign_stratified(labels, clusters, [1 / folds] * folds, seed)


def check_enough(labels: pd.Series, clusters: Integers, parts: int) -> None:
    """See that every label can be in every part.

    Raises:
        DataError: one label only, one cluster only, or a label in too few clusters.
    """
    if labels.nunique() < 2:
        raise DataError(
            f"all {len(labels)} rows have the label {labels.iloc[0]!r}: a classifier needs two"
            if len(labels)
            else "no rows are left to split: see conflicts.csv for what was dropped"
        )
    if len(np.unique(clusters)) < 2:
        raise DataError(
            f"all {len(labels)} rows are duplicates of each other: there is nothing to part; "
            "raise split.duplicates.threshold if they differ enough"
        )
    different = pd.Series(clusters).groupby(labels.to_numpy()).nunique()
    for label, count in different.items():
        if count < parts:
            raise DataError(
                f"label {label!r} is in {count} group(s) of duplicates, fewer than the {parts} "
                "parts: add rows of it, or map it to another label (ingest.label_map)"
            )
