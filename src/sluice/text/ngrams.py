"""Hashed n-grams of words and of characters: what a linear model reads, for a network's wide part.

In: cleaned texts. Out: rows of features, weighted by TF-IDF. A feature's place
is the hash of its n-gram (Weinberger et al. 2009); how many texts hold it is counted on training
rows alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from sluice.errors import ModelError
from sluice.params import Section, parse_section
from sluice.spool import Spool
from sluice.text.hashing import count_hashed
from sluice.tokens import NgramRows, offsets_of

_AT_ONCE = 8192
"""Rows that are weighed at a time: a row has some hundred entries."""
Range = tuple[int, int]


class NgramParams(Section):
    """Which n-grams the wide part reads."""

    words: Range = (1, 2)
    """Shortest and longest n-gram of words."""
    characters: Range = (3, 5)
    """Shortest and longest n-gram of characters within a word."""
    buckets: int = Field(65_536, ge=16, le=2**24)
    """Places that the n-grams of each of the two kinds are hashed to."""

    @model_validator(mode="after")
    def _ordered(self) -> "NgramParams":
        for name in ("words", "characters"):
            low, high = getattr(self, name)
            if not 1 <= low <= high:
                raise ValueError(f"{name}: [{low}, {high}] must be 1 or more, and not fall")
        return self

    @property
    def features(self) -> int:
        """Columns of the matrix."""
        return 2 * self.buckets


def count_ngrams(texts: Sequence[str], params: NgramParams) -> NgramRows:
    """Hashed n-grams of texts, those of words before those of characters; weights are counts."""
    found = count_hashed(texts, params.words, params.characters, params.buckets)
    offsets = np.searchsorted(found.rows, np.arange(len(texts) + 1))
    return NgramRows(found.places.astype(np.int32), offsets.astype(np.int64), found.counts)


class NgramSpool:
    """Rows of n-grams that are appended chunk by chunk, in memory or in nameless files."""

    def __init__(self, folder: Path | None) -> None:
        self._ids, self._weights = Spool(np.int32, folder), Spool(np.float32, folder)
        self._lengths = Spool(np.int64)

    def append(self, rows: NgramRows) -> NgramRows:
        """Add rows behind the others; give them back."""
        self._ids.append(rows.ids)
        self._weights.append(rows.weights)
        self._lengths.append(np.diff(rows.offsets))
        return rows

    def rows(self) -> NgramRows:
        """All rows; their weights may be written over."""
        offsets = offsets_of(self._lengths.array())
        return NgramRows(self._ids.array(), offsets, self._weights.array())


@dataclass(frozen=True, eq=False)
class NgramReader:
    """N-grams with what was counted on training rows."""

    params: NgramParams
    texts: int
    """How many training texts there were."""
    holding: npt.NDArray[np.int64]
    """How many of them hold each feature, (features,)."""

    @cached_property
    def rarity(self) -> npt.NDArray[np.float32]:
        """Inverse document frequency of each feature, (features,)."""
        rarity: npt.NDArray[np.float64] = 1 + np.log((1 + self.texts) / (1 + self.holding))
        return rarity.astype(np.float32)

    def read(self, texts: Sequence[str]) -> NgramRows:
        """Weights of texts' n-grams; see `weigh`."""
        counted = count_ngrams(texts, self.params)
        return replace(counted, weights=self.weigh(counted))

    def weigh(self, counted: NgramRows) -> npt.NDArray[np.float32]:
        """Weights of counted n-grams, of each of the two kinds apart, (entries,).

        A feature weighs count x rarity / sqrt(sum of counts x rarities squared), its rarity being
        1 + ln((1 + n) / (1 + n_feature)): TF-IDF with smoothed document frequencies (Manning,
        Raghavan & Schuetze 2008, 6.4.1; scikit-learn). Each occurrence counts as a feature of
        its own, so that what a word adds does not depend on the words beside it but for the root:
        who answers many texts sums each word up once.

        Args:
            counted: rows of n-grams; their weights are their counts.
        """
        rarity, half = self.rarity[counted.ids], 2 * counted.owners
        half += counted.ids >= self.params.buckets
        squares = np.bincount(half, counted.weights * rarity.astype(np.float64) ** 2)
        scaled: npt.NDArray[np.float64] = counted.weights * rarity / np.sqrt(squares[half])
        return scaled.astype(np.float32)

    def describe(self) -> dict[str, Any]:
        """A JSON-ready value that `load_ngrams` understands."""
        params = self.params.model_dump(mode="json")
        return {"params": params, "texts": self.texts, "holding": self.holding.tolist()}


def fit_ngrams(chunks: Iterable[Sequence[str]], params: NgramParams) -> NgramReader:
    """Count in how many training texts each feature is."""
    return _fit(params, (count_ngrams(texts, params) for texts in chunks))


def _fit(params: NgramParams, counted: Iterable[NgramRows]) -> NgramReader:
    texts, holding = 0, np.zeros(params.features, np.int64)
    for rows in counted:
        texts += len(rows)
        holding += np.bincount(rows.ids, minlength=params.features)
    return NgramReader(params, texts, holding)


def fit_and_read_ngrams(
    chunks: Iterable[Sequence[str]], params: NgramParams, folder: Path | None = None
) -> tuple[NgramReader, NgramRows]:
    """Fit, and read the same texts, which are counted once for both.

    Args:
        chunks: training texts, some at a time.
        params: which n-grams.
        folder: where files without a name may hold the rows; None keeps them in memory.
    """
    spool = NgramSpool(folder)
    fitted = _fit(params, map(spool.append, (count_ngrams(texts, params) for texts in chunks)))
    rows = spool.rows()
    for first in range(0, len(rows), _AT_ONCE):
        part = rows.part(first, first + _AT_ONCE)
        part.weights[:] = fitted.weigh(part)
    return fitted, rows


def load_ngrams(description: dict[str, Any]) -> NgramReader:
    """Build the reader that `NgramReader.describe` described.

    Raises:
        KeyError, TypeError, ValueError, ParamsError: the description is of another form.
        ModelError: its counts do not fit its parameters.
    """
    params = parse_section(description["params"], NgramParams, "ngrams")
    holding = np.array(description["holding"], dtype=np.int64)
    if holding.shape != (params.features,):
        raise ModelError(
            f"ngrams: {holding.shape} counts for {params.features} features: train the model again"
        )
    return NgramReader(params, int(description["texts"]), holding)
