"""Changes to a text that change nothing of what it says: typos, case, a link, a mention.

In: a text. Out: the same with one change, always the same one. It stops at single texts: which are
changed is in `sluice.evaluation.templates`.
"""

import re
from collections.abc import Callable
from zlib import crc32

# Shorter words have too few inner letters to be read with one of them wrong.
_WORD = re.compile(r"[^\W\d_]{5,}")


def _in_a_word(text: str, change: Callable[[str], str]) -> str:
    """Change one word of five letters or more, picked by the text's checksum."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = words[crc32(text.encode()) % len(words)]
    return text[: word.start()] + change(word[0]) + text[word.end() :]


def _swap(word: str) -> str:
    pairs = [place for place in range(1, len(word) - 2) if word[place] != word[place + 1]]
    if not pairs:
        return word
    place = pairs[len(pairs) // 2]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def swap_letters(text: str) -> str:
    """Swap two inner letters of a word.

    First and last letters stay in this and the next two (Pruthi et al. 2019, "Combating Adversarial
    Misspellings with Robust Word Recognition", section 3: swap, drop and add of inner letters).
    """
    return _in_a_word(text, _swap)


def drop_letter(text: str) -> str:
    """Leave out the middle letter of a word."""
    return _in_a_word(text, lambda word: word[: len(word) // 2] + word[len(word) // 2 + 1 :])


def double_letter(text: str) -> str:
    """Write the middle letter of a word twice."""
    return _in_a_word(text, lambda word: word[: len(word) // 2 + 1] + word[len(word) // 2 :])


EDITS: dict[str, Callable[[str], str]] = {
    "swap_letters": swap_letters,
    "drop_letter": drop_letter,
    "double_letter": double_letter,
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "add_url": lambda text: f"{text} https://example.com/a1b2",
    "add_mention": lambda text: f"@sam_b {text}",
}
