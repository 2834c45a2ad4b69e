"""A column of texts as a plain list: the kernels of Polars that the cleaning steps call.

In: texts. Out: a column that the same steps clean, without Polars, and sooner where texts are few.
It knows just the calls that the steps make; which of the two columns is used is
`sluice.text.cleaning`'s to say.

Both follow Unicode; they differ only in characters that are newer than the tables of one of them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import regex

if TYPE_CHECKING:
    import polars as pl

Column = TypeVar("Column", "pl.Series", "Texts")

_ASCII_EDGE = r"(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"
# Where case is ignored, Python counts the dotted capital I as an i, Rust does not.
_SMALL_I = "(?-i:[iI])"
_LETTERS = "(?-i:[A-Za-z0-9\u017f\u212a-])"


@lru_cache(maxsize=256)
def translate_pattern(pattern: str) -> "regex.Pattern[str]":
    """Compile a pattern that was written for Polars, whose syntax is that of Rust's regex."""
    plain = re.sub(r"\\x\{([0-9A-F]+)\}", lambda found: chr(int(found[1], 16)), pattern)
    plain = plain.replace(r"(?-u:\b)", _ASCII_EDGE).replace(r"\pC", r"\p{C}")
    plain = re.sub(r"(?<![\\\[])\$", r"\\Z", plain)
    if plain.startswith("(?i)"):
        plain = "(?i)" + re.sub(r"(?<!\\)i", _SMALL_I, plain[4:]).replace("[a-z0-9-]", _LETTERS)
    return regex.compile(plain, regex.V1 if "--" in plain else regex.V0)


@lru_cache(maxsize=256)
def _translate_words(words: str) -> str:
    return re.sub(r"\$\{(\d+)\}", r"\\g<\1>", words.replace("\\", r"\\"))


@lru_cache(maxsize=8)
def _by_first(olds: tuple[str, ...], news: tuple[str, ...]) -> dict[str, list[tuple[str, str]]]:
    table: dict[str, list[tuple[str, str]]] = {}
    for old, new in zip(olds, news, strict=True):
        table.setdefault(old[0], []).append((old, new))
    return table


def _replace_leftmost(text: str, table: dict[str, list[tuple[str, str]]]) -> str:
    """At each place the first of the old texts that stands there becomes the new one."""
    parts, place = [], 0
    while place < len(text):
        pairs = table.get(text[place], ())
        found = next((pair for pair in pairs if text.startswith(pair[0], place)), None)
        parts.append(text[place] if found is None else found[1])
        place += 1 if found is None else len(found[0])
    return "".join(parts)


class Flags(list[bool]):
    """A column of booleans."""

    def arg_true(self) -> list[int]:
        """Places of those that are true."""
        return [place for place, flag in enumerate(self) if flag]

    def any(self) -> bool:
        """Whether one is true."""
        return True in self


class _Kernels:
    """What Polars has under `Series.str`; each call gives a new column of the same length."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def _each(self, change: Callable[[str], str]) -> "Texts":
        return Texts([change(text) for text in self._texts])

    def contains(self, pattern: str, literal: bool = False) -> Flags:
        if literal:
            return Flags(pattern in text for text in self._texts)
        search = translate_pattern(pattern).search
        return Flags(search(text) is not None for text in self._texts)

    def contains_any(self, patterns: Iterable[str], ascii_case_insensitive: bool = False) -> Flags:
        wanted = list(patterns)
        texts = [text.lower() for text in self._texts] if ascii_case_insensitive else self._texts
        return Flags(any(one in text for one in wanted) for text in texts)

    def replace_all(self, pattern: str, value: str, literal: bool = False) -> "Texts":
        if literal:
            return self._each(lambda text: text.replace(pattern, value))
        change, words = translate_pattern(pattern).sub, _translate_words(value)
        return self._each(lambda text: change(words, text))

    def replace_many(
        self, patterns: Sequence[str], replace_with: Sequence[str], leftmost: bool = False
    ) -> "Texts":
        """Single characters in one go; longer texts in the order given, from the left."""
        if not leftmost:
            table = str.maketrans(dict(zip(patterns, replace_with, strict=True)))
            return self._each(lambda text: text.translate(table))
        pairs = _by_first(tuple(patterns), tuple(replace_with))
        return self._each(lambda text: _replace_leftmost(text, pairs))

    def to_lowercase(self) -> "Texts":
        return self._each(str.lower)

    def strip_chars(self, characters: str) -> "Texts":
        return self._each(lambda text: text.strip(characters))


class Texts:
    """A column of texts with the calls of a Polars series that the steps make."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self.str = _Kernels(texts)

    def __len__(self) -> int:
        return len(self._texts)

    def to_list(self) -> list[str]:
        """The texts."""
        return self._texts

    def clone(self) -> "Texts":
        """A column of its own."""
        return Texts(list(self._texts))

    def gather(self, places: list[int]) -> "Texts":
        """The texts at some places."""
        return Texts([self._texts[place] for place in places])

    def scatter(self, places: list[int], values: "Texts | list[str]") -> "Texts":
        """Put texts at some places of this very column."""
        new = values.to_list() if isinstance(values, Texts) else values
        for place, text in zip(places, new, strict=True):
            self._texts[place] = text
        return self

    def replace(self, old: str, new: str) -> "Texts":
        """Replace whole texts."""
        return Texts([new if text == old else text for text in self._texts])
