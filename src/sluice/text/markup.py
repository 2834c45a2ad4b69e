"""Steps for what is not prose in a text: HTML entities, links, names, hashtags.

In: a column of texts and how to treat the thing. Out: a column of the same length. Each step is
pure; their order is in `sluice.text.cleaning`.
"""

import html
import re
import unicodedata
from functools import lru_cache

import wordninja

from sluice.text.lists import Column
from sluice.text.marks import end_mark, mark, on_matching, take_out_marks

_ENTITY = r"&#?\w+;"
_URL = r"(?i)(?:\bhttps?:/{0,2}\S*|\bwww\.\S+|\b[a-z0-9-]+\.(?:com|co|org|net|ly|me)/\S+)"
# What every URL holds: cheap to look for.
_MAYBE_URL = ("http", "www.", ".com/", ".co/", ".org/", ".net/", ".ly/", ".me/")
_RETWEET = r"\b(?:RT|MT)\s*@\s?\w+\s*:?|^\s*RT\b:?"
_MENTION = r"(^|[^\w@])@\w+"
# Boundaries inside CamelCase, HTMLPage, and between letters and digits.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\D)(?=\d)|(?<=\d)(?=\D)")
_SHORT = 3
_LONGEST = 60


def unescape_html(texts: Column) -> Column:
    """Turn entities into characters, twice, for texts that were escaped twice (`&amp;lt;`).

    An entity may stand for any character, so marks and blanks are taken out once more.
    """
    return on_matching(
        texts,
        texts.str.contains(_ENTITY),
        lambda found: take_out_marks(
            type(found)([html.unescape(html.unescape(text)) for text in found.to_list()])
        ),
    )


def treat_urls(texts: Column, how: str) -> Column:
    """`token`: `<url>` for each link; `drop`: nothing."""
    sign = mark("url") if how == "token" else " "
    return on_matching(
        texts,
        texts.str.contains_any(list(_MAYBE_URL), ascii_case_insensitive=True),
        lambda found: found.str.replace_all(_URL, sign),
    )


def drop_retweets(texts: Column) -> Column:
    """Remove `RT @user:` and `MT @user:`, which say who wrote a text first."""
    return on_matching(
        texts,
        texts.str.contains_any(["RT", "MT"]),
        lambda found: found.str.replace_all(_RETWEET, " "),
    )


def treat_mentions(texts: Column, how: str) -> Column:
    """`token`: `<mention>` for each @user; `drop`: nothing."""
    sign = "${1}" + (mark("mention") if how == "token" else " ")
    return on_matching(
        texts,
        texts.str.contains("@", literal=True),
        lambda found: found.str.replace_all(_MENTION, sign),
    )


def _split_part(part: str) -> list[str]:
    """Words of a part without capitals or digits inside; a long one is split by frequency."""
    known = len(part) > _SHORT and part.isascii() and part.isalpha() and len(part) <= _LONGEST
    words: list[str] = wordninja.split(part) if known else [part]
    # A split into crumbs means that the part is a name the dictionary does not know.
    return words if len(part) >= _SHORT * len(words) else [part]


@lru_cache(maxsize=100_000)
def split_hashtag(tag: str) -> str:
    """Words of a hashtag without its #: `SadBrady` to `Sad Brady`, `notfair` to `not fair`."""
    parts = _CAMEL.split(tag.replace("_", " "))
    return " ".join(word for part in " ".join(parts).split() for word in _split_part(part))


@lru_cache(maxsize=1)
def _tag() -> re.Pattern[str]:
    """A hashtag and its word: letters with their combining marks, which are no word to Python."""
    marks = "".join(filter(_combines, map(chr, range(0x300, 0x1F000))))
    part = rf"[\w{marks}]*"
    # The # first: it is quickly found.
    return re.compile(rf"#(?<![\w&]#)({part}[^\W\d_]{part})")


def _combines(character: str) -> bool:
    """Whether it is part of a letter, as vowel signs are; selectors of emoji are not."""
    selector = "\ufe00" <= character <= "\ufe0f"
    return unicodedata.category(character) in ("Mn", "Mc") and not selector


def treat_hashtags(texts: Column, how: str) -> Column:
    """`split`: `<hashtag> its words </hashtag>`; `words`: its words; `token`; `drop`."""
    before, after = (mark("hashtag"), end_mark("hashtag")) if how == "split" else (" ", " ")

    def write_out(match: re.Match[str]) -> str:
        return f"{before}{split_hashtag(match[1])}{after}"

    becomes = {"token": mark("hashtag"), "drop": " "}.get(how, write_out)
    return on_matching(
        texts,
        texts.str.contains("#", literal=True),
        lambda found: [_tag().sub(becomes, text) for text in found.to_list()],
    )
