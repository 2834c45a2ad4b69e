import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluice.errors import ParamsError
from sluice.params import parse_section
from sluice.text import cleaning
from sluice.text.cleaning import ORDER, Steps, clean_texts

TEXT = "RT @joe: Can't waaaait!!! #NotFair &amp; http://t.co/x1 :) ❤️ 24 cafÃ©s"
OFF: dict = dict.fromkeys(
    ("urls", "retweets", "mentions", "hashtags", "emoji", "emoticons", "contractions",
     "elongations", "numbers", "punctuation", "stop_words"), "keep"
) | {"repair_encoding": False, "unescape_html": False, "lowercase": False}  # fmt: skip


def clean(text: str, **steps) -> str:
    return clean_texts(pl.Series([text]), Steps(**steps)).item()


def test_all_steps_together() -> None:
    assert clean(TEXT) == ("can not waait ! ! not fair & <url> <smile> :red_heart: <number> cafés")


@pytest.mark.parametrize(
    ("key", "value", "changed"),
    [
        ("repair_encoding", True, "24 cafés"),
        ("unescape_html", True, "#NotFair & http"),
        ("urls", "drop", "&amp; :)"),
        ("retweets", "drop", "Can't waaaait"),
        ("mentions", "token", "RT <mention> : Can't"),
        ("hashtags", "words", "Not Fair"),
        ("emoji", "drop", ":) 24"),
        ("emoticons", "token", "<smile>"),
        ("contractions", "expand", "Can not waaaait"),
        ("lowercase", True, "rt @joe: can't"),
        ("elongations", "shorten", "waait!!!"),
        ("numbers", "token", "<number> cafÃ©s"),
        ("punctuation", "split", "waaaait ! !"),
        ("normalise_words", "stem", None),
    ],
)
def test_each_step_can_be_switched_alone(key, value, changed) -> None:
    if changed is None:
        assert clean("two flights", **OFF | {"punctuation": "split", key: value}) == "two flight"
        return
    assert clean(TEXT, **OFF) == TEXT
    alone = clean(TEXT, **OFF | {key: value})
    assert alone.startswith(changed) or changed in alone
    assert alone != TEXT


def test_keys_are_steps_in_their_order() -> None:
    switches = [key for key in Steps.model_fields if key != "keep_negations"]
    assert ["repair_encoding", *(step.key for step in ORDER)] == switches


@pytest.mark.parametrize(
    ("text", "out", "why"),
    [
        ("http://x.org/:)", "<url>", "a URL before the emoticons in it"),
        ("RT @you: hi", "hi", "a retweet before the mention in it"),
        ("&lt;3", "<heart>", "entities before emoticons"),
        ("XD", "<laugh>", "emoticons before case"),
        ("#GoodDay", "good day", "hashtags before case"),
        ("CAN'T", "can not", "contractions before punctuation"),
        ("&#128514;", ":face_with_tears_of_joy:", "entities before emoji"),
        ("I donÕ¢_\x8aÎ_\x86¢t", "i do not", "encodings before control characters"),
        ("haven\x8a\x97Èt", "have not", "and those before contractions"),
        ("<url>", "< url >", "no text can write a placeholder"),
        ("&#xE000;url&#xE001; &nbsp;a", "url a", "nor can an entity"),
        ("a&#10;b&#x202e;c", "a b c", "no entity brings a control character"),
    ],
)
def test_order(text, out, why) -> None:
    assert clean(text) == out, why


def test_swapping_two_steps_would_be_noticed(monkeypatch) -> None:
    swapped = list(ORDER)
    names = [step.key for step in ORDER]
    one, other = names.index("urls"), names.index("emoticons")
    swapped[one], swapped[other] = swapped[other], swapped[one]
    monkeypatch.setattr(cleaning, "ORDER", tuple(swapped))
    assert clean("see http://x.org/:) now") != "see <url> now"


@given(st.lists(st.text(max_size=50), min_size=1, max_size=4))
@example(["Â\xa0"])
@settings(max_examples=60, deadline=None)
def test_rows_stay_rows_without_blanks_or_controls(texts) -> None:
    cleaned = clean_texts(pl.Series(texts, dtype=pl.String), Steps()).to_list()
    assert len(cleaned) == len(texts)
    for text in cleaned:
        assert text
        assert text.split() == text.split(" ")
        assert text.isprintable() or "\ufffd" in text or not text.isascii()


@given(st.text(max_size=50))
@settings(max_examples=60, deadline=None)
def test_a_text_does_not_hang_on_its_neighbours(text) -> None:
    alone = clean(text)
    beside = clean_texts(pl.Series(["#x :) 😂", text, "é &amp;"], dtype=pl.String), Steps())
    assert beside[1] == alone


def test_chunks_change_nothing(monkeypatch) -> None:
    texts = pl.Series([f"{TEXT} {number}{'o' * number}" for number in range(50)])
    whole = clean_texts(texts, Steps()).to_list()
    monkeypatch.setattr(cleaning, "_CHUNK", 7)
    assert clean_texts(texts, Steps()).to_list() == whole


def test_a_very_long_text() -> None:
    assert len(clean("so good! " * 500_000)) > 4_000_000


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"urls": "maybe"}, "urls"),
        ({"lower": True}, "lower"),
        ({"normalise_words": "stem", "punctuation": "keep"}, "normalise_words"),
        ({"normalise_words": "lemmatise", "lowercase": False}, "lowercase"),
    ],
)
def test_bad_sections_are_named(section, named) -> None:
    with pytest.raises(ParamsError, match=named):
        parse_section(section, Steps, "clean.steps")
