"""Lists clean as columns of Polars do: the same steps, the same texts to the last character."""

import unicodedata

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluice.text.cleaning import FEW, ORDER, Steps, _clean_chunk, clean_list, clean_texts
from sluice.text.lists import Texts, translate_pattern

PIECES = (
    "can't", "I'm", "İ'm", "İt.co/a", "ſ", " ", "  ", "@bob", "#GoodMorning", "#notfair", "www.x.y",
    "http://t.co/x", "RT @a:", "&amp;", "&lt;3", "<3", ":-)", "😀", "👍🏽", "Ã©", "â€™", "’", "“x”",
    "soooo", "!!!", "...", "7:30", "3rd", "'s", "'", "\n", "\x85", "\u200b", "\u212a", "ΑΣ", "№",
    "-_-", "x_x", "™", "★", "\ue000", "<url>", ":red_heart:", "हिन्दी", "日本語", "\u0308", "—",
    "CANNOT", "１２", "‚Äô", "√©", "#️⃣", "🇩🇪", ".com/", "never", "running",
)  # fmt: skip
# Characters that both sides' tables know: those of Python 3.11's Unicode 14 that are assigned.
KNOWN = st.characters(exclude_categories=("Cs", "Cn")).filter(
    lambda one: unicodedata.category(one) != "Cn"
)
TEXTS = st.lists(
    st.lists(st.sampled_from(PIECES) | KNOWN, max_size=12).map("".join), min_size=1, max_size=5
)
CHOICES = {
    "default": Steps(),
    "drop": Steps(
        urls="drop",
        mentions="drop",
        hashtags="drop",
        emoji="drop",
        emoticons="drop",
        numbers="drop",
        lowercase=False,
    ),
    "words": Steps(hashtags="split", punctuation="drop", stop_words="drop", keep_negations=False),
    "stems": Steps(normalise_words="stem", repair_encoding=False),
}


@pytest.mark.parametrize("name", CHOICES)
@settings(max_examples=20)
@given(texts=TEXTS)
@example(texts=["★🏻", "★\ufe0f", "a🏿"])  # a picture to one side's tables alone
def test_lists_are_cleaned_as_columns_are(name: str, texts: list[str]) -> None:
    steps = CHOICES[name]
    columns = clean_texts(pl.Series(texts, dtype=pl.String), steps).to_list()
    assert _clean_chunk(Texts(list(texts)), steps).to_list() == columns


def test_few_and_many_texts_are_cleaned_alike() -> None:
    texts = [f"{piece} is #NotFair, isn't it? {piece}" for piece in PIECES]
    many = texts * (FEW // len(texts) + 1)
    assert len(texts) <= FEW < len(many)
    assert clean_list(texts, Steps()) == clean_list(many, Steps())[: len(texts)]
    assert clean_list([], Steps()) == []


def test_a_list_is_left_as_it_was() -> None:
    texts = ["Don't #GoAway :)", "", "<b>"]
    kept = list(texts)
    assert clean_list(texts, Steps())[1] == "<empty>"
    assert texts == kept


def test_every_step_has_a_form_for_lists() -> None:
    steps = Steps(stop_words="drop", normalise_words="stem")
    for step in ORDER:
        found = step.apply(Texts(["He isn't THERE!!! @me #ATag :) 😀 12 http://t.co/x"]), steps)
        assert isinstance(found, Texts), step.key


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"[\x{1F3FB}-\x{1F3FF}]", "a\U0001f3fc", "\U0001f3fc"),
        (r"(?-u:\b)[0-9]+(?-u:\b)", "é12é", "12"),
        (r"a$", "a\n", None),
        (r"(?i)\b(i)'m\b", "İ'm", None),
        (r"[\pC\s--\x20]", "a b\u200b", "\u200b"),
    ],
)
def test_patterns_mean_what_they_mean_to_polars(pattern: str, text: str, found: str | None) -> None:
    match = translate_pattern(pattern).search(text)
    assert (match[0] if match else None) == found
    assert pl.Series([text]).str.contains(pattern)[0] == (match is not None)
