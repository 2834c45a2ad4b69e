"""Hashed n-grams."""

import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from sluice.errors import ModelError, ParamsError
from sluice.params import parse_section
from sluice.text.ngrams import NgramParams, fit_ngrams, load_ngrams
from sluice.tokens import NgramRows

PARAMS = NgramParams(buckets=4096)
TEXTS = ["not a good day", "a good day", "a bad day", "a day"]


def read(texts: list[str], params: NgramParams = PARAMS) -> np.ndarray:
    """Weights of each text, (texts, features)."""
    return dense(fit_ngrams([TEXTS], params).read(texts), params)


def dense(rows: NgramRows, params: NgramParams = PARAMS) -> np.ndarray:
    matrix = csr_matrix((rows.weights, rows.ids, rows.offsets), (len(rows), params.features))
    return matrix.toarray()


def test_each_kind_has_unit_length_where_no_ngram_comes_twice() -> None:
    matrix = read(["not a good day", "fine"])
    assert matrix.shape == (2, PARAMS.features)
    words, characters = matrix[:, : PARAMS.buckets], matrix[:, PARAMS.buckets :]
    np.testing.assert_allclose(np.linalg.norm(words, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(characters[1]), 1, rtol=1e-6)


def test_a_text_twice_weighs_as_two_texts_that_share_a_length() -> None:
    alone = NgramParams(words=(1, 1), buckets=4096)
    once, twice = read(["a bad day", "a bad day a bad day"], alone)
    np.testing.assert_allclose(twice, np.sqrt(2) * once, rtol=1e-6)


def test_word_pairs_tell_order_apart() -> None:
    matrix = read(["not good", "good not"])[:, : PARAMS.buckets]
    assert (matrix[0] != matrix[1]).any()
    alone = NgramParams(words=(1, 1), buckets=4096)
    matrix = read(["not good", "good not"], alone)[:, : PARAMS.buckets]
    assert (matrix[0] == matrix[1]).all()


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    texts = ["so good :)", "", "ok"]
    together = read(texts)
    for row, text in enumerate(texts):
        assert (together[row] == read([text])[0]).all()


def test_weights_are_those_of_tfidf_where_nothing_comes_twice() -> None:
    params = NgramParams(words=(1, 1), characters=(1, 1), buckets=2**20)
    found = fit_ngrams([TEXTS], params).read(["a good bad day"])
    ours = found.weights[found.ids < params.buckets]
    theirs = TfidfVectorizer(token_pattern=r"\S+").fit(TEXTS)
    expected = theirs.transform(["a good bad day"])
    np.testing.assert_allclose(np.sort(ours), np.sort(expected.data), rtol=1e-6)


def test_each_occurrence_weighs_as_a_feature_of_its_own() -> None:
    params = NgramParams(words=(1, 1), characters=(1, 1), buckets=2**20)
    fitted = fit_ngrams([TEXTS], params)
    found = fitted.read(["good good bad day"])
    ids = [int(fitted.read([word]).ids[0]) for word in ("good", "bad", "day")]
    rarity = dict(zip(ids, fitted.rarity[ids].tolist(), strict=True))
    good, bad, day = (rarity[number] for number in ids)
    root = np.sqrt(2 * good**2 + bad**2 + day**2)
    weights = dict(zip(found.ids.tolist(), found.weights.tolist(), strict=True))
    assert [weights[number] for number in ids] == pytest.approx(
        [2 * good / root, bad / root, day / root]
    )


def test_a_reader_survives_json() -> None:
    fitted = fit_ngrams([TEXTS], PARAMS)
    again = load_ngrams(json.loads(json.dumps(fitted.describe())))
    assert (dense(fitted.read(["so good"])) == dense(again.read(["so good"]))).all()
    broken = fitted.describe() | {"holding": [1, 2]}
    with pytest.raises(ModelError, match="8192 features"):
        load_ngrams(broken)


@pytest.mark.parametrize("span", [[2, 1], [0, 1]])
def test_a_span_that_falls_is_refused_by_name(span: list[int]) -> None:
    with pytest.raises(ParamsError, match="words"):
        parse_section({"words": span}, NgramParams, "ngrams")
