"""Hashed n-grams of words and of characters: what a linear model reads, for a network's wide part.

In: cleaned texts. Out: a sparse matrix of (texts, features), weighted by TF-IDF. A feature's place
is the hash of its n-gram (Weinberger et al. 2009); how many texts hold it is counted on training
rows alone.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from sluice.errors import ModelError
from sluice.params import Section, parse_section
from sluice.text.hashing import count_hashed
from sluice.tokens import Ngrams

if TYPE_CHECKING:  # scikit-learn takes seconds to load, and a model at work needs none of it
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import HashingVectorizer

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


def _hasher(
    analyzer: Literal["word", "char_wb"], span: Range, params: NgramParams
) -> "HashingVectorizer":
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        analyzer=analyzer,
        ngram_range=span,
        n_features=params.buckets,
        token_pattern=r"\S+" if analyzer == "word" else None,
        alternate_sign=False,
        norm=None,
        lowercase=False,
        dtype=np.float32,
    )


def count_ngrams(texts: Sequence[str], params: NgramParams) -> "csr_matrix":
    """Counts of hashed n-grams, those of words before those of characters: (texts, features)."""
    from scipy.sparse import csr_matrix, hstack

    words = _hasher("word", params.words, params).transform(texts)
    characters = _hasher("char_wb", params.characters, params).transform(texts)
    return csr_matrix(hstack([words, characters], format="csr"))


class NgramReader(NamedTuple):
    """N-grams with what was counted on training rows."""

    params: NgramParams
    texts: int
    """How many training texts there were."""
    holding: npt.NDArray[np.int64]
    """How many of them hold each feature, (features,)."""

    def read(self, texts: Sequence[str]) -> "csr_matrix":
        """Weights of texts' n-grams, (texts, features); see `weigh`."""
        return self.weigh(count_ngrams(texts, self.params))

    def weigh(self, counts: "csr_matrix") -> "csr_matrix":
        """Weights of counted n-grams, each of the two kinds scaled to unit length.

        A feature weighs (1 + ln count) (1 + ln((1 + n) / (1 + n_feature))): sublinear TF-IDF with
        smoothed document frequencies (Manning, Raghavan & Schuetze 2008, 6.4.1; scikit-learn).
        """
        from scipy.sparse import csr_matrix, hstack
        from sklearn.preprocessing import normalize

        rarity = 1 + np.log((1 + self.texts) / (1 + self.holding))
        data = (1 + np.log(counts.data)) * rarity[counts.indices].astype(np.float32)
        matrix = csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
        edge = self.params.buckets
        halves = [normalize(half) for half in (matrix[:, :edge], matrix[:, edge:])]
        return csr_matrix(hstack(halves, format="csr"))

    def read_rows(self, texts: Sequence[str]) -> Ngrams:
        """The same n-grams and weights as arrays, one text behind the other, by NumPy alone."""
        params = self.params
        found = count_hashed(texts, params.words, params.characters, params.buckets)
        rarity = 1 + np.log((1 + self.texts) / (1 + self.holding[found.places]))
        weights = (1 + np.log(found.counts)) * rarity.astype(np.float32)
        half = 2 * found.rows + (found.places >= params.buckets)
        squares = np.bincount(half, weights.astype(np.float64) ** 2, 2 * len(texts))
        scaled = (weights / np.sqrt(squares[half])).astype(np.float32)
        starts = np.searchsorted(found.rows, np.arange(len(texts)))
        return Ngrams(found.places, starts, scaled)

    def describe(self) -> dict[str, Any]:
        """A JSON-ready value that `load_ngrams` understands."""
        params = self.params.model_dump(mode="json")
        return {"params": params, "texts": self.texts, "holding": self.holding.tolist()}


def fit_counts(counts: "csr_matrix", params: NgramParams) -> NgramReader:
    """Count in how many training texts each feature is, by their `count_ngrams`."""
    return NgramReader(params, counts.shape[0], counts.getnnz(axis=0).astype(np.int64))


def fit_ngrams(texts: Sequence[str], params: NgramParams) -> NgramReader:
    """Count in how many training texts each feature is."""
    return fit_counts(count_ngrams(texts, params), params)


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
