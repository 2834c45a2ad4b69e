"""Hashed n-grams of words and of characters: what a linear model reads, for a network's wide part.

In: cleaned texts. Out: a sparse matrix of (texts, features) whose rows have length one. Nothing is
fitted, so nothing can leak: a feature's place is the hash of its n-gram (Weinberger et al. 2009).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field, model_validator
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer

from sluice.params import Section

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
) -> HashingVectorizer:
    return HashingVectorizer(
        analyzer=analyzer,
        ngram_range=span,
        n_features=params.buckets,
        token_pattern=r"\S+" if analyzer == "word" else None,
        alternate_sign=False,
        lowercase=False,
        dtype=np.float32,
    )


def hash_ngrams(texts: Sequence[str], params: NgramParams) -> csr_matrix:
    """Counts of hashed n-grams, each kind scaled to unit length: (texts, `params.features`)."""
    words = _hasher("word", params.words, params).transform(texts)
    characters = _hasher("char_wb", params.characters, params).transform(texts)
    return csr_matrix(hstack([words, characters], format="csr"))
