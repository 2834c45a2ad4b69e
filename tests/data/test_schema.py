import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.data.schema import Columns, check_rows, to_schema

LABELS = ("negative", "positive")


def as_read(**columns: list[str]) -> pd.DataFrame:
    """A table such as `read_columns` gives."""
    size = len(next(iter(columns.values())))
    table = pd.DataFrame(columns, dtype="str")
    table["problem"] = pd.Series([None] * size, dtype="str")
    return table.assign(row=range(1, size + 1))


def check(table: pd.DataFrame, max_characters: int = 50, **options):
    return check_rows(to_schema(table, {}), LABELS, max_characters, **options)


def reasons(**columns: list[str]) -> list[tuple[int, str]]:
    defaults = {"text": ["fine"], "label": ["positive"]}
    _, rejected = check(as_read(**defaults | columns))
    return list(zip(rejected["row"], rejected["reason"], strict=True))


def test_only_named_columns_are_wanted() -> None:
    columns = Columns(label="stars", time="at")
    wanted = columns.mapping({"shop": "Shop name"})
    assert wanted == {"text": "text", "label": "stars", "time": "at", "shop": "Shop name"}


def test_ids_are_row_numbers_that_do_not_change_when_rows_are_added() -> None:
    few = to_schema(as_read(text=["x"] * 2, label=["positive"] * 2), {})
    many = to_schema(as_read(text=["x"] * 2000, label=["positive"] * 2000), {})
    assert few["id"].tolist() == ["000000001", "000000002"] == many["id"].tolist()[:2]
    assert many["id"].is_monotonic_increasing


def test_labels_are_mapped_once_and_the_table_stays_as_it_was() -> None:
    table = as_read(text=["x"] * 3, label=["joy", "a", "b"])
    before = table.copy()
    mapped = to_schema(table, {" joy ": "positive", "a": "b", "b": "negative"})
    assert mapped["label"].tolist() == ["positive", "b", "negative"]
    pd.testing.assert_frame_equal(table, before)


def test_rows_that_keep_the_contract_are_typed() -> None:
    kept, rejected = check(
        as_read(
            id=["a", "b"],
            text=["x", "y"],
            label=["positive", "negative"],
            confidence=["0.5", ""],
            group=["", "g"],
            time=["2023-01-15 12:30:00", "2023-01-15T12:30:00+02:00"],
            shop=["", "s"],
        )
    )
    assert rejected.empty
    assert [*kept.columns] == ["id", "text", "label", "confidence", "group", "time", "shop"]
    assert kept["confidence"].dtype == "float64"
    assert kept["confidence"].isna().tolist() == [False, True]
    assert str(kept["time"].dtype) == "datetime64[us, UTC]"
    assert kept["time"].dt.hour.tolist() == [12, 10]
    assert kept["group"].isna().tolist() == kept["shop"].isna().tolist() == [True, False]
    assert {str(kept[name].dtype) for name in ("id", "text", "label", "group", "shop")} == {"str"}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("text", "", "empty text"),
        ("text", "x" * 51, "text longer than 50 characters"),
        ("text", "ab\x00c", "control character in text: U+0000 at character 3"),
        ("text", "\x7f", "control character in text: U+007F at character 1"),
        ("label", "", "empty label"),
        ("label", "joy", "unknown label"),
        ("label", "Positive", "unknown label"),
        ("id", "", "empty id"),
        ("id", "i" * 201, "id longer than 200 characters"),
        ("id", "a\x1bb", "control character in id: U+001B at character 2"),
        ("confidence", "high", "confidence is not a number"),
        ("confidence", "inf", "confidence is not a number"),
        ("time", "yesterday", "unreadable time"),
        ("time", "2023-02-30", "unreadable time"),
        ("group", "g" * 201, "group longer than 200 characters"),
        ("shop", "\x01", "control character in shop: U+0001 at character 1"),
    ],
)
def test_each_rule(column: str, value: str, reason: str) -> None:
    assert reasons(**{column: [value]}) == [(1, reason)]


@pytest.mark.parametrize("text", ["a\tb\nc\r\nd", "x" * 50, "\x85 naïve 日本 👍", "=1+1", "NA"])
def test_what_a_text_may_hold(text: str) -> None:
    assert reasons(text=[text]) == []


def test_of_two_rows_with_one_id_the_first_is_kept() -> None:
    both = {"text": ["x"] * 3, "label": ["positive"] * 3}
    assert reasons(id=["a", "b", "a"], **both) == [(3, "id of an earlier row")]


def test_a_row_is_rejected_once_for_the_first_rule_that_it_breaks() -> None:
    table = as_read(text=["", "x"], label=["joy", "joy"])
    table.loc[0, "problem"] = "wrong number of cells: 1 where the header has 2"
    _, rejected = check(table)
    assert rejected["reason"].tolist() == [table["problem"][0], "unknown label"]


def test_a_time_format_is_followed() -> None:
    table = as_read(text=["x", "y"], label=["positive"] * 2, time=["15.01.2023", "2023-01-15"])
    kept, rejected = check(table, time_format="%d.%m.%Y")
    assert kept["time"].dt.month.tolist() == [1]
    assert rejected["row"].tolist() == [2]


def test_rejected_texts_are_short_and_obey_nobody() -> None:
    table = as_read(text=["\u202e\x00" + "x" * 5000], label=["\x1b[31m"])
    _, rejected = check(table, max_characters=10_000)
    assert rejected["text"][0].startswith("\\u202e\\x00xxx")
    assert len(rejected["text"][0]) < 220
    assert rejected["label"].tolist() == ["\\x1b[31m"]


texts = st.text(max_size=8)


@settings(max_examples=30)
@given(st.lists(st.tuples(texts, st.sampled_from(["positive", "joy", ""])), min_size=1))
def test_every_row_is_kept_or_rejected(rows: list[tuple[str, str]]) -> None:
    table = as_read(text=[text for text, _ in rows], label=[label for _, label in rows])
    kept, rejected = check(table, max_characters=5)
    numbers = [*kept["id"].astype(int), *rejected["row"]]
    assert sorted(numbers) == list(range(1, len(rows) + 1))
    assert kept["text"].str.len().between(1, 5).all()
    assert set(kept["label"]) <= {"positive"}
    assert (rejected["reason"] != "").all()
