"""What a sentence transformer tells of words and texts."""

import re
import sys
import time

import numpy as np
import pytest
import torch

from sluice.errors import ModelError, ResourceError
from sluice.text import teacher
from sluice.text.teacher import WORD_FEATURES, Lessons, read_texts, word_vectors
from sluice.tokens import TaughtRows

NAME = "minilm-l6-v2"


def own(word: str) -> np.ndarray:
    """A vector of a word's own, (384,)."""
    return np.random.default_rng(list(word.encode())).normal(size=384).astype(np.float32)


class Reader:
    """A transformer that parts words before each dash, and to whom a part means itself.

    A text means the sum of its parts; of a word's two parts the mean is the word's.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []

    def tokenizer(self, texts, **others):
        pieces = [[one.span() for one in re.finditer(r"-?[^ -]+|-", text)] for text in texts]
        longest = others["max_length"] - 2
        return {"offset_mapping": [[(0, 0), *spans[:longest], (0, 0)] for spans in pieces]}

    def encode(self, texts, output_value, **others):
        assert output_value is None
        self.seen += texts
        found = []
        for text, spans in zip(
            texts, self.tokenizer(texts, max_length=64)["offset_mapping"], strict=True
        ):
            edge = np.full(384, 1000, np.float32)  # the marks of start and end are no word's
            parts = [own(text[start:end]) for start, end in spans[1:-1]]
            tokens = torch.from_numpy(np.array([edge, *parts, edge]))
            whole = torch.from_numpy(np.sum([own(""), *parts], axis=0))
            found.append({"token_embeddings": tokens, "sentence_embedding": whole})
        return found


@pytest.fixture
def reader(monkeypatch) -> Reader:
    made = Reader()
    monkeypatch.setattr(teacher, "_open_model", lambda name: made)
    return made


def lessons_of(*words: str) -> Lessons:
    """Lessons of a teacher that met words, each with a vector of its own."""
    meanings = np.array([own(word) for word in words], np.float32).reshape(-1, 384)
    texts = TaughtRows(np.zeros((0, 384), np.float32), np.zeros(0, np.int64))
    return Lessons(texts, {word: row for row, word in enumerate(words)}, meanings)


def test_components_keep_the_distances_of_what_was_read() -> None:
    words = [f"word{number}" for number in range(60)]
    found = word_vectors(lessons_of(*words), words)
    assert found.shape == (60, WORD_FEATURES)
    assert found.std() * np.sqrt(WORD_FEATURES / 60) == pytest.approx(0.3, rel=1e-3)
    read = np.array([own(word) for word in words])
    apart = lambda rows: np.linalg.norm(rows[:, None] - rows, axis=2)  # noqa: E731
    ratio = apart(found)[0, 1:] / apart(read)[0, 1:]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


@pytest.mark.parametrize("words", [[], ["alone"]])
def test_what_has_nothing_to_differ_from_has_no_vector(words) -> None:
    assert word_vectors(lessons_of(*words), words).tolist() == [[0] * WORD_FEATURES] * len(words)


def test_words_that_were_not_met_have_no_vector() -> None:
    known = lessons_of("one", "two", "three")
    found = word_vectors(known, ["two", "unmet", "one"])
    assert found.any(axis=1).tolist() == [True, False, True]


def test_words_that_mean_the_same_have_no_vector() -> None:
    same = lessons_of("a", "b")
    same.meanings[:] = 1
    assert not word_vectors(same, ["a", "b"]).any()


def test_a_word_means_the_mean_of_its_places_and_pieces(reader, tmp_path) -> None:
    found = read_texts(NAME, [["so-so <url>", "<url> < so-so-so", "so"]], 99, tmp_path)
    assert list(found.words) == ["so-so", "<url>", "<", "so-so-so", "so"]
    so, more = own("so"), own("-so")
    wanted = [(so + more) / 2, own("url"), own("<"), (so + 2 * more) / 3, so]
    np.testing.assert_allclose(found.meanings, wanted, atol=5e-3)  # 16 bits
    assert reader.seen == ["so-so url", "url < so-so-so", "so"]


def test_words_behind_the_last_piece_that_is_read_are_not_met(reader, tmp_path) -> None:
    text = " ".join(f"w{number}" for number in range(70))
    found = read_texts(NAME, [[text, ""]], 99, tmp_path)
    assert list(found.words) == text.split()[:62]


def test_many_words_are_kept_apart(reader, tmp_path) -> None:
    texts = [f"w{number} v{number % 7}" for number in range(300)]
    found = read_texts(NAME, [texts], 999, tmp_path)
    for word in ("w0", "w299", "v3"):
        np.testing.assert_allclose(found.meanings[found.words[word]], own(word), atol=5e-3)


def test_without_the_library_the_error_names_the_command(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ResourceError, match=r"sentence_transformers: .*'sluice\[train\]'"):
        read_texts(NAME, [["a", "b"]], 9, tmp_path)


TEXTS = [[f"text {number} <url>" for number in range(9)], ["the last one"]]


@pytest.mark.usefixtures("reader")
def test_numbers_of_texts_are_standardised(tmp_path) -> None:
    found = read_texts(NAME, TEXTS, 99, tmp_path).texts
    assert found.places.tolist() == list(range(10))
    np.testing.assert_allclose(found.vectors.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(found.vectors.std(axis=0), 1, atol=1e-3)


def test_no_more_texts_are_read_than_asked_for(reader, tmp_path) -> None:
    found = read_texts(NAME, TEXTS, 4, tmp_path).texts
    read = np.flatnonzero(found.places >= 0)
    flat = [text.replace("<url>", "url") for texts in TEXTS for text in texts]
    assert reader.seen == [flat[at] for at in read]
    assert found.places[read].tolist() == [0, 1, 2, 3]
    assert found.vectors.shape == (4, 384)


@pytest.mark.usefixtures("reader")
def test_marks_of_cleaning_are_read_as_words(tmp_path) -> None:
    plain = [[text.replace("<url>", "url") for text in texts] for texts in TEXTS]
    one, other = (read_texts(NAME, texts, 99, tmp_path).texts.vectors for texts in (TEXTS, plain))
    assert np.array_equal(one, other)


@pytest.mark.usefixtures("reader")
def test_texts_are_read_once_however_they_come(tmp_path, monkeypatch, capsys) -> None:
    first = read_texts(NAME, TEXTS, 99, tmp_path)
    assert "minilm-l6-v2 has read 10 of 10 texts" in capsys.readouterr().err
    monkeypatch.setattr(teacher, "_open_model", None)  # would fail if it were asked
    again = read_texts(NAME, [[*TEXTS[0], *TEXTS[1]]], 99, tmp_path)
    assert np.array_equal(first.texts.vectors, again.texts.vectors)
    assert np.array_equal(first.meanings, again.meanings)
    assert first.words == again.words
    for texts, most in ([["another"]], 99), (TEXTS, 4):
        with pytest.raises(TypeError):
            read_texts(NAME, texts, most, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1  # nothing is left of what failed


@pytest.mark.usefixtures("reader")
def test_a_number_that_hardly_varies_is_not_blown_up(tmp_path, monkeypatch) -> None:
    encode = teacher._encode

    def nearly_constant(model, texts, meanings):
        read = encode(model, texts, meanings)
        read[:, 0] = 3 + 1e-6 * read[:, 0]
        return read

    monkeypatch.setattr(teacher, "_encode", nearly_constant)
    assert np.abs(read_texts(NAME, TEXTS, 99, tmp_path).texts.vectors[:, 0]).max() < 1e-3


@pytest.mark.usefixtures("reader")
def test_texts_that_are_all_alike_teach_nothing(tmp_path) -> None:
    assert not read_texts(NAME, [["same", "same"]], 99, tmp_path).texts.vectors.any()


@pytest.mark.usefixtures("reader")
def test_what_was_used_least_lately_is_deleted(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(teacher, "_KEPT", 2)
    for text in ("first", "second", "first", "third"):
        read_texts(NAME, [[text]], 99, tmp_path)
        time.sleep(0.05)  # a file system's clock may tick every 10 ms
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(teacher, "_open_model", None)
    read_texts(NAME, [["first"]], 99, tmp_path)
    with pytest.raises(TypeError):
        read_texts(NAME, [["second"]], 99, tmp_path)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("left", [0, 50, 1000])
def test_a_damaged_file_is_named(tmp_path, left) -> None:
    read_texts(NAME, TEXTS, 99, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ModelError, match=f"{path.name} is damaged .*: delete it"):
        read_texts(NAME, TEXTS, 99, tmp_path)


def test_the_real_transformer_reads_texts_of_like_meaning_alike(tmp_path) -> None:
    pytest.importorskip("sentence_transformers")
    texts = ["my flight was cancelled", "they called off our plane", "a lovely new phone"]
    found = read_texts(NAME, [texts], 99, tmp_path).texts.vectors
    apart = lambda one, other: np.linalg.norm(found[one] - found[other])  # noqa: E731
    assert apart(0, 1) < min(apart(0, 2), apart(1, 2))


def test_the_real_transformer_brings_words_of_like_meaning_together(tmp_path) -> None:
    pytest.importorskip("sentence_transformers")
    words = ["good", "great", "table", "chair", "terrible", "awful", "flight", "plane"]
    found = word_vectors(read_texts(NAME, [words], 99, tmp_path), words)
    nearest = [
        np.delete(np.arange(len(words)), at)[
            np.linalg.norm(np.delete(found, at, 0) - row, axis=1).argmin()
        ]
        for at, row in enumerate(found)
    ]
    assert nearest == [1, 0, 3, 2, 5, 4, 7, 6]


def test_the_real_transformer_tells_a_word_by_its_neighbours(tmp_path) -> None:
    pytest.importorskip("sentence_transformers")
    texts = ["they sat on the bank of the river", "the bank raised its interest rates", "a shore"]
    found = [read_texts(NAME, [[text]], 9, tmp_path) for text in texts]
    river, money = (one.meanings[one.words["bank"]] for one in found[:2])
    shore = found[2].meanings[found[2].words["shore"]]
    alike = lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)  # noqa: E731
    assert alike(river, shore) > alike(money, shore)
