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

_ASCII_EDGE = r"(?-u:\b)"
_ASCII_EDGE_AROUND = r"(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"
_CLASS = re.compile(r"\\[wWbBsSdDpP]|\(\?i|--")
# Where case is ignored, Python counts the dotted capital I as an i, Rust does not.
_SMALL_I = "(?-i:[iI])"
_LETTERS = "(?-i:[A-Za-z0-9\u017f\u212a-])"


@lru_cache(maxsize=256)
def translate_pattern(pattern: str) -> "re.Pattern[str] | regex.Pattern[str]":
    """Compile a pattern that was written for Polars, whose syntax is that of Rust's regex.

    Python's own module is the faster one. It knows no class of Unicode, and counts no combining
    mark as part of a word, which Rust does: patterns that name such classes are for `regex`.
    """
    plain = re.sub(r"\\x\{([0-9A-F]+)\}", lambda found: chr(int(found[1], 16)), pattern)
    plain = re.sub(r"(?<![\\\[])\$", r"\\Z", plain)
    if not _CLASS.search(plain.replace(_ASCII_EDGE, "")):
        return re.compile(plain.replace(_ASCII_EDGE, r"(?a:\b)"))
    plain = plain.replace(_ASCII_EDGE, _ASCII_EDGE_AROUND).replace(r"\pC", r"\p{C}")
    if plain.startswith("(?i)"):
        plain = "(?i)" + re.sub(r"(?<!\\)i", _SMALL_I, plain[4:]).replace("[a-z0-9-]", _LETTERS)
    return regex.compile(plain, regex.V1 if "--" in plain else regex.V0)


@lru_cache(maxsize=256)
def _translate_words(words: str) -> str:
    return re.sub(r"\$\{(\d+)\}", r"\\g<\1>", words.replace("\\", r"\\"))


class _Leftmost:
    """Replaces texts by others: at each place the first of the old ones that stands there."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        # By their first character, in the order given; neighbours of one length share a look-up.
        self._groups: dict[str, list[tuple[int, dict[str, str]]]] = {}
        for old, new in pairs:
            groups = self._groups.setdefault(old[0], [])
            if not groups or groups[-1][0] != len(old):
                groups.append((len(old), {}))
            groups[-1][1].setdefault(old, new)
        starts = "".join(map(re.escape, self._groups))
        self._start = re.compile(f"[{starts}]")

    def replace(self, text: str) -> str:
        """The text with all that is to be replaced."""
        parts: list[str] = []
        done, found = 0, self._start.search(text)
        while found:
            place = end = found.start()
            for length, olds in self._groups[text[place]]:
                new = olds.get(text[place : place + length])
                if new is not None:
                    parts += (text[done:place], new)
                    done = end = place + length
                    break
            found = self._start.search(text, max(end, place + 1))
        return "".join([*parts, text[done:]])


@lru_cache(maxsize=8)
def _leftmost(olds: tuple[str, ...], news: tuple[str, ...]) -> _Leftmost:
    return _Leftmost(zip(olds, news, strict=True))


def _replace_characters(text: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Replace characters one after the other; none is in what another one becomes."""
    for old, new in pairs:
        if old in text:
            text = text.replace(old, new)
    return text


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
        """Single characters in any order; longer texts in the order given, from the left."""
        if leftmost:
            return self._each(_leftmost(tuple(patterns), tuple(replace_with)).replace)
        pairs = list(zip(patterns, replace_with, strict=True))
        return self._each(lambda text: _replace_characters(text, pairs))

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
