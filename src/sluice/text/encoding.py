"""Repairs texts whose bytes were read in the wrong encoding.

In: texts. Out: the same texts with characters put back where their damage is known; a character
that is damaged beyond telling becomes U+FFFD. Texts without such damage come back as they were.

Two kinds of damage are known here. Plain mojibake (UTF-8 read as Windows-1252 and the like) is
`ftfy`'s. Tables that went through a spreadsheet on a Mac, as the tweets of CrowdFlower did, were
read as Windows-1252 and saved as Mac Roman, twice to four times over, and what had no place in Mac
Roman became `_`: that is undone by a table made from doing the same to every likely character.
"""

import re
from functools import cache, lru_cache

import emoji
import ftfy
import ftfy.badness

from sluice.text.lists import Column
from sluice.text.marks import on_matching

UNKNOWABLE = "\ufffd"
_LOST = ord("_")
# Of several characters with the same damage, the one that texts have by far the most often.
_PREFERRED = "…’“”–—é♥❤"
# Foreign characters with one neighbour on each side: what the test for mojibake looks at.
_RUN = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+[\x00-\x7f]?")
_NON_ASCII = r"[^\x00-\x7f]"
# What is not seen in mojibake: marks of print, emoji.
_SUSPECT = r"[^\x00-\x7f…“”’‘–—\x{FFFD}\x{FE0F}\x{1F3FB}-\x{1F3FF}\p{Extended_Pictographic}]"


def _resave(byte: int) -> int:
    """What becomes of a byte that is read as Windows-1252 and saved as Mac Roman."""
    try:
        return bytes([byte]).decode("cp1252").encode("mac_roman")[0]
    except UnicodeDecodeError:
        return byte  # a hole in Windows-1252 passes through
    except UnicodeEncodeError:
        return _LOST


_RESAVED = bytes(_resave(byte) for byte in range(256))


def resave(data: bytes, times: int) -> bytes:
    """Do to bytes what a spreadsheet on a Mac did to them, `times` times over."""
    for _ in range(times):
        data = data.translate(_RESAVED)
    return data


def _twice_encoded(character: str) -> bytes:
    """UTF-8 that was read as Windows-1252 (or Latin-1 in its holes) and encoded again."""
    read = "".join(
        bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in character.encode()
    )
    return read.encode()


def _likely_characters() -> list[str]:
    spans = ((0xA1, 0x180), (0x2010, 0x2045), (0x20A0, 0x20C0), (0x2190, 0x2300), (0x25A0, 0x27C0))
    plain = [chr(point) for first, last in spans for point in range(first, last)] + ["\ufe0f"]
    return [*_PREFERRED, *plain, *sorted(sign for sign in emoji.EMOJI_DATA if len(sign) == 1)]


def _is_telling(damage: str) -> bool:
    """Whether nothing else is likely to look like this."""
    foreign = sum(not character.isascii() for character in damage)
    return foreign >= 2 and (len(damage) > 2 or foreign == len(damage))


@cache
def damage_table() -> dict[str, str]:
    """Damage to character; the longer damage first, U+FFFD where several would fit equally."""
    owners: dict[str, list[str]] = {}
    for character in dict.fromkeys(_likely_characters()):
        ways = [(character.encode(), times) for times in (1, 2, 3, 4)]
        for data, times in [*ways, (_twice_encoded(character), 4)]:
            damage = resave(data, times).decode("latin-1")
            owners.setdefault(damage, []).append(character)
    table = {}
    for damage, characters in owners.items():
        if _is_telling(damage) and damage not in characters:
            sure = len(characters) == 1 or characters[0] in _PREFERRED
            table[damage] = characters[0] if sure else UNKNOWABLE
    return dict(sorted(table.items(), key=lambda item: (-len(item[0]), item[0])))


@lru_cache(maxsize=100_000)
def _is_bad(run: str) -> bool:
    return ftfy.badness.is_bad(run)


def _fix_mojibake(text: str) -> str:
    bad = any(_is_bad(run) for run in _RUN.findall(text))
    return ftfy.fix_encoding(text) if bad else text


def repair_encoding(texts: Column) -> Column:
    """Undo both kinds of damage, (rows,) to (rows,); plain ASCII is not looked at.

    Source of the test for plain mojibake: ftfy's badness (Speer 2019, doi 10.5281/zenodo.2591652).
    """

    def repair(found: Column) -> Column:
        table = damage_table()
        known = found.str.replace_many(list(table), list(table.values()), leftmost=True)
        return on_matching(
            known,
            known.str.contains(_SUSPECT),
            lambda odd: [_fix_mojibake(text) for text in odd.to_list()],
        )

    return on_matching(texts, texts.str.contains(_NON_ASCII), repair)
