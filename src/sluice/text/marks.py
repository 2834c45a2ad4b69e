"""Placeholders: single tokens that stand for a thing in a text, `<url>` or `:red_heart:`.

While steps run, a placeholder's brackets are characters that no text can hold, because
`take_out_marks` removes them first; so no later step breaks a placeholder, and nobody can write
one. `put_in_marks` gives them the form that readers see.
"""

from collections.abc import Callable
from typing import Any

from sluice.text.lists import Column

# Private-use characters, in the order of what they become.
OPEN, CLOSE, COLON, JOIN, END = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
_SEEN = "<>:_/"
MARKS = "\ue000-\ue004"
"""The inside of a regular expression's class of these characters."""

EMPTY = "<empty>"


def mark(name: str) -> str:
    """The placeholder of a thing, a token of its own: ` <name> `."""
    return f" {OPEN}{name}{CLOSE} "


def end_mark(name: str) -> str:
    """The placeholder where a thing ends: ` </name> `."""
    return f" {OPEN}{END}{name}{CLOSE} "


def picture(name: str) -> str:
    """The token of an emoji, from its name in Unicode's CLDR: ` :red_heart: `."""
    word = "".join(sign if sign.isalnum() else " " for sign in name.lower())
    return f" {COLON}{JOIN.join(word.split())}{COLON} "


def on_matching(
    texts: Column, places: Any, change: Callable[[Column], Column | list[str]]
) -> Column:
    """Change only the texts where `places`, booleans of the same length, is true."""
    where = places.arg_true()
    return texts.clone().scatter(where, change(texts.gather(where))) if len(where) else texts


def take_out_marks(texts: Column) -> Column:
    """Remove the private characters, and make spaces of all control characters and blanks."""
    unusual = texts.str.contains(rf"[{MARKS}\pC\s--\x20]")
    return on_matching(
        texts,
        unusual,
        lambda found: found.str.replace_all(rf"[{MARKS}]+", "").str.replace_all(r"[\s\pC]+", " "),
    )


def put_in_marks(texts: Column) -> Column:
    """Part tokens by one space, show placeholders, and write `<empty>` where nothing is left.

    Brackets that were in the text become tokens of their own, so that `<url>` is always ours.
    """
    apart = on_matching(
        texts,
        texts.str.contains_any(["<", ">"]),
        lambda found: found.str.replace_many(["<", ">"], [" < ", " > "]),
    )
    seen = apart.str.replace_many([OPEN, CLOSE, COLON, JOIN, END], list(_SEEN))
    while seen.str.contains("  ", literal=True).any():
        seen = seen.str.replace_all("  ", " ", literal=True)
    return seen.str.strip_chars(" ").replace("", EMPTY)
