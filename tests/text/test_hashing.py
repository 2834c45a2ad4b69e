"""N-grams hashed without scikit-learn are those that it hashes, and weigh the same."""

import mmh3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from sluice.text import hashing
from sluice.text.ngrams import NgramParams, fit_ngrams

FITTED = ["i do not like it", "what a lovely day", "so so good", "日本語 é <url>"] * 3
CHOICES = [
    NgramParams(buckets=64),
    NgramParams(words=(2, 3), characters=(1, 9), buckets=1000),
    NgramParams(words=(1, 1), characters=(4, 4), buckets=16),
]
WORDS = st.text(st.characters(exclude_categories=("Cs", "Z", "Cc")), min_size=1, max_size=8)
TEXTS = st.lists(st.lists(WORDS | st.sampled_from(["so", "not", "a"])).map(" ".join), max_size=6)


def hasher(analyzer: str, span: tuple[int, int], buckets: int) -> HashingVectorizer:
    return HashingVectorizer(
        analyzer=analyzer,
        ngram_range=span,
        n_features=buckets,
        token_pattern=r"\S+" if analyzer == "word" else None,
        alternate_sign=False,
        norm=None,
        lowercase=False,
    )


@pytest.mark.parametrize("params", CHOICES, ids=str)
@settings(max_examples=20)
@given(texts=TEXTS)
def test_places_and_weights_are_those_of_scikit_learn(
    params: NgramParams, texts: list[str]
) -> None:
    found = fit_ngrams([FITTED], params).read(texts)
    assert len(found) == len(texts)
    if not texts:
        return
    spans = {"word": params.words, "char_wb": params.characters}
    halves = []
    for analyzer, span in spans.items():
        hashed = hasher(analyzer, span, params.buckets)
        weigh = TfidfTransformer(sublinear_tf=True).fit(hashed.transform(FITTED))
        halves.append(weigh.transform(hashed.transform(texts)))
    wanted = csr_matrix(hstack(halves))
    wanted.sort_indices()
    assert np.array_equal(found.ids, wanted.indices)
    assert np.array_equal(found.offsets, wanted.indptr)
    assert found.weights == pytest.approx(wanted.data, abs=1e-6)


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
