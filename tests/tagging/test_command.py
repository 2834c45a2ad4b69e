"""A text in colour: cut as the training files are, nothing in it obeyed."""

import io

import pytest
from rich.console import Console

from sluice.errors import SluiceError
from sluice.tagging.command import LONGEST_TEXT, find_gaps, paint, split_text, tag_text


def printed(text: str, tokens: list[str], tags: list[str], entities: bool = True) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=200)
    console.print(paint(text, tokens, tags, entities), end="")
    return out.getvalue()


def test_words_clitics_mentions_and_links_are_tokens() -> None:
    text = "I don't know @ada's http://a.b/c?d, it's #sunny &amp; U.S. :-)"
    tokens = split_text(text)
    for one in ("do", "n't", "http://a.b/c?d", "it", "'s", "#sunny", "&", ":-)"):
        assert one in tokens
    assert "@ada" in tokens
    assert "".join(tokens) == "".join(text.replace("&amp;", "&").split())


def test_gaps_are_those_of_the_text() -> None:
    text = "Well,  it's\nfine"
    tokens = ["Well", ",", "it", "'s", "fine"]
    gaps = find_gaps(text, tokens)
    assert "".join(gap + token for gap, token in zip(gaps, tokens, strict=True)) == text
    assert find_gaps("a b", ["a", "x", "b"]) == ["", " ", " "]


def test_entities_are_coloured_whole_with_their_type_behind() -> None:
    text = "Ada Lovelace met Bob."
    tags = ["B-person", "I-person", "O", "B-person", "O"]
    shown = printed(text, ["Ada", "Lovelace", "met", "Bob", "."], tags)
    assert "\x1b[1;32mAda\x1b[0m\x1b[1;32m Lovelace\x1b[0m\x1b[2m [person]\x1b[0m met " in shown
    assert "\x1b[1;32mBob\x1b[0m\x1b[2m [person]\x1b[0m." in shown


def test_tags_stand_behind_their_tokens() -> None:
    assert paint("I go", ["I", "go"], ["PRON", "VERB"], entities=False).plain == "I/PRON go/VERB"


def test_markup_and_controls_of_the_text_are_shown_and_not_obeyed() -> None:
    text = "[red]x[/red] \x1b[31m a\u202eb"
    tokens = split_text(text)
    shown = paint(text, tokens, ["O"] * len(tokens), entities=True).plain
    assert "[red]x[/red]" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\u202e" in shown


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), (" \n", "empty"), ("a" * (LONGEST_TEXT + 1), "20,000 at most"),
     ("a" * 600, "tokens, the longest of 600")],
)  # fmt: skip
def test_texts_that_cannot_be_tagged_are_refused(text, words) -> None:
    with pytest.raises(SluiceError, match=words):
        split_text(text)


def test_a_folder_without_a_tagger_is_refused(tmp_path) -> None:
    with pytest.raises(SluiceError, match=r"config.json is missing; train one"):
        tag_text(tmp_path, "Hello")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(SluiceError, match=r"is no tagger .*train it again"):
        tag_text(tmp_path, "Hello")
