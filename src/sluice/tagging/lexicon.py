"""Words, characters and tags of the training part as numbers.

In: sentences of tokens. Out: for each different token its word, its characters and its pretrained
vector, and for each sentence which tokens stand where. Nothing is learnt from other parts: an
unseen word has its characters, and its vector where the pretrained ones hold it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.errors import ModelError
from sluice.tagging.settings import Words
from sluice.text.vectors import load_vectors
from sluice.tokens import PADDING, UNKNOWN, Ints, TokenRows, token_rows

_DIGIT = re.compile(r"\d")
_MARGIN = re.compile(r"^[\W_]+|[\W_]+$")
RESERVED = 2
"""Numbers taken by PADDING and UNKNOWN."""


CASINGS = (
    re.compile(r"@\w+"),
    re.compile(r"#\w+"),
    re.compile(r"(?i)(https?:|www\.).*"),
    re.compile(r"(?=.*\d)[\d.,:%/-]+"),
    re.compile(r".*\d.*"),
    re.compile(r"[^\W\d_]"),
    re.compile(r"\W+"),
)
"""Kinds of spelling that come before those of capitals; the first that matches the whole token."""
CASING_KINDS = len(CASINGS) + 4


def casing(token: str) -> int:
    """The kind of a token's spelling (Huang et al. 2015, 4.2.1), below `CASING_KINDS`.

    A mention, a tag, a link, a number, a word with digits, a letter, marks; then small letters, an
    initial capital, all capitals, capitals within.
    """
    for kind, pattern in enumerate(CASINGS):
        if pattern.fullmatch(token):
            return kind
    capitals = (token.islower(), token[1:].islower() and token[:1].isupper(), token.isupper(), True)
    return len(CASINGS) + capitals.index(True)


def normal(token: str) -> str:
    """The word that a token is: small letters, any digit as 0 (Lample et al. 2016, 5.1)."""
    return _DIGIT.sub("0", token.lower())


class Forms(NamedTuple):
    """What is known of each different token, row by row."""

    words: Ints
    """Word, (forms,)."""
    characters: Ints
    """Characters, padded, (forms, longest)."""
    lengths: Ints
    """Characters of each, at least 1, (forms,)."""
    vectors: npt.NDArray[np.float32]
    """Pretrained vectors, zeros where none is known, (forms, features); no features without."""
    casings: Ints
    """Kind of spelling, see `casing`, (forms,)."""


class Encoded(NamedTuple):
    """Sentences as numbers."""

    forms: Forms
    rows: TokenRows
    """Which form stands where."""
    tags: TokenRows | None
    """Tag of each token; none of texts that are yet to be tagged."""


def _short(token: str, longest: int) -> str:
    """The begin and the end of a word that is too long; its suffix says more than its middle."""
    if len(token) <= longest:
        return token
    return token[: longest - longest // 3] + token[-(longest // 3) :]


def _vectors(words: Words, forms: list[str]) -> npt.NDArray[np.float32]:
    """Vectors of the words in small letters; without what stands at the margins if there is none.

    Raises:
        ResourceError: the wheel of the vectors is not installed.
    """
    if words.vectors is None:
        return np.zeros((len(forms), 0), dtype=np.float32)
    small = [form.lower() for form in forms]
    found = load_vectors(words.vectors, small)
    lacking = np.flatnonzero(~found.any(axis=1))
    bare = [_MARGIN.sub("", small[at]) for at in lacking]
    if bare:
        found[lacking] = load_vectors(words.vectors, bare)
    return found


class Lexicon(NamedTuple):
    """Numbers of words, characters and tags; `RESERVED` comes first in the first two."""

    words: dict[str, int]
    characters: dict[str, int]
    tags: tuple[str, ...]

    def _forms(self, forms: list[str], words: Words) -> Forms:
        cut = [_short(form, words.longest) for form in forms]
        lengths = np.fromiter(map(len, cut), np.int64, len(cut))
        table = np.full((len(cut), int(lengths.max(initial=1))), PADDING, dtype=np.int64)
        for row, form in zip(table, cut, strict=True):
            row[: len(form)] = [self.characters.get(one, UNKNOWN) for one in form]
        numbers = np.array([self.words.get(normal(form), UNKNOWN) for form in forms], np.int64)
        casings = np.fromiter(map(casing, forms), np.int64, len(forms))
        return Forms(numbers, table, lengths, _vectors(words, forms), casings)

    def encode(
        self,
        sentences: Sequence[Sequence[str]],
        words: Words,
        tags: Sequence[Sequence[str]] | None = None,
    ) -> Encoded:
        """Write sentences as numbers, and their tags if they are known.

        Raises:
            KeyError: a tag is not one of `tags`.
            ResourceError: the wheel of the vectors is not installed.
        """
        flat = [token for sentence in sentences for token in sentence]
        known = {form: at for at, form in enumerate(dict.fromkeys(flat))}
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        longest = int(lengths.max())
        rows = token_rows([known[token] for token in flat], lengths, longest)
        truth = None
        if tags is not None:
            places = {tag: at for at, tag in enumerate(self.tags)}
            truth = token_rows([places[tag] for row in tags for tag in row], lengths, longest)
        return Encoded(self._forms(list(known), words), rows, truth)

    def describe(self) -> dict[str, Any]:
        """As JSON; see `read_lexicon`."""
        return {
            "words": list(self.words),
            "characters": list(self.characters),
            "tags": list(self.tags),
        }


def _numbered(names: Sequence[str]) -> dict[str, int]:
    return {name: at + RESERVED for at, name in enumerate(names)}


def read_lexicon(content: Any) -> Lexicon:
    """Read what `Lexicon.describe` gave.

    Raises:
        ModelError: it is of another form.
    """
    keys = ("words", "characters", "tags")
    lists = [content.get(key) if isinstance(content, dict) else None for key in keys]
    if not all(isinstance(one, list) and all(isinstance(w, str) for w in one) for one in lists):
        raise ModelError(f"the lexicon must hold lists of texts: {', '.join(keys)}")
    words, characters, tags = (one or [] for one in lists)
    return Lexicon(_numbered(words), _numbered(characters), tuple(tags))


def make_lexicon(
    sentences: Sequence[Sequence[str]], tags: tuple[str, ...], words: Words
) -> Lexicon:
    """Number the words of training sentences that are frequent enough, and their characters."""
    flat = [token for sentence in sentences for token in sentence]
    counts = Counter(map(normal, flat))
    kept = sorted(word for word, count in counts.items() if count >= words.minimum)
    return Lexicon(_numbered(kept), _numbered(sorted(set("".join(flat)))), tags)
