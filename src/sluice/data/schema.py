"""The common schema of rows, and the contract that each row keeps or is rejected by.

In: a table of strings as read from a source. Out: typed rows, and the rejected ones with their
reasons. How many may be rejected is decided in `sluice.stages.ingest`.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pydantic import Field

from sluice.data.display import show
from sluice.params import Section

RESERVED = frozenset(
    [
        *("id", "text", "label", "confidence", "group", "time"),  # the schema itself
        *("row", "problem", "reason"),  # while rows are checked
        *("cleaned", "cluster", "fold", "split", "parent_id", "operation", "weight"),  # later
    ]
)
"""Names of columns that the stages write themselves; a slice cannot have one."""

MAX_NAME = 200
"""Bound, in characters, of ids, groups and values of slices."""

ID_DIGITS = 9
"""Row numbers become ids of this width, so that text order is row order."""

_SHOWN_TEXT = 200
# What no text needs: control characters but tab, line feed and carriage return.
_CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"
_CONTROL_PATTERN = re.compile(_CONTROL)
_CONTROL_REASON = "control character in"
UNKNOWN_LABEL = "unknown label"


class Columns(Section):
    """Names that the schema's columns have in the source."""

    text: str = Field(default="text", min_length=1)
    """Column of the texts."""
    label: str = Field(default="label", min_length=1)
    """Column of the labels."""
    id: str | None = Field(default=None, min_length=1)
    """Column that identifies a row for good; null takes the row's number in the source."""
    confidence: str | None = Field(default=None, min_length=1)
    """Column of numbers that say how sure the annotators were."""
    group: str | None = Field(default=None, min_length=1)
    """Column of what must stay together when rows are split: an author, a thread."""
    time: str | None = Field(default=None, min_length=1)
    """Column of the time at which a text was written."""

    def mapping(self, slices: Mapping[str, str]) -> dict[str, str]:
        """Map each name of the schema that has a source, then each slice, to its source column."""
        named = {name: column for name, column in self.model_dump().items() if column}
        order = ("id", "text", "label", "confidence", "group", "time")
        return {name: named[name] for name in order if name in named} | dict(slices)


def to_schema(table: pd.DataFrame, label_map: Mapping[str, str]) -> pd.DataFrame:
    """Give a table that `read_columns` read its ids, its classes and its nulls.

    Returns:
        `id` (where the source has none, the row's number), then the columns of `table` as strings;
        an empty optional value is null; `row` becomes the index. A label that `label_map` does not
        name stays as it is.
    """
    finals = {raw.strip(): final for raw, final in label_map.items()}
    frame = table.set_index("row")
    if "id" not in frame:
        frame.insert(0, "id", [f"{row:0{ID_DIGITS}d}" for row in frame.index])
    frame["label"] = frame["label"].map(lambda raw: finals.get(raw, raw))
    for name in frame.columns.difference(["id", "text", "label", "problem"]):
        frame[name] = frame[name].mask(frame[name] == "")
    return frame.astype("str")


def _is_number(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers.notna() & (numbers.abs() < np.inf)


def _to_time(column: pd.Series, time_format: str | None) -> pd.Series:
    parsed = pd.to_datetime(column, errors="coerce", utc=True, format=time_format or "ISO8601")
    return parsed.astype("datetime64[us, UTC]")


def _filled(name: str) -> pa.Check:
    return pa.Check(lambda column: column != "", error=f"empty {name}")


def _within(characters: int, name: str) -> pa.Check:
    reason = f"{name} longer than {characters} characters"
    return pa.Check(lambda column: column.str.len() <= characters, error=reason)


def _clean(name: str) -> pa.Check:
    reason = f"{_CONTROL_REASON} {name}"
    return pa.Check(lambda column: ~column.str.contains(_CONTROL), error=reason)


def build_contract(
    names: Sequence[str], labels: Sequence[str], max_characters: int, time_format: str | None
) -> pa.DataFrameSchema:
    """State what each row of a table with the columns `names` keeps; an error is a short reason.

    Values are strings, null where an optional one is absent; a null breaks nothing.
    """
    checks = {
        "problem": [pa.Check(lambda column: column.isna(), error="problem", ignore_na=False)],
        "id": [
            _filled("id"),
            _within(MAX_NAME, "id"),
            _clean("id"),
            pa.Check(lambda column: ~column.duplicated(), error="id of an earlier row"),
        ],
        "text": [_filled("text"), _within(max_characters, "text"), _clean("text")],
        "label": [_filled("label"), pa.Check.isin([*labels], error=UNKNOWN_LABEL)],
        "confidence": [pa.Check(_is_number, error="confidence is not a number")],
        "time": [
            pa.Check(lambda column: _to_time(column, time_format).notna(), error="unreadable time")
        ],
    }
    columns = {
        name: pa.Column(
            str, checks.get(name, [_within(MAX_NAME, name), _clean(name)]), nullable=True
        )
        for name in ("problem", *names)
    }
    return pa.DataFrameSchema(columns)


def _locate_control(reason: str, row: pd.Series) -> str:
    value = str(row[reason.removeprefix(_CONTROL_REASON).strip()])
    found = _CONTROL_PATTERN.search(value)
    return f"U+{ord(found[0]):04X} at character {found.start() + 1}" if found else ""


def _add_details(broken: pd.DataFrame) -> pd.Series:
    """Add to a reason, after a colon, what differs from row to row."""
    reasons = broken["reason"].mask(broken["reason"] == "problem", broken["problem"])
    held = broken[reasons.str.startswith(_CONTROL_REASON)]
    located = [
        f"{row['reason']}: {_locate_control(row['reason'], row)}" for _, row in held.iterrows()
    ]
    reasons.loc[held.index] = located
    return reasons


def _type_columns(frame: pd.DataFrame, time_format: str | None) -> pd.DataFrame:
    typed = frame.drop(columns="problem").reset_index(drop=True)
    if "confidence" in typed:
        typed["confidence"] = pd.to_numeric(typed["confidence"]).astype("float64")
    if "time" in typed:
        typed["time"] = _to_time(typed["time"], time_format)
    return typed


def check_rows(
    frame: pd.DataFrame,
    labels: Sequence[str],
    max_characters: int,
    time_format: str | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Divide a table that `to_schema` made into the rows that keep the contract and the others.

    A row is rejected for the first rule that it breaks: its shape, then column by column.

    Returns:
        Typed rows in source order (strings; `confidence` float64; `time` UTC microseconds), and
        the rejected ones as `row`, `reason`, `label`, `text`, the last two shortened and with
        control characters shown as escapes.
    """
    names = [name for name in frame.columns if name != "problem"]
    contract = build_contract(names, labels, max_characters, time_format)
    reasons = pd.Series(index=pd.Index([], dtype="int64"), dtype="str")
    try:
        contract.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        first = errors.failure_cases.drop_duplicates("index").set_index("index").sort_index()
        reasons = first["check"]
    broken = frame.loc[reasons.index].assign(reason=reasons)
    rejected = pd.DataFrame(
        {
            "row": broken.index.astype("int64"),
            "reason": _add_details(broken).to_numpy(),
            "label": [show(label, MAX_NAME) for label in broken["label"]],
            "text": [show(text, _SHOWN_TEXT) for text in broken["text"]],
        }
    )
    return _type_columns(frame.drop(index=reasons.index), time_format), rejected
