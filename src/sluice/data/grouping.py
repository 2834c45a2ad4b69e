"""Groups rows that must not be parted, and drops what contradicts or repeats others.

In: cleaned rows and what is alike among their texts. Out: the rows that stay, with their clusters,
and an account of the others. Parting them is the work of `splitting` and `growing`.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sluice.data.conflicts import Booleans, Rule, drop_repeated, in_conflict, keep_rows
from sluice.data.duplicates import Groups, Integers, Likeness, cluster_pairs, join_groups
from sluice.data.growing import Placed

COLUMNS = ["cluster", "id", "label", "kept", "text"]


class Grouped(NamedTuple):
    """Rows that stay after conflicts and repetitions, and what was found on the way."""

    rows: pd.DataFrame
    """With a column `cluster`, the id of the cluster's first row."""
    clusters: Integers
    """Number of each row's cluster, from 0 without gaps, (rows,)."""
    conflicts: pd.DataFrame
    """Rows whose near duplicates have another label, and whether they were kept."""
    report: dict[str, Any]
    """Counts."""
    parts: Integers | None = None
    """The part of each row where that is settled already, (rows,)."""


def _name_clusters(frame: pd.DataFrame, clusters: Integers) -> pd.Series:
    """A cluster is called by the id of its first row."""
    return frame["id"].groupby(clusters).transform("first")


def _describe(frame: pd.DataFrame, groups: Groups, agreed: Booleans, rule: Rule) -> dict[str, Any]:
    sizes = np.bincount(groups.cluster)
    contested = in_conflict(frame["label"], groups.cluster)
    return {
        "read": len(frame),
        "clusters": {
            "count": len(sizes),
            "several": int((sizes > 1).sum()),
            "rows_in_several": int(sizes[sizes > 1].sum()),
            "largest": int(sizes.max()),
        },
        "conflicts": {
            "rule": rule,
            "clusters": len(np.unique(groups.cluster[contested])),
            "rows": int(contested.sum()),
            "dropped": int((~agreed).sum()),
        },
    }


def _conflicts(frame: pd.DataFrame, groups: Groups, agreed: Booleans) -> pd.DataFrame:
    named = frame.assign(cluster=_name_clusters(frame, groups.cluster), kept=agreed)
    contested = named[in_conflict(frame["label"], groups.cluster)]
    return contested.sort_values(["cluster", "id"], kind="stable")[COLUMNS]


def group_rows(frame: pd.DataFrame, found: Likeness, rule: Rule, *, drop_exact: bool) -> Grouped:
    """Group near duplicates and rows of one author; resolve conflicts by `rule`.

    Args:
        frame: columns `id`, `label`, `text` and, if there are authors, `group`.
        found: what is alike among the texts.
        rule: see `keep_rows`.
        drop_exact: whether one row stays of those whose texts say the same with one label.
    """
    groups = cluster_pairs(found)
    agreed = keep_rows(frame["label"], groups.cluster, rule)
    stays = agreed.copy()
    if drop_exact:
        stays &= drop_repeated(frame["label"].where(agreed), groups.exact)
    report = _describe(frame, groups, agreed, rule)
    report["dropped_exact"] = int((agreed & ~stays).sum())
    whole = join_groups(groups.cluster, frame.get("group"))
    kept = frame.assign(cluster=_name_clusters(frame, whole))[stays].reset_index(drop=True)
    clusters = pd.factorize(whole[stays])[0].astype(np.int64)
    return Grouped(kept, clusters, _conflicts(frame, groups, agreed), report)


def group_placed(frame: pd.DataFrame, found: Likeness, placed: Placed, rule: Rule) -> Grouped:
    """Account for rows that `place_in_order` has placed one by one."""
    groups = cluster_pairs(found)
    agreed = np.asarray(placed.fate != "conflict", dtype=bool)
    report = _describe(frame, groups, agreed, rule)
    report["dropped_exact"] = int((placed.fate == "repeated").sum())
    stays = placed.part >= 0
    kept = frame[stays].reset_index(drop=True)
    clusters = placed.cluster[stays]
    kept = kept.assign(cluster=_name_clusters(kept, clusters))
    return Grouped(kept, clusters, _conflicts(frame, groups, agreed), report, placed.part[stays])
