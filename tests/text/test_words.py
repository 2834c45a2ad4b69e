import polars as pl
import pytest

from sluice.text.marks import put_in_marks
from sluice.text.protection import NEGATIONS
from sluice.text.words import (
    drop_stop_words,
    expand_contractions,
    lemmatise,
    normalise_words,
    shorten_elongations,
    stem,
    treat_numbers,
    treat_punctuation,
)


def shown(column: pl.Series) -> str:
    return put_in_marks(column).item()


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("can't", "can not"), ("Won’t", "Will not"), ("ain't", "is not"), ("isn't", "is not"),
        ("cannot", "can not"), ("shan't", "shall not"), ("we're", "we are"), ("I'm", "I am"),
        ("they've", "they have"), ("you'll", "you will"), ("it's", "it is"), ("let's", "let us"),
        ("Tom's", "Tom 's"), ("she'd", "she would"), ("scant", "scant"),
    ],
)  # fmt: skip
def test_contractions(text, long) -> None:
    assert shown(expand_contractions(pl.Series([text]))) == long


def test_elongations() -> None:
    assert shorten_elongations(pl.Series(["soooo goooood"])).item() == "soo good"
    assert shorten_elongations(pl.Series(["book ooo 1000"])).item() == "book oo 1000"


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("in 2015", "in <number>"), ("at 7:30", "at <number>"), ("1,000.50 now", "<number> now"),
        ("the 3rd", "the <number>"), ("mp3 b4", "mp3 b4"), ("10x", "10x"), ("$24.99", "$ <number>"),
    ],
)  # fmt: skip
def test_numbers(text, out) -> None:
    assert shown(treat_numbers(pl.Series([text]), "token")) == out


@pytest.mark.parametrize(
    ("text", "split", "dropped"),
    [
        ("no!!!! way...", "no ! ! way . .", "no way"),
        ("it's 'fine'", "it's ' fine '", "it's fine"),
        ("Tom 's car", "Tom 's car", "Tom 's car"),
        ("“well”", '" well "', "well"),
        ("a_b", "a _ b", "a b"),
        ("naïve café", "naïve café", "naïve café"),
    ],
)
def test_punctuation(text, split, dropped) -> None:
    assert shown(treat_punctuation(pl.Series([text]), "split")) == split
    assert shown(treat_punctuation(pl.Series([text]), "drop")) == dropped


def test_stop_words_leave_negations_unless_asked() -> None:
    column = pl.Series(["this is not a good idea , never"])
    assert shown(drop_stop_words(column, keep_negations=True)) == "not good idea , never"
    assert shown(drop_stop_words(column, keep_negations=False)) == "good idea ,"


@pytest.mark.parametrize("negation", sorted(NEGATIONS))
def test_no_negation_is_lost_by_default(negation) -> None:
    assert drop_stop_words(pl.Series([f"{negation} good"]), keep_negations=True).item() == (
        f"{negation} good"
    )


def test_forms_of_words() -> None:
    assert stem("flying") == "fli"
    assert lemmatise("flights") == "flight"
    assert lemmatise("losing") == "lose"
    assert lemmatise("xqzv") == "xqzv"


@pytest.mark.parametrize(("how", "out"), [("stem", "the flight"), ("lemmatise", "the flight")])
def test_words_are_normalised(how, out) -> None:
    assert normalise_words(pl.Series(["the flights"]), how).item() == out


def test_what_is_no_word_keeps_its_form() -> None:
    text = "\ue000mentions\ue001 :cats: nothing , 's"
    assert normalise_words(pl.Series([text]), "lemmatise").item() == text
