import polars as pl
import pytest

from sluice.text.marks import put_in_marks
from sluice.text.signs import treat_emoji, treat_emoticons


def emoji_of(text: str, how: str = "token") -> str:
    return put_in_marks(treat_emoji(pl.Series([text]), how)).item()


def face_of(text: str, how: str = "token") -> str:
    return put_in_marks(treat_emoticons(pl.Series([text]), how)).item()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("love❤️it", "love :red_heart: it"),
        ("😂😂", ":face_with_tears_of_joy: :face_with_tears_of_joy:"),
        ("👍🏽", ":thumbs_up:"),
        ("👍", ":thumbs_up:"),
        ("I am 1️⃣", "I am :keycap_1:"),
        ("🇩🇪", ":germany:"),
        ("café", "café"),
    ],
)
def test_emoji(text, tokens) -> None:
    assert emoji_of(text) == tokens


def test_a_family_is_one_token() -> None:
    assert emoji_of("👩‍👩‍👧").count(" ") == 0


def test_dropped_emoji_leave_the_words() -> None:
    assert emoji_of("so 😂 good", "drop") == "so good"


@pytest.mark.parametrize(
    ("face", "name"),
    [
        (":)", "smile"), (":-))", "smile"), ("=]", "smile"), ("(:", "smile"), (":(", "sad"),
        (":-(", "sad"), (":'(", "cry"), (":D", "laugh"), ("XD", "laugh"), (";)", "wink"),
        (":P", "tongue"), (":o", "surprise"), (":/", "doubt"), ("<3", "heart"),
        ("</3", "broken_heart"), (":*", "kiss"), ("-_-", "sad"), ("^_^", "smile"),
    ],
)  # fmt: skip
def test_emoticons(face, name) -> None:
    assert face_of(f"well {face}") == f"well <{name}>"
    assert face_of(f"{face} well") == f"<{name}> well"


@pytest.mark.parametrize("text", ["10:30", "a:b", "WXDY", "list(x):", "http://x", "3<30"])
def test_what_is_no_emoticon_stays(text) -> None:
    assert treat_emoticons(pl.Series([text]), "token").item() == text


def test_dropped_emoticons() -> None:
    assert face_of("well :) then", "drop") == "well then"
