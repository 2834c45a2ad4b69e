"""Hashes the n-grams of texts as scikit-learn's HashingVectorizer does, without scikit-learn.

In: cleaned texts. Out: places and counts of their n-grams. A word's n-grams of characters do not
depend on its neighbours, so each different word is cut and hashed once. What the counts weigh is
`sluice.text.ngrams`' matter.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import mmh3
import numpy as np
import numpy.typing as npt

from sluice.tokens import Ints

Span = tuple[int, int]
_LEAST = -(2**31)


class Counts(NamedTuple):
    """N-grams of several texts, one text behind the other, places rising within a text."""

    places: Ints
    """Feature of each entry, (entries,)."""
    counts: npt.NDArray[np.float32]
    """How often the text holds it, (entries,)."""
    rows: Ints
    """Number of the text, (entries,)."""


@lru_cache(maxsize=500_000)
def _place(ngram: str, buckets: int) -> int:
    """Weinberger et al. 2009 without the sign: MurmurHash3 (Appleby 2011), 32 bits, seed 0."""
    found = mmh3.hash(ngram, 0)
    if found == _LEAST:  # which has no absolute value in 32 bits; scikit-learn's way round
        return (2**31 - 1 - (buckets - 1)) % buckets
    return abs(found) % buckets


def _pieces(word: str, span: Span) -> Iterator[str]:
    """N-grams of characters of a word between spaces; a word that is shorter counts once, whole."""
    padded = f" {word} "
    for size in range(span[0], span[1] + 1):
        yield from (padded[at : at + size] for at in range(max(len(padded) - size, 0) + 1))
        if len(padded) <= size:
            return


@lru_cache(maxsize=100_000)
def _word_places(word: str, span: Span, buckets: int) -> tuple[int, ...]:
    return tuple(buckets + _place(piece, buckets) for piece in _pieces(word, span))


def _text_places(text: str, words: Span, characters: Span, buckets: int) -> list[int]:
    tokens = text.split()
    found = []
    for size in range(words[0], words[1] + 1):
        runs = (
            tokens
            if size == 1
            else [" ".join(tokens[at : at + size]) for at in range(len(tokens) - size + 1)]
        )
        found += [_place(run, buckets) for run in runs]
    for token in tokens:
        found += _word_places(token, characters, buckets)
    return found


def count_hashed(texts: Sequence[str], words: Span, characters: Span, buckets: int) -> Counts:
    """Count hashed n-grams of words, and behind `buckets` those of characters within words."""
    found = [_text_places(text, words, characters, buckets) for text in texts]
    rows = np.repeat(np.arange(len(found)), [len(row) for row in found])
    flat = np.fromiter((place for row in found for place in row), np.int64, len(rows))
    keys, counts = np.unique(flat + rows * (2 * buckets), return_counts=True)
    return Counts(keys % (2 * buckets), counts.astype(np.float32), keys // (2 * buckets))
