"""Hashes the n-grams of texts: each different word is hashed once, and so are its characters.

In: cleaned texts. Out: places and counts of their n-grams. An n-gram of characters lies within a
word and has the place that scikit-learn's HashingVectorizer gives it; an n-gram of words has its
place by the hashes of its words. What the counts weigh is `sluice.text.ngrams`' matter.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import mmh3
import numpy as np
import numpy.typing as npt

from sluice.tokens import Ints, find_entries, offsets_of

Span = tuple[int, int]
Hashes = npt.NDArray[np.uint32]
_LEAST = -(2**31)
_BASE = np.uint32(16_777_619)


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


def character_places(words: Sequence[str], span: Span, buckets: int) -> tuple[Ints, Ints]:
    """Places of words' n-grams of characters, from `buckets` on; and where each word's start."""
    pieces = [list(_pieces(word, span)) for word in words]
    sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
    places = buckets + _places(list(chain.from_iterable(pieces)), buckets)
    return places, sizes.cumsum() - sizes


@lru_cache(maxsize=100_000)
def _places_of(word: str, span: Span, buckets: int) -> Ints:
    return character_places([word], span, buckets)[0]


def word_hashes(words: Iterable[str]) -> Hashes:
    """MurmurHash3 (Appleby 2011) of each word, 32 bits, seed 0."""
    return np.array([mmh3.hash(word, signed=False) for word in words], np.uint32)


def _mixed(hashes: Hashes) -> Hashes:
    """MurmurHash3's last step, after which each bit depends on all."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes = (hashes ^ (hashes >> np.uint32(shift))) * np.uint32(factor)
    mixed: Hashes = hashes ^ (hashes >> np.uint32(16))
    return mixed


def word_places(hashes: Hashes, owners: Ints, span: Span, buckets: int) -> tuple[Ints, Ints]:
    """Places of n-grams of words, and the text of each, shorter n-grams first.

    An n-gram's hash is the polynomial of its words' hashes (Karp & Rabin 1987), mixed.

    Args:
        hashes: of each word, one text behind the other, (words,).
        owners: number of the text of each, rising, (words,).
        span: shortest and longest n-gram.
        buckets: how many places there are.
    """
    found, texts, rolled = [], [], hashes
    for size in range(1, span[1] + 1):
        if size > 1:
            rolled = rolled[: max(len(hashes) - size + 1, 0)] * _BASE + hashes[size - 1 :]
        if size >= span[0]:
            inside = owners[: len(rolled)] == owners[size - 1 :]
            found.append(rolled[inside])
            texts.append(owners[: len(rolled)][inside])
    places = _mixed(np.concatenate(found)) % np.uint32(buckets)
    return places.astype(np.int64), np.concatenate(texts)


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
    pieces, sizes = _spread([_places_of(word, characters, buckets) for word in known], numbers)
    runs, rows = word_places(word_hashes(known)[numbers], texts_of, words, buckets)
    edge = 2 * buckets
    keys, counts = np.unique(
        np.concatenate([pieces + np.repeat(texts_of, sizes) * edge, runs + rows * edge]),
        return_counts=True,
    )
    return Counts(keys % edge, counts.astype(np.float32), keys // edge)
