"""A network's wide part without torch: what n-grams add to the logits, each word summed up once.

In: cleaned texts, and the weight of each n-gram. Out: logits. N-grams weigh what
`NgramReader.weigh` says; the sums are taken in another order, which changes their last bits.
"""

from collections.abc import Sequence
from itertools import chain, islice
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from sluice.text.hashing import Hashes, character_places, word_hashes, word_places
from sluice.text.ngrams import NgramReader
from sluice.tokens import Ints

MOST_WORDS = 100_000
"""Words that are remembered; then it begins anew."""
Floats = npt.NDArray[np.float32]


def _sum_rows(parts: Floats, rows: Ints, count: int) -> npt.NDArray[np.float64]:
    """Sums of the entries of each row, (count, columns)."""
    if count == 1:
        return np.add.reduce(parts, axis=0, dtype=np.float64, keepdims=True)
    sums: npt.NDArray[np.float64]
    sums = np.stack([np.bincount(rows, column, count) for column in parts.T], axis=1)
    return sums


class LinearPart:
    """The wide part of a network; several threads may ask it at once."""

    def __init__(
        self, reader: NgramReader, weights: npt.NDArray[Any], words: Sequence[str] = ()
    ) -> None:
        """Take the n-grams of `reader`, and what each adds to each logit, (features, labels).

        `words` are summed up at once: frequent ones, so that the first texts do not wait for them.
        """
        self._params, self._lock = reader.params, Lock()
        rarity = reader.rarity[:, None]
        # What an occurrence adds to the logits and, last, to the square of what divides them.
        self._parts: Floats = np.hstack([weights.astype(np.float32) * rarity, rarity**2])
        self._forget()
        self._look_up([words])

    def _forget(self) -> None:
        self._known: dict[str, int] = {}
        self._hashes = np.zeros(1024, np.uint32)
        self._sums = np.zeros((1024, self._parts.shape[1]), np.float32)  # of a word's characters

    def _learn(self, words: list[str], first: int) -> None:
        """Hash and sum up words that are met for the first time."""
        end = first + len(words)
        if end > len(self._hashes):
            more = 2 * end - len(self._hashes)
            self._hashes = np.pad(self._hashes, (0, more))
            self._sums = np.pad(self._sums, ((0, more), (0, 0)))
        self._hashes[first:end] = word_hashes(words)
        places, starts = character_places(words, self._params.characters, self._params.buckets)
        self._sums[first:end] = np.add.reduceat(self._parts[places], starts, axis=0)

    def _look_up(self, tokens: Sequence[Sequence[str]]) -> tuple[Hashes, Floats]:
        """Hash of each token and sum of its characters, one text behind the other."""
        with self._lock:
            if len(self._known) > MOST_WORDS:
                self._forget()
            known, before = self._known, len(self._known)
            flat = [known.setdefault(word, len(known)) for word in chain.from_iterable(tokens)]
            if len(known) > before:
                fresh = list(islice(reversed(known), len(known) - before))
                self._learn(fresh[::-1], before)
            numbers = np.array(flat, np.int64)
            return self._hashes[numbers], self._sums[numbers]

    def logits(self, texts: Sequence[str]) -> Floats:
        """What the n-grams of cleaned texts add to the logits, (texts, labels)."""
        tokens = [text.split() for text in texts]
        lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
        owners = np.repeat(np.arange(len(tokens)), lengths)
        hashes, letters = self._look_up(tokens)
        places, rows = word_places(hashes, owners, self._params.words, self._params.buckets)
        found = np.zeros((len(tokens), letters.shape[1] - 1))
        for parts, which in ((self._parts[places], rows), (letters, owners)):
            sums = _sum_rows(parts, which, len(tokens))
            root = np.sqrt(sums[:, -1:])
            found += np.divide(sums[:, :-1], root, out=np.zeros_like(found), where=root > 0)
        return found.astype(np.float32)
