"""What a sentence transformer tells of words and texts."""

import sys
import time

import numpy as np
import pytest

from sluice.errors import ModelError, ResourceError
from sluice.text import teacher
from sluice.text.teacher import WORD_FEATURES, text_vectors, word_vectors

NAME = "minilm-l6-v2"


@pytest.fixture
def reader(monkeypatch) -> None:
    """A transformer that reads a word as a vector of 384 numbers of its own."""

    class Reader:
        def get_embedding_dimension(self) -> int:
            return 384

        def encode(self, words, **others):
            found = [np.random.default_rng(list(word.encode())).normal(size=384) for word in words]
            return np.array(found, np.float32)

    monkeypatch.setattr(teacher, "_open_model", lambda name: Reader())


@pytest.mark.usefixtures("reader")
def test_components_keep_the_distances_of_what_was_read() -> None:
    words = [f"word{number}" for number in range(60)]
    found = word_vectors(NAME, words)
    assert found.shape == (60, WORD_FEATURES)
    assert found.std() * np.sqrt(WORD_FEATURES / 60) == pytest.approx(0.3, rel=1e-3)
    read = teacher._open_model(NAME).encode(words)
    apart = lambda rows: np.linalg.norm(rows[:, None] - rows, axis=2)  # noqa: E731
    ratio = apart(found)[0, 1:] / apart(read)[0, 1:]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("words", [[], ["alone"]])
def test_what_has_nothing_to_differ_from_has_no_vector(words) -> None:
    assert word_vectors(NAME, words).tolist() == [[0] * WORD_FEATURES] * len(words)


@pytest.mark.usefixtures("reader")
def test_words_that_are_read_alike_have_no_vector() -> None:
    assert not word_vectors(NAME, ["same", "same"]).any()


def test_without_the_library_the_error_names_the_command(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ResourceError, match=r"sentence_transformers: .*'sluice\[train\]'"):
        word_vectors(NAME, ["a", "b"])


def test_the_real_transformer_brings_words_of_like_meaning_together() -> None:
    pytest.importorskip("sentence_transformers")
    words = ["good", "great", "table", "chair", "terrible", "awful", "flight", "plane"]
    found = word_vectors(NAME, words)
    nearest = [
        np.delete(np.arange(len(words)), at)[
            np.linalg.norm(np.delete(found, at, 0) - row, axis=1).argmin()
        ]
        for at, row in enumerate(found)
    ]
    assert nearest == [1, 0, 3, 2, 5, 4, 7, 6]


TEXTS = [[f"text {number} <url>" for number in range(9)], ["the last one"]]


@pytest.mark.usefixtures("reader")
def test_numbers_of_texts_are_standardised(tmp_path) -> None:
    found = text_vectors(NAME, TEXTS, 99, tmp_path)
    assert found.places.tolist() == list(range(10))
    np.testing.assert_allclose(found.vectors.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.vectors.std(axis=0), 1, atol=1e-5)


@pytest.mark.usefixtures("reader")
def test_no_more_texts_are_read_than_asked_for(tmp_path, monkeypatch) -> None:
    seen, encode = [], teacher._encode
    monkeypatch.setattr(
        teacher, "_encode", lambda model, texts: seen.extend(texts) or encode(model, texts)
    )
    found = text_vectors(NAME, TEXTS, 4, tmp_path)
    read = np.flatnonzero(found.places >= 0)
    flat = [text.replace("<url>", "url") for texts in TEXTS for text in texts]
    assert seen == [flat[at] for at in read]
    assert found.places[read].tolist() == [0, 1, 2, 3]
    assert found.vectors.shape == (4, 384)


@pytest.mark.usefixtures("reader")
def test_marks_of_cleaning_are_read_as_words(tmp_path) -> None:
    plain = [[text.replace("<url>", "url") for text in texts] for texts in TEXTS]
    one, other = (text_vectors(NAME, texts, 99, tmp_path).vectors for texts in (TEXTS, plain))
    assert np.array_equal(one, other)


@pytest.mark.usefixtures("reader")
def test_texts_are_read_once_however_they_come(tmp_path, monkeypatch, capsys) -> None:
    first = text_vectors(NAME, TEXTS, 99, tmp_path)
    assert "minilm-l6-v2 has read 10 of 10 texts" in capsys.readouterr().err
    monkeypatch.setattr(teacher, "_open_model", None)  # would fail if it were asked
    again = text_vectors(NAME, [[*TEXTS[0], *TEXTS[1]]], 99, tmp_path)
    assert np.array_equal(first.vectors, again.vectors)
    for texts, most in ([["another"]], 99), (TEXTS, 4):
        with pytest.raises(TypeError):
            text_vectors(NAME, texts, most, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1  # nothing is left of what failed


@pytest.mark.usefixtures("reader")
def test_a_number_that_hardly_varies_is_not_blown_up(tmp_path, monkeypatch) -> None:
    encode = teacher._encode

    def nearly_constant(model, texts):
        read = encode(model, texts)
        read[:, 0] = 3 + 1e-6 * read[:, 0]
        return read

    monkeypatch.setattr(teacher, "_encode", nearly_constant)
    assert np.abs(text_vectors(NAME, TEXTS, 99, tmp_path).vectors[:, 0]).max() < 1e-3


@pytest.mark.usefixtures("reader")
def test_texts_that_are_all_alike_teach_nothing(tmp_path) -> None:
    assert not text_vectors(NAME, [["same", "same"]], 99, tmp_path).vectors.any()


@pytest.mark.usefixtures("reader")
def test_what_was_used_least_lately_is_deleted(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(teacher, "_KEPT", 2)
    for text in ("first", "second", "first", "third"):
        text_vectors(NAME, [[text]], 99, tmp_path)
        time.sleep(0.05)  # a file system's clock may tick every 10 ms
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(teacher, "_open_model", None)
    text_vectors(NAME, [["first"]], 99, tmp_path)
    with pytest.raises(TypeError):
        text_vectors(NAME, [["second"]], 99, tmp_path)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("left", [0, 50, 1000])
def test_a_damaged_file_is_named(tmp_path, left) -> None:
    text_vectors(NAME, TEXTS, 99, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ModelError, match=f"{path.name} is damaged .*: delete it"):
        text_vectors(NAME, TEXTS, 99, tmp_path)


def test_the_real_transformer_reads_texts_of_like_meaning_alike(tmp_path) -> None:
    pytest.importorskip("sentence_transformers")
    texts = ["my flight was cancelled", "they called off our plane", "a lovely new phone"]
    found = text_vectors(NAME, [texts], 99, tmp_path).vectors
    apart = lambda one, other: np.linalg.norm(found[one] - found[other])  # noqa: E731
    assert apart(0, 1) < min(apart(0, 2), apart(1, 2))
