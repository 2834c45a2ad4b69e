"""Text from outside in HTML, Markdown and plain lines: shown, bounded, never obeyed."""

import html.parser
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from sluice.reporting.texts import bound, to_html, to_markdown, to_plain


class Page(html.parser.HTMLParser):
    """Tags and text of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def obeyed(text: str) -> list[str]:
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return [one for one in text if unicodedata.category(one) in kinds and one not in "\u200c\u200d"]


@given(st.text(max_size=60))
def test_html_holds_no_tag_of_the_text_and_nothing_obeyed(text: str) -> None:
    page = Page(to_html(text))
    assert page.tags <= {"bdi", "span"}
    assert not obeyed(to_html(text))


@given(st.text(alphabet=st.characters(exclude_categories=("C", "M", "Z")), max_size=60))
def test_html_shows_every_visible_character(text: str) -> None:
    assert Page(to_html(text)).text == text


@given(st.text(max_size=60))
def test_markdown_is_words_or_code_on_one_line(text: str) -> None:
    shown = to_markdown(text)
    assert not obeyed(shown)
    assert "|" not in shown
    if shown.startswith("`"):
        assert shown.count("`") == 2
    elif shown.startswith("<code>"):
        inner = shown.removeprefix("<code>").removesuffix("</code>")
        assert not set(inner) & set("`<>[]()*_~@:/!\\")
        assert Page(shown).text == to_plain(text, limit=120)
    else:
        assert all(one.isalnum() or one == " " for one in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wide_bilstm-0", "`wide_bilstm-0`"),
        ("Sentiment of tweets", "Sentiment of tweets"),
        ("a|b", "<code>a&#124;b</code>"),
        ("@team", "<code>&#64;team</code>"),
        ("`x`", "<code>&#96;x&#96;</code>"),
        ("a--b", "<code>a&#45;&#45;b</code>"),
        ("", "<code></code>"),
        (Markup("**safe**"), "**safe**"),
        (3, "`3`"),
    ],
)
def test_markdown_of_names(text: object, shown: str) -> None:
    assert to_markdown(text) == shown


def test_obeyed_characters_are_named() -> None:
    shown = to_html("a\u202eb\x00")
    assert 'title="RIGHT-TO-LEFT OVERRIDE">U+202E<' in shown
    assert 'title="control character">U+0000<' in shown
    assert to_plain("a\u202eb\n") == "a[U+202E]b[U+000A]"
    assert to_plain("\ud800") == "[U+D800]"


def test_joined_emoji_and_words_of_other_scripts_stay_whole() -> None:
    for text in ("\U0001f469\u200d\U0001f680", "\u05e9\u05dc\u05d5\u05dd", "cafe\u0301"):
        assert to_plain(text) == text


def test_piled_marks_are_cut() -> None:
    assert to_plain("a" + "\u0301" * 50 + "b") == "a" + "\u0301" * 4 + "b"


def test_long_texts_say_how_much_is_left_out() -> None:
    assert bound("x" * 10, 10) == "x" * 10
    assert bound("x" * 1_500, 100) == "x" * 100 + "… (1,400 more characters)"
    assert len(to_plain("y" * 10_000_000)) < 120
