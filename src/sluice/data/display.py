"""Shows foreign text in messages and in files for people: bounded, nothing in it obeyed.

In: text from outside. Out: one short line in which control and bidirectional characters are
written as escapes. Escaping for HTML and spreadsheets is done where those are written.
"""

import re
from collections.abc import Iterable

# Controls, line and paragraph separators, bidirectional marks and overrides, lone surrogates.
_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def show(text: str, limit: int = 80) -> str:
    """Shorten `text` to `limit` characters of its own and write what would be obeyed as escapes."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return _OBEYED.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), short)


def show_list(names: Iterable[str], limit: int = 12) -> str:
    """List the first `limit` names in quotes and count the others."""
    every = list(names)
    shown = ", ".join(f"'{show(name, 40)}'" for name in every[:limit])
    more = len(every) - limit
    return f"{shown} and {more} more" if more > 0 else shown
