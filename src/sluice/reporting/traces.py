"""What training and test rows have in common beside their texts: times, groups, columns.

In: the tables of the split. Out: counts, None where the rows do not say. What they mean for the
number is in `sluice.reporting.leakage`.
"""

from dataclasses import dataclass

import pandas as pd

# Columns that every row has, or that the stages write.
KNOWN = ("id", "text", "cleaned", "label", "cluster", "fold", "group", "time")
COLUMNS = ("group", "time")


@dataclass(frozen=True)
class Traces:
    """Counts of test rows; None where no row has a time, or a group."""

    columns: tuple[str, ...]
    """Columns beside those of the schema, such as declared slices."""
    dated: int | None
    """Test rows with a time."""
    older: int
    """Those that are older than the newest training row."""
    grouped: int | None
    """Test rows with a group."""
    shared: int
    """Those whose group is also in training."""


def trace_rows(train: pd.DataFrame, test: pd.DataFrame, columns: list[str]) -> Traces:
    """Count what test rows share with training rows.

    Args:
        train: training rows with the columns `group` and `time` where they have them.
        test: test rows likewise.
        columns: names of all columns of the test rows.
    """
    times, newest = (
        frame["time"].dropna() if "time" in frame else pd.Series(dtype="object")
        for frame in (test, train)
    )
    groups, known = (
        frame["group"].dropna() if "group" in frame else pd.Series(dtype="object")
        for frame in (test, train)
    )
    dated = bool(len(times) and len(newest))
    return Traces(
        columns=tuple(name for name in columns if name not in KNOWN),
        dated=len(times) if dated else None,
        older=int((times < newest.max()).sum()) if dated else 0,
        grouped=len(groups) or None,
        shared=int(groups.isin(known.unique()).sum()),
    )
