"""Hashed n-grams."""

import json

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from sluice.errors import ModelError, ParamsError
from sluice.params import parse_section
from sluice.text.ngrams import NgramParams, fit_ngrams, load_ngrams

PARAMS = NgramParams(buckets=4096)
TEXTS = ["not a good day", "a good day", "a bad day", "a day"]


def read(texts: list[str], params: NgramParams = PARAMS):
    return fit_ngrams(TEXTS, params).read(texts)


def test_each_kind_has_unit_length() -> None:
    matrix = read(["not a good day", "fine"])
    assert matrix.shape == (2, PARAMS.features)
    words, characters = matrix[:, : PARAMS.buckets], matrix[:, PARAMS.buckets :]
    for half in (words, characters):
        np.testing.assert_allclose(np.sqrt(half.multiply(half).sum(axis=1)), 1, rtol=1e-6)


def test_word_pairs_tell_order_apart() -> None:
    matrix = read(["not good", "good not"])[:, : PARAMS.buckets]
    assert (matrix[0] != matrix[1]).nnz > 0
    alone = NgramParams(words=(1, 1), buckets=4096)
    matrix = read(["not good", "good not"], alone)[:, : PARAMS.buckets]
    assert (matrix[0] != matrix[1]).nnz == 0


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    texts = ["so good :)", "", "ok"]
    together = read(texts)
    for row, text in enumerate(texts):
        assert (together[row] != read([text])).nnz == 0


def test_weights_are_those_of_tfidf_where_nothing_collides() -> None:
    params = NgramParams(words=(1, 1), characters=(1, 1), buckets=2**20)
    ours = read(["good good bad day"], params)[:, : params.buckets]
    theirs = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+").fit(TEXTS)
    expected = theirs.transform(["good good bad day"])
    np.testing.assert_allclose(np.sort(ours.data), np.sort(expected.data), rtol=1e-6)


def test_a_reader_survives_json() -> None:
    fitted = fit_ngrams(TEXTS, PARAMS)
    again = load_ngrams(json.loads(json.dumps(fitted.describe())))
    assert (fitted.read(["so good"]) != again.read(["so good"])).nnz == 0
    broken = fitted.describe() | {"holding": [1, 2]}
    with pytest.raises(ModelError, match="8192 features"):
        load_ngrams(broken)


@pytest.mark.parametrize("span", [[2, 1], [0, 1]])
def test_a_span_that_falls_is_refused_by_name(span: list[int]) -> None:
    with pytest.raises(ParamsError, match="words"):
        parse_section({"words": span}, NgramParams, "ngrams")
