"""Decides whether what a source gave is fit to go on with.

In: the rows that kept the contract and the rejected ones. Out: nothing, or a `DataError` with
counts and first rows. Single rows are judged in `sluice.data.schema`.
"""

from collections.abc import Sequence

import pandas as pd

from sluice.data.display import show_list
from sluice.data.schema import UNKNOWN_LABEL
from sluice.errors import DataError

_FIRST = 3
_LISTED = 12
_YAML_BOOLEANS = frozenset(["yes", "no", "on", "off", "true", "false"])


def reason_kinds(rejected: pd.DataFrame) -> pd.Series:
    """Take from each reason what many rows share: the part before its colon."""
    return rejected["reason"].astype("str").str.split(":").str[0]


def _count_reasons(rejected: pd.DataFrame) -> str:
    kinds = reason_kinds(rejected)
    parts = []
    for kind, count in kinds.value_counts().items():
        rows = rejected.loc[kinds == kind, "row"].astype("str")
        first = ", ".join(rows.head(_FIRST)) + (", ..." if count > _FIRST else "")
        parts.append(f"{count} {kind} (row{'s' if count > 1 else ''} {first})")
    return "; ".join(parts)


def _advise_on_labels(rejected: pd.DataFrame) -> str:
    unknown = rejected[reason_kinds(rejected) == UNKNOWN_LABEL]
    if unknown.empty:
        return ""
    labels = unknown.groupby("label", sort=False)["row"].agg(["size", "first"])
    labels = labels.sort_values("size", ascending=False, kind="stable")
    listed = ", ".join(
        f"'{label}' {size} (row {row})" for label, size, row in labels.head(_LISTED).itertuples()
    )
    more = f" and {len(labels) - _LISTED} more" if len(labels) > _LISTED else ""
    quote = " (in quotes: YAML takes such a word for true or false)"
    hint = quote if any(str(name).lower() in _YAML_BOOLEANS for name in labels.index) else ""
    return (
        f". Unknown labels: {listed}{more}: map each in ingest.label_map{hint} or name it in "
        "ingest.labels"
    )


def check_shares(
    where: str,
    kept: pd.DataFrame,
    rejected: pd.DataFrame,
    labels: Sequence[str],
    max_rejected: float,
) -> None:
    """Refuse a source of which more than `max_rejected` (a share) is rejected or a class is absent.

    Raises:
        DataError: counts and first rows for each reason, or the classes that no row has.
    """
    read = len(kept) + len(rejected)
    share = len(rejected) / read
    if share > max_rejected or kept.empty:
        raise DataError(
            f"{where}: {len(rejected)} of {read} rows ({share:.2%}) break the contract, "
            f"ingest.max_rejected allows {max_rejected:.2%}: "
            f"{_count_reasons(rejected)}{_advise_on_labels(rejected)}"
        )
    found = list(kept["label"].unique())
    if len(found) == 1:
        raise DataError(
            f"{where}: all {len(kept)} rows have the label {show_list(found)}: there is nothing "
            "to tell apart; check ingest.columns and ingest.label_map"
        )
    absent = [label for label in labels if label not in found]
    if absent:
        raise DataError(
            f"{where}: ingest.labels names {show_list(absent)}, and no row has it: map a label to "
            "it in ingest.label_map, or take it out of ingest.labels"
        )
