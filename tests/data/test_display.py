import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from sluice.data.display import show, show_list


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert show("a\x00b\x1b[31m\u202egnp") == "a\\x00b\\x1b[31m\\u202egnp"
    assert show("line\nbreak\u2028") == "line\\nbreak\\u2028"


def test_other_scripts_and_emoji_stay_as_they_are() -> None:
    assert show("naïve 日本 👩‍🚀") == "naïve 日本 👩‍🚀"


def test_a_long_text_is_cut() -> None:
    assert show("x" * 100, 10) == "x" * 9 + "…"
    assert show("x" * 10, 10) == "x" * 10


@given(st.text(), st.integers(1, 50))
def test_whatever_comes_is_one_bounded_printable_line(text: str, limit: int) -> None:
    shown = show(text, limit)
    assert len(shown) <= limit * len("\\ud800")
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl") for character in shown)


def test_a_long_list_is_counted() -> None:
    assert show_list(["a", "b"]) == "'a', 'b'"
    assert show_list(map(str, range(100_000)), 2) == "'0', '1' and 99998 more"
