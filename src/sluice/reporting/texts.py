"""Shows text from outside to people: bounded, and nothing in it obeyed by browser or forge.

In: any text. Out: safe HTML, safe Markdown, or a plain line for figures. Control and bidirectional
characters stand as visible marks with their code points. What is shown where is for templates.
"""

import re
import unicodedata
from collections.abc import Iterator

from markupsafe import Markup, escape

# Controls, formats, surrogates, line and paragraph separators: browsers obey or hide them.
_OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Zero-width joiners hold emoji and Indic words together, and move nothing.
_JOINERS = "\u200c\u200d"
# Marks piled on one letter draw over the lines above and below.
_PILED = 4
# What means nothing but itself: plain words anywhere, a name inside backticks.
_WORDS = re.compile(r"[^\W_]+(?: [^\W_]+)+")
_SIMPLE = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")

_CHIP = Markup('<span class="chip" title="{}">U+{:04X}</span>')


def bound(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters and say how many were left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def _is_obeyed(character: str) -> bool:
    return unicodedata.category(character) in _OBEYED and character not in _JOINERS


def _marked(text: str) -> Iterator[tuple[str, bool]]:
    """Give each character, and whether it must be shown as a mark; piled marks are dropped."""
    piled = 0
    for character in text:
        piled = piled + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if piled <= _PILED:
            yield character, _is_obeyed(character)


def to_plain(value: object, limit: int = 80) -> str:
    """Give one line of plain text, obeyed characters as `[U+202E]`."""
    marked = _marked(bound(str(value), limit))
    return "".join(f"[U+{ord(one):04X}]" if obeyed else one for one, obeyed in marked)


def to_html(value: object, limit: int = 400) -> Markup:
    """Give escaped HTML in a `<bdi>`, so that its direction stays its own, with marks as chips."""
    parts = [
        _CHIP.format(unicodedata.name(one, "control character"), ord(one))
        if obeyed
        else escape(one)
        for one, obeyed in _marked(bound(str(value), limit))
    ]
    return Markup('<bdi dir="auto">{}</bdi>').format(Markup("").join(parts))


def _entity(character: str) -> Markup:
    plain = character.isalnum() or character == " "
    return escape(character) if plain else Markup("&#{};").format(ord(character))


def to_markdown(value: object) -> Markup:
    """Give words or code that no Markdown, HTML, table, link, mention or number gets out of.

    Forges look for mentions and numbers after Markdown has decoded escapes, but not inside code.
    What is known to be safe already is handed back.
    """
    if isinstance(value, Markup):
        return value
    text = to_plain(value, limit=120)
    if _WORDS.fullmatch(text):
        return escape(text)
    if _SIMPLE.fullmatch(text):
        return Markup("`{}`").format(text)
    return Markup("<code>{}</code>").format(Markup("").join(map(_entity, text)))
