"""Steps for pictures in a text: emoji and emoticons.

In: a column of texts and how to treat the pictures. Out: a column of the same length.
"""

import re
from functools import lru_cache

import emoji

from sluice.text.lists import Column
from sluice.text.marks import mark, on_matching, picture

_TONES_AND_FORMS = re.compile("[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f]")
# A digit may be the first part of an emoji: a keycap.
_RUN = re.compile(r"[0-9#*]?[^\x00-\x7f]+")


def _class_of(characters: set[str]) -> str:
    """A pattern's class of characters, as ranges, since a list's matcher tries one by one."""
    numbers = {ord(one) for one in characters}
    firsts = sorted(one for one in numbers if one - 1 not in numbers)
    lasts = sorted(one for one in numbers if one + 1 not in numbers)
    spans = zip(firsts, lasts, strict=True)
    return "[{}]".format("".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in spans))


# What every emoji holds: its first character, or the ring of a keycap. The classes of Unicode's
# tables are not for this: they change with the table, and a column and a list have one each.
_STARTS = {sign[0] for sign in emoji.EMOJI_DATA if not sign[0].isascii()} | {"\u20e3"}
_MAYBE = _class_of({one for one in _STARTS if not _TONES_AND_FORMS.match(one)})

# Sources of the signs: Western emoticons of the Unicode CLDR annotations' and VADER's kinds.
_FACES = {
    "smile": r"[:=8][-o^']?[)\]>}]+|\(\^[_.]?\^\)|\^_*\^|[(\[{][-o^']?[:=]",
    "laugh": r"[:=8xX;][-o^']?D+|\bXD+\b|\bxD+\b",
    "wink": r";[-o^']?[)\]}]+",
    "sad": r"[:=8][-o^']?[(\[<{]+|[)\]}][-o^']?[:=]|\b[DT]_+[DT]\b|-_+-",
    "cry": r"[:=]'[-o^]?[(\[]+",
    "tongue": r"[:=8xX;][-o^']?[pP]\b",
    "surprise": r"[:=8][-^']?[oO0]\b|\b[oO]_+[oO]\b",
    "doubt": r"[:=8][-o^']?[/\\|sS](?=\s|$)",
    "kiss": r"[:=8][-o^']?\*+",
    "heart": r"<3+",
    "broken_heart": r"</3+",
}
_ORDER = (
    "broken_heart", "heart", "cry", "laugh", "wink", "tongue", "kiss", "surprise", "doubt",
    "smile", "sad",
)  # fmt: skip


def _name(_sign: str, data: dict[str, str]) -> str:
    return picture(data["en"].strip(":"))


@lru_cache(maxsize=100_000)
def _replace_emoji(run: str, named: bool) -> str:
    return emoji.replace_emoji(_TONES_AND_FORMS.sub("", run), _name if named else " ")


def _name_emoji(match: re.Match[str]) -> str:
    return _replace_emoji(match[0], named=True)


def _drop_emoji(match: re.Match[str]) -> str:
    return _replace_emoji(match[0], named=False)


def treat_emoji(texts: Column, how: str) -> Column:
    """`token`: an emoji becomes its name as a token, `:red_heart:`; `drop`: nothing.

    Tones of skin and forms of presentation are dropped, so that one picture is one token.
    """
    name = _name_emoji if how == "token" else _drop_emoji
    return on_matching(
        texts,
        texts.str.contains(_MAYBE),
        lambda found: [_RUN.sub(name, text) for text in found.to_list()],
    )


_FACES_IN_ORDER = "|".join(f"(?P<{kind}>{_FACES[kind]})" for kind in _ORDER)
_FACE = re.compile(rf"(?=[:=8xX;()\[\]{{}}<^DTOo-])(?<!\w)(?:{_FACES_IN_ORDER})(?!\w)")
# What every one of them holds: cheap to look for.
_MAYBE_FACE = (
    r"[:=8xX;)\]}][-o^']?[)\](\[{}<>DpPoO0/\\|sS*:='^]|[(\[{][-o^']?[:=]"
    r"|<3|</3|\^_*\^|\b[DToO]_+[DToO]\b|-_+-"
)


def treat_emoticons(texts: Column, how: str) -> Column:
    """`token`: an emoticon becomes what it shows, `:-))` to `<smile>`; `drop`: nothing."""

    def write(match: re.Match[str]) -> str:
        return mark(str(match.lastgroup)) if how == "token" else " "

    return on_matching(
        texts,
        texts.str.contains(_MAYBE_FACE),
        lambda found: [_FACE.sub(write, text) for text in found.to_list()],
    )
