import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from sluice.text.marks import CLOSE, OPEN, end_mark, mark, picture, put_in_marks, take_out_marks


def shown(text: str) -> str:
    return put_in_marks(pl.Series([text])).item()


def test_placeholders_show_their_brackets() -> None:
    assert shown(f"see{mark('url')}and{end_mark('hashtag')}") == "see <url> and </hashtag>"
    assert shown(picture("Red Heart")) == ":red_heart:"


def test_nobody_can_write_a_placeholder() -> None:
    assert shown("an <url> of mine") == "an < url > of mine"
    taken = take_out_marks(pl.Series([f"{OPEN}url{CLOSE}"])).item()
    assert taken == "url"


def test_nothing_left_is_said() -> None:
    assert shown("   ") == "<empty>"


@given(st.text(max_size=60))
def test_no_control_character_and_no_odd_blank_survives(text) -> None:
    out = put_in_marks(take_out_marks(pl.Series([text]))).item()
    assert out == " ".join(out.split(" "))
    assert "  " not in out
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in out)
    assert not set("\u202e\u2066\ue000\ue001") & set(out)
