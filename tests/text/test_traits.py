"""Traits of texts: what is seen in the text, and what only its cleaned form still shows."""

import pandas as pd
import pytest

from sluice.text.traits import TRAITS, find_traits

CASES = {
    "this is not good": {"negation"},
    "I DON'T know": {"negation"},
    "it isn’t": {"negation"},
    "a knot in nothingness": set(),
    "so good \U0001f600": {"emoji"},
    "well \N{BLACK HEART SUIT}\ufe0f": {"emoji"},
    "naïve café": set(),
    "#winning at 9": {"hashtag"},
    "issue #9 is closed": set(),
    "thanks @bob": {"mention"},
    "mail bob@example.org": set(),
    "see https://example.org/x": {"url"},
    "see www.example.org": {"url"},
    "@a never #b \U0001f622 http://t.co/c": set(TRAITS),
}


@pytest.mark.parametrize("text", CASES)
def test_a_trait_is_seen_in_the_text_alone(text: str) -> None:
    found = find_traits(pd.Series([text]), pd.Series(["<empty>"]))
    assert {name for name in TRAITS if found[name].iloc[0]} == CASES[text]


@pytest.mark.parametrize(
    ("cleaned", "trait"),
    [
        ("do not go", "negation"),
        ("so :red_heart: good", "emoji"),
        ("<hashtag> good morning </hashtag>", "hashtag"),
        ("<mention> yes", "mention"),
        ("look <url>", "url"),
        ("10 : 30 :", None),
    ],
)
def test_a_trait_is_seen_in_the_cleaned_text_alone(cleaned: str, trait: str | None) -> None:
    found = find_traits(pd.Series(["?"]), pd.Series([cleaned]))
    assert [name for name in TRAITS if found[name].iloc[0]] == ([trait] if trait else [])


def test_lengths_are_in_tokens_and_rows_keep_their_index() -> None:
    texts = pd.Series(["a", "b"], index=[7, 9])
    found = find_traits(texts, pd.Series(["one two  three", "one"], index=[7, 9]))
    assert found["tokens"].to_dict() == {7: 3, 9: 1}
