"""What a teacher tells: vectors of texts, and of words.

In and out: arrays. It knows neither the teacher nor the network that learns.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.tokens import TaughtRows

WORD_FEATURES = 128
"""Principal components of words that are kept: they hold most of what differs."""
_SPREAD = 0.3  # of a word's numbers: standard deviation
_LEAST = 0.1  # of the median deviation: a number that hardly varies is not blown up
_SEED = 0
Vectors = npt.NDArray[np.float32]


class Lessons(NamedTuple):
    """What a teacher made of texts."""

    texts: TaughtRows
    """A vector of each text that was read, each number standardised over the training texts.

    Rows are the training texts, and behind them those of `noised`.
    """
    words: dict[str, int]
    """Row of each word that stood in them."""
    meanings: Vectors
    """The mean of what the teacher made of a word where it stood, (words, features)."""
    noised: Sequence[str] = ()
    """Texts with words exchanged that were read as well."""
    seconds: float = 0.0
    """Wall-clock time of the reading, in whichever training it was done."""


class Meanings:
    """Sums of what a word became in each place where it stood."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._sums = np.zeros((0, 0), np.float32)
        self._counts = np.zeros(0, np.int64)

    def add(self, words: Sequence[str], vectors: Vectors) -> None:
        """Count words with the vector of each, (words, features)."""
        rows = [self.rows.setdefault(word, len(self.rows)) for word in words]
        if len(self.rows) > len(self._counts):
            more = 2 * len(self.rows) - len(self._counts)
            wider = vectors.shape[1] - self._sums.shape[1]  # all of them at first, then none
            self._sums = np.pad(self._sums, ((0, more), (0, wider)))
            self._counts = np.pad(self._counts, (0, more))
        np.add.at(self._sums, rows, vectors)
        np.add.at(self._counts, rows, 1)

    def means(self) -> Vectors:
        """(words, features)"""
        count = len(self.rows)
        return (self._sums[:count] / self._counts[:count, None]).astype(np.float32)


def standardise(rows: Vectors, count: int) -> Vectors:
    """Give each number mean 0 and deviation 1 over the first rows, one that hardly varies less."""
    first = rows[:count]
    spread = first.std(axis=0, dtype=np.float64)
    scale = np.maximum(spread, _LEAST * np.median(spread))
    scale[scale == 0] = 1
    found: Vectors = ((rows - first.mean(axis=0, dtype=np.float64)) / scale).astype(np.float32)
    return found


def word_vectors(lessons: Lessons, words: Sequence[str]) -> Vectors:
    """Principal components of what words mean where they stand.

    A word's meaning is the mean of its vectors in context, after Bommasani et al. 2020, ACL. The
    components are those of these words: vectors of two calls do not compare.

    Returns:
        (words, WORD_FEATURES); zeros for a word that the teacher did not meet, and behind the
        components of fewer words.
    """
    from sklearn.decomposition import PCA

    found = np.zeros((len(words), WORD_FEATURES), dtype=np.float32)
    known = [at for at, word in enumerate(words) if word in lessons.words]
    read = lessons.meanings[[lessons.words[words[at]] for at in known]]
    if not len(read) or not np.ptp(read, axis=0).any():  # nothing to tell apart
        return found
    kept = min(WORD_FEATURES, *read.shape)
    components = PCA(kept, random_state=_SEED).fit_transform(read.astype(np.float64))
    found[known, :kept] = components * (_SPREAD / components.std())
    return found
