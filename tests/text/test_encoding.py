import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.text.encoding import UNKNOWABLE, damage_table, repair_encoding, resave


def repair(text: str) -> str:
    return repair_encoding(pl.Series([text])).item()


@pytest.mark.parametrize(
    ("damaged", "whole"),
    [
        ("DonÃ¢â‚¬â„¢t", "Don’t"),
        ("cafÃ©", "café"),
        ("http:äó_", "http:…"),
        ("äóìHisäó\x9d", "“His”"),
        ("haven\x8a\x97Èt", "haven’t"),
        ("GoogleÕ¢_\x8aÎ_\x86¢s", "Google’s"),
        ("so bad! _ôÖ\x89", "so bad! 😂"),
    ],
)
def test_known_damage_is_undone(damaged, whole) -> None:
    assert repair(damaged) == whole


@pytest.mark.parametrize(
    "text", ["plain", "", "café, naïve", "Привет, мир", "数据", "😂 ❤️", "“quoted” … it’s", "ñandú"]
)
def test_whole_texts_stay(text) -> None:
    assert repair(text) == text


@pytest.mark.parametrize("times", [2, 3])
def test_a_spreadsheet_on_a_mac_is_undone(times) -> None:
    text = "He said “no”— really"
    assert repair(resave(text.encode(), times).decode("latin-1")) == text


def test_what_cannot_be_known_is_said_to_be_so() -> None:
    # The last byte of several faces is lost in the same way.
    assert damage_table()["_ôÖ_"] == UNKNOWABLE


def test_no_damage_looks_like_a_plain_word() -> None:
    table = damage_table()
    assert not any(damage.isascii() for damage in table)
    assert "é" not in table


@given(st.lists(st.text(max_size=40), max_size=5))
def test_rows_stay_rows_and_ascii_stays(texts) -> None:
    repaired = repair_encoding(pl.Series(texts, dtype=pl.String)).to_list()
    assert len(repaired) == len(texts)
    for before, after in zip(texts, repaired, strict=True):
        if before.isascii():
            assert after == before


def test_the_column_given_stays_as_it_was() -> None:
    column = pl.Series(["cafÃ©"])
    repair_encoding(column)
    assert column.item() == "cafÃ©"
