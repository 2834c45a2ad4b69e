"""Masking: whole words and hashtags, and a code word that cleaning leaves whole."""

import pandas as pd
import polars as pl
import pytest

from sluice.evaluation.masking import MASKED, mask_texts, mask_words, show_masks
from sluice.text.cleaning import Steps, clean_texts

WORDS = mask_words(["negative", "very positive"], ["good", "C++"])


def test_words_are_those_of_the_labels_and_their_synonyms() -> None:
    assert WORDS == ["negative", "very", "positive", "good", "c++"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Good! goods are GOOD", f"{MASKED}! goods are {MASKED}"),
        ("so #happy #2024.", f"so {MASKED} {MASKED}."),
        ("@good said: positive", f"@good said: {MASKED}"),
        ("I know c++ well", f"I know {MASKED} well"),
        ("# alone", "# alone"),
    ],
)
def test_hashtags_and_whole_words_are_hidden(text: str, shown: str) -> None:
    assert show_masks(mask_texts(pd.Series([text]), WORDS)).to_list() == [shown]


def test_a_text_without_them_stays() -> None:
    texts = pd.Series(["the goodness of it", ""])
    assert mask_texts(texts, WORDS).to_list() == texts.to_list()


def test_without_words_hashtags_are_still_hidden() -> None:
    assert show_masks(mask_texts(pd.Series(["good #day"]), [])).to_list() == [f"good {MASKED}"]


@pytest.mark.parametrize(
    "steps",
    [
        Steps(),
        Steps(normalise_words="stem"),
        Steps(punctuation="drop", stop_words="drop", hashtags="drop", lowercase=False),
        Steps(punctuation="keep", hashtags="keep"),
    ],
)
def test_cleaning_leaves_the_mask_a_token(steps: Steps) -> None:
    hidden = mask_texts(pd.Series(["It was GOOD #soGood"]), WORDS)
    cleaned = clean_texts(pl.Series(hidden.to_list()), steps).to_list()
    (shown,) = show_masks(pd.Series(cleaned)).to_list()
    assert shown.split().count(MASKED) == 2
