"""Hashed n-grams: those of characters are scikit-learn's, those of words of plain loops."""

import mmh3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer

from sluice.text import hashing
from sluice.text.ngrams import NgramParams, count_ngrams

CHOICES = [
    NgramParams(buckets=64),
    NgramParams(words=(2, 3), characters=(1, 9), buckets=1000),
    NgramParams(words=(1, 1), characters=(4, 4), buckets=16),
]
WORDS = st.text(st.characters(exclude_categories=("Cs", "Z", "Cc")), min_size=1, max_size=8)
TEXTS = st.lists(st.lists(WORDS | st.sampled_from(["so", "not", "a"])).map(" ".join), max_size=6)


def hashed_characters(texts: list[str], params: NgramParams) -> csr_matrix:
    """Counts by scikit-learn."""
    low, high = params.characters
    return HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(low, high),
        n_features=params.buckets,
        alternate_sign=False,
        norm=None,
        lowercase=False,
    ).transform(texts)


def hashed_words(texts: list[str], params: NgramParams) -> np.ndarray:
    """Counts of n-grams of words, one by one with Python's numbers."""
    counts = np.zeros((len(texts), params.buckets))
    for row, text in enumerate(texts):
        words = text.split()
        for size in range(params.words[0], params.words[1] + 1):
            for at in range(len(words) - size + 1):
                found = 0
                for word in words[at : at + size]:
                    found = (found * 16_777_619 + mmh3.hash(word, signed=False)) % 2**32
                for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
                    found = (found ^ (found >> shift)) * factor % 2**32
                counts[row, found % params.buckets] += 1
    return counts


@pytest.mark.parametrize("params", CHOICES, ids=str)
@settings(max_examples=20)
@given(texts=TEXTS)
def test_places_and_counts_are_those_of_plain_loops_and_of_scikit_learn(
    params: NgramParams, texts: list[str]
) -> None:
    found = count_ngrams(texts, params)
    assert len(found) == len(texts)
    if not texts:
        return
    wanted = csr_matrix(hstack([hashed_words(texts, params), hashed_characters(texts, params)]))
    wanted.sort_indices()
    assert np.array_equal(found.ids, wanted.indices)
    assert np.array_equal(found.offsets, wanted.indptr)
    assert np.array_equal(found.weights, wanted.data)


def test_places_of_many_words_and_pairs_are_spread_evenly() -> None:
    words = [f"w{number}" for number in range(20_000)]
    hashes = hashing.word_hashes(words)
    places, _ = hashing.word_places(hashes, np.zeros(len(words), np.int64), (1, 2), 65_536)
    for kind in (places[: len(words)], places[len(words) :]):
        taken = len(np.unique(kind)) / 65_536
        assert taken == pytest.approx(1 - np.exp(-len(words) / 65_536), abs=0.01)


def test_the_hash_without_an_absolute_value_has_its_place(monkeypatch) -> None:
    monkeypatch.setattr(mmh3, "hash", lambda text: -(2**31))
    assert hashing._places(["any", "other"], 1000).tolist() == 2 * [(2**31 - 1 - 999) % 1000]


def test_texts_without_a_word_count_nothing() -> None:
    for texts in ([], [""], [" ", ""]):
        assert [len(part) for part in hashing.count_hashed(texts, (1, 2), (3, 5), 64)] == [0, 0, 0]


def test_counts_are_counted() -> None:
    counts = hashing.count_hashed(["so so", ""], (1, 1), (3, 3), 512)
    assert counts.counts.max() == 2
    assert set(counts.rows.tolist()) == {0}
    assert counts.counts.sum() == 2 + 2 * len([" so", "so "])
