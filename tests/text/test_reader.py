"""Readers: what is fitted and read at once is what is fitted and then read."""

import json

import numpy as np
import pytest

from sluice.errors import ModelError
from sluice.text import ngrams, reader
from sluice.text.ngrams import NgramParams
from sluice.text.reader import Reader, fit_and_read, fit_reader, load_reader
from sluice.text.vocabulary import TokenParams

TEXTS = ["not a good day", "a good good day", "", "a bad day :)"]
WORDS = TokenParams(kind="words")
NGRAMS = NgramParams(buckets=64)


@pytest.mark.parametrize("hashed", [None, NGRAMS])
def test_fitting_and_reading_at_once_changes_nothing(hashed: NgramParams | None) -> None:
    fitted = fit_reader(TEXTS, WORDS, hashed)
    tokens, matrix = fitted.read(TEXTS)
    again, (same_tokens, same_matrix) = fit_and_read(TEXTS, WORDS, hashed)
    assert again.describe() == fitted.describe()
    order = np.arange(len(TEXTS))
    for one, other in zip(tokens.padded(order), same_tokens.padded(order), strict=True):
        np.testing.assert_array_equal(one, other)
    if hashed is None:
        assert matrix is same_matrix is None
    else:
        assert matrix.shape == (4, 128)
        np.testing.assert_array_equal(matrix.toarray(), same_matrix.toarray())


def test_the_training_rows_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def count(texts, params):
        calls.append(len(texts))
        return count_ngrams(texts, params)

    count_ngrams = ngrams.count_ngrams
    for module in (ngrams, reader):
        monkeypatch.setattr(module, "count_ngrams", count)
    fit_and_read(TEXTS, WORDS, NGRAMS)
    assert calls == [4]


def test_weighing_leaves_the_counts_as_they_were() -> None:
    counts = ngrams.count_ngrams(TEXTS, NGRAMS)
    before = counts.toarray()
    ngrams.fit_counts(counts, NGRAMS).weigh(counts)
    np.testing.assert_array_equal(counts.toarray(), before)


def test_a_reader_survives_json() -> None:
    fitted = fit_reader(TEXTS, WORDS, NGRAMS)
    again = load_reader(json.loads(json.dumps(fitted.describe())))
    assert isinstance(again, Reader)
    assert again.describe() == fitted.describe()


@pytest.mark.parametrize("broken", [{}, {"ngrams": None}, {"ngrams": 3, "vocabulary": {}}])
def test_another_form_is_refused(broken: dict) -> None:
    with pytest.raises(ModelError, match="train the model again"):
        load_reader(broken)
