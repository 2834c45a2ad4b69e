"""Hashed n-grams."""

import numpy as np
import pytest

from sluice.errors import ParamsError
from sluice.params import parse_section
from sluice.text.ngrams import NgramParams, hash_ngrams

PARAMS = NgramParams(buckets=4096)


def test_each_kind_has_unit_length() -> None:
    matrix = hash_ngrams(["not a good day", "fine"], PARAMS)
    assert matrix.shape == (2, PARAMS.features)
    words, characters = matrix[:, : PARAMS.buckets], matrix[:, PARAMS.buckets :]
    for half in (words, characters):
        np.testing.assert_allclose(np.sqrt(half.multiply(half).sum(axis=1)), 1, rtol=1e-6)


def test_word_pairs_tell_order_apart() -> None:
    matrix = hash_ngrams(["not good", "good not"], PARAMS)[:, : PARAMS.buckets]
    assert (matrix[0] != matrix[1]).nnz > 0
    alone = NgramParams(words=(1, 1), buckets=4096)
    matrix = hash_ngrams(["not good", "good not"], alone)[:, : PARAMS.buckets]
    assert (matrix[0] != matrix[1]).nnz == 0


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    texts = ["so good :)", "", "ok"]
    together = hash_ngrams(texts, PARAMS)
    for row, text in enumerate(texts):
        assert (together[row] != hash_ngrams([text], PARAMS)).nnz == 0


@pytest.mark.parametrize("span", [[2, 1], [0, 1]])
def test_a_span_that_falls_is_refused_by_name(span: list[int]) -> None:
    with pytest.raises(ParamsError, match="words"):
        parse_section({"words": span}, NgramParams, "ngrams")
