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

from sluice.tokens import Ints, find_entries, offsets_of

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


def _places(ngrams: Sequence[str], buckets: int) -> Ints:
    """Weinberger et al. 2009 without the sign: MurmurHash3 (Appleby 2011), 32 bits, seed 0."""
    found = np.fromiter(map(mmh3.hash, ngrams), np.int64, len(ngrams))
    places: Ints = np.abs(found) % buckets
    # The least number has no absolute value in 32 bits; scikit-learn's way round.
    places[found == _LEAST] = (2**31 - 1 - (buckets - 1)) % buckets
    return places


def _pieces(word: str, span: Span) -> Iterator[str]:
    """N-grams of characters of a word between spaces; a word that is shorter counts once, whole."""
    padded = f" {word} "
    for size in range(span[0], span[1] + 1):
        yield from (padded[at : at + size] for at in range(max(len(padded) - size, 0) + 1))
        if len(padded) <= size:
            return


@lru_cache(maxsize=100_000)
def _word_places(word: str, span: Span, buckets: int) -> Ints:
    return buckets + _places(list(_pieces(word, span)), buckets)


def _runs(tokens: Sequence[Sequence[str]], size: int) -> list[str]:
    """N-grams of words, text after text."""
    return [" ".join(row[at : at + size]) for row in tokens for at in range(len(row) - size + 1)]


def _spread(parts: Sequence[Ints], chosen: Ints) -> tuple[Ints, Ints]:
    """Lay the chosen parts one behind the other; and the length of each."""
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    places, _ = find_entries(offsets_of(sizes), chosen)
    return np.concatenate(parts)[places], sizes[chosen]


def count_hashed(texts: Sequence[str], words: Span, characters: Span, buckets: int) -> Counts:
    """Count hashed n-grams of words, and behind `buckets` those of characters within words."""
    tokens = [text.split() for text in texts]
    known: dict[str, int] = {}
    flat = [known.setdefault(token, len(known)) for row in tokens for token in row]
    if not flat:
        nothing = np.zeros(0, np.int64)
        return Counts(nothing, nothing.astype(np.float32), nothing)
    numbers, lengths = np.array(flat), np.fromiter(map(len, tokens), np.int64, len(tokens))
    texts_of = np.repeat(np.arange(len(tokens)), lengths)
    pieces, sizes = _spread([_word_places(word, characters, buckets) for word in known], numbers)
    places, rows = [pieces], [np.repeat(texts_of, sizes)]
    for size in range(words[0], words[1] + 1):
        if size == 1:
            places.append(_places(list(known), buckets)[numbers])
            rows.append(texts_of)
        else:
            places.append(_places(_runs(tokens, size), buckets))
            rows.append(np.repeat(np.arange(len(tokens)), np.maximum(lengths - size + 1, 0)))
    edge = 2 * buckets
    keys, counts = np.unique(
        np.concatenate(places) + np.concatenate(rows) * edge, return_counts=True
    )
    return Counts(keys % edge, counts.astype(np.float32), keys // edge)
