"""Protection: what the clean stage's markers mean for an edit, and where a negation parts a row."""

import pytest

from sluice.text.protection import (
    NEGATIONS,
    editable_places,
    ends_in_hashtag,
    is_negation,
    mark_again,
    mark_hashtag_words,
    number_stretches,
    protected_tokens,
    sentiment_words,
    unmark,
)


@pytest.mark.parametrize(
    ("row", "protected"),
    [
        ("see <url> and <mention> at <number>", "<url> <mention> <number>"),
        ("i :red_heart: it :)", ":red_heart: :)"),
        ("#topic by @name", "#topic @name"),
        ("<hashtag> good morning </hashtag> all", "<hashtag> good morning </hashtag>"),
        ("<hashtag> all of it", "<hashtag>"),
        ("late <hashtag> <hashtag> now </hashtag> on", "<hashtag> <hashtag> now </hashtag>"),
        ("late </hashtag> now", "</hashtag>"),
        ("do not , i did n't and never will", "not n't never"),
        ("we can't or won’t", "can't won’t"),
        ("<empty>", "<empty>"),
        ("", ""),
    ],
)
def test_markers_hashtags_and_negations_are_protected(row: str, protected: str) -> None:
    assert protected_tokens(row.split()) == protected.split()


def test_only_words_may_be_edited() -> None:
    row = "the self-driving car's 4 wheels , <hashtag> big news </hashtag> <url> not ! ok _"
    tokens = row.split()
    assert [tokens[place] for place in editable_places(tokens)] == [
        "the", "self-driving", "car's", "wheels", "ok",
    ]  # fmt: skip


def test_a_negation_starts_a_stretch() -> None:
    assert number_stretches(["a", "not", "b", "c", "never"]) == [0, 1, 1, 1, 2]


def test_a_token_behind_the_end_of_a_hashtag_is_outside() -> None:
    tokens = ["a", "<hashtag>", "b", "c", "</hashtag>", "d", "<hashtag>"]
    assert ends_in_hashtag(tokens) == [False, True, True, True, False, False, False]


def test_words_of_a_hashtag_in_the_text_are_protected_too() -> None:
    tokens = ["driverless", "cars", "are", "not", "fun", "sxsw"]
    marked = mark_hashtag_words(tokens, "#DriverlessCars are #notfun at #sxsw")
    assert unmark(protected_tokens(marked)) == ["driverless", "cars", "not", "fun", "sxsw"]
    assert unmark(marked) == tokens
    assert mark_again(tokens[::-1], marked) == marked[::-1]
    assert mark_hashtag_words(tokens, "no tag") == tokens


def test_every_negation_that_cleaning_keeps_is_protected() -> None:
    assert all(is_negation(word) for word in NEGATIONS)
    assert not any(is_negation(word) for word in ("know", "note", "ant", "rant"))


def test_words_of_the_lexicon_carry_sentiment() -> None:
    assert {"good", "awful", "love", "very"} <= sentiment_words()
    assert not {"table", "the", "car"} & sentiment_words()
