"""Readers: what is fitted and read at once is what is fitted and then read."""

import json
from pathlib import Path

import numpy as np
import pytest

from sluice.errors import ModelError
from sluice.text import ngrams
from sluice.text.ngrams import NgramParams
from sluice.text.reader import Reader, Rows, fit_and_read, fit_reader, load_reader
from sluice.text.vocabulary import TokenParams

TEXTS = ["not a good day", "a good good day", "", "a bad day :)"]
WORDS = TokenParams(kind="words")
NGRAMS = NgramParams(buckets=64)


def arrays(rows: Rows) -> list[np.ndarray]:
    tokens, ngrams = rows
    found = [tokens.ids, tokens.offsets]
    return found if ngrams is None else [*found, ngrams.ids, ngrams.offsets, ngrams.weights]


@pytest.mark.parametrize("tokens", [WORDS, TokenParams(kind="subwords", size=40)], ids=str)
@pytest.mark.parametrize("hashed", [None, NGRAMS])
@pytest.mark.parametrize("on_disk", [False, True])
def test_chunks_on_disk_are_fitted_and_read_as_all_texts_at_once(
    tokens: TokenParams, hashed: NgramParams | None, on_disk: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "rows" if on_disk else None
    chunks = [TEXTS[:1], TEXTS[1:3], [], TEXTS[3:]]
    fitted = fit_reader(TEXTS, tokens, hashed)
    again, rows = fit_and_read(chunks, tokens, hashed, folder)
    assert again.describe() == fitted.describe()
    expected = arrays(fitted.read(TEXTS))
    for read in (rows, again.read_chunks(chunks, folder)):
        assert all(map(np.array_equal, arrays(read), expected))
        assert len(arrays(read)) == len(expected)
        assert isinstance(read[0].ids.base, np.memmap) == on_disk
    assert not on_disk or list(folder.iterdir()) == []  # files without a name


def test_the_training_rows_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def count(texts, params):
        calls.append(len(texts))
        return count_ngrams(texts, params)

    count_ngrams = ngrams.count_ngrams
    monkeypatch.setattr(ngrams, "count_ngrams", count)
    fit_and_read([TEXTS], WORDS, NGRAMS, None)
    assert calls == [4]


@pytest.mark.parametrize("hashed", [None, NGRAMS])
def test_texts_beside_are_read_and_not_learnt_from(hashed: NgramParams | None) -> None:
    alone, (tokens, ngrams) = fit_and_read([TEXTS], WORDS, hashed, None)
    reader, (more, longer) = fit_and_read([TEXTS], WORDS, hashed, None, [TEXTS[1], "unmet words"])
    assert reader.describe() == alone.describe()
    ids, lengths = more.padded(np.arange(len(TEXTS) + 2))
    expected, known = tokens.padded(np.arange(len(TEXTS)))
    assert np.array_equal(ids[: len(TEXTS), : expected.shape[1]], expected)
    assert np.array_equal(ids[len(TEXTS)], ids[1])
    assert lengths.tolist() == [*known.tolist(), known[1], 2]
    if ngrams is not None:
        assert np.array_equal(longer.ids, ngrams.ids)
        assert longer.offsets.tolist() == [*ngrams.offsets.tolist(), *[ngrams.offsets[-1]] * 2]


def test_weighing_leaves_the_counts_as_they_were() -> None:
    counts = ngrams.count_ngrams(TEXTS, NGRAMS)
    before = counts.weights.copy()
    ngrams.fit_ngrams([TEXTS], NGRAMS).weigh(counts)
    np.testing.assert_array_equal(counts.weights, before)


def test_many_rows_are_weighed_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = fit_and_read([TEXTS], WORDS, NGRAMS, None)[1]
    monkeypatch.setattr(ngrams, "_AT_ONCE", 3)
    found = fit_and_read([TEXTS], WORDS, NGRAMS, None)[1]
    assert all(map(np.array_equal, arrays(found), arrays(expected)))


def test_a_reader_survives_json() -> None:
    fitted = fit_reader(TEXTS, WORDS, NGRAMS)
    again = load_reader(json.loads(json.dumps(fitted.describe())))
    assert isinstance(again, Reader)
    assert again.describe() == fitted.describe()


@pytest.mark.parametrize("broken", [{}, {"ngrams": None}, {"ngrams": 3, "vocabulary": {}}])
def test_another_form_is_refused(broken: dict) -> None:
    with pytest.raises(ModelError, match="train the model again"):
        load_reader(broken)
