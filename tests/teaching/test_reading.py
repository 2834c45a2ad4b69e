"""What a teacher makes of words and texts, and what is kept of it."""

import sys
import time

import numpy as np
import pytest
import torch
from teachers import Reader, own

from sluice.errors import ModelError, ResourceError
from sluice.teaching import reading
from sluice.teaching.lessons import Lessons, word_vectors
from sluice.teaching.reading import read_texts
from sluice.teaching.settings import Distillation, Noise, Tuning
from sluice.teaching.tuning import Exam

FROZEN = Distillation(tuning=None, noise=None)
FEW = FROZEN.model_copy(update={"texts": 4})
TUNED = Distillation(tuning=Tuning(layers=1, epochs=9, learning_rate=1e-2), noise=None)


def read(texts, folder, params=FROZEN, labels=None) -> Lessons:
    """Have the teacher read; without labels all texts have the same."""
    count = sum(map(len, texts))
    labels = np.zeros(count, np.int64) if labels is None else np.array(labels, np.int64)
    return read_texts(params, texts, Exam(labels, np.ones(count, np.float32), 2), folder)


@pytest.fixture
def reader(monkeypatch) -> Reader:
    made = Reader()
    monkeypatch.setattr(reading, "open_transformer", lambda name, upper: made)
    return made


def test_a_word_means_the_mean_of_its_places_and_pieces(reader, tmp_path) -> None:
    found = read([["so-so <url>", "<url> < so-so-so", "so"]], tmp_path)
    assert list(found.words) == ["so-so", "<url>", "<", "so-so-so", "so"]
    so, more = own("so"), own("-so")
    wanted = [(so + more) / 2, own("url"), own("<"), (so + 2 * more) / 3, so]
    np.testing.assert_allclose(found.meanings, wanted, atol=5e-3)  # 16 bits
    assert reader.seen == ["so-so url", "url < so-so-so", "so"]


def test_words_behind_the_last_piece_that_is_read_are_not_met(reader, tmp_path) -> None:
    text = " ".join(f"w{number}" for number in range(70))
    found = read([[text, ""]], tmp_path)
    assert list(found.words) == text.split()[:62]


def test_many_words_are_kept_apart(reader, tmp_path) -> None:
    texts = [f"w{number} v{number % 7}" for number in range(300)]
    found = read([texts], tmp_path)
    for word in ("w0", "w299", "v3"):
        np.testing.assert_allclose(found.meanings[found.words[word]], own(word), atol=5e-3)


def test_without_the_library_the_error_names_the_command(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ResourceError, match=r"package transformers: .*'sluice\[train\]'"):
        read([["a", "b"]], tmp_path)


TEXTS = [[f"text {number} <url>" for number in range(9)], ["the last one"]]


@pytest.mark.usefixtures("reader")
def test_numbers_of_texts_are_standardised(tmp_path) -> None:
    found = read(TEXTS, tmp_path).texts
    assert found.places.tolist() == list(range(10))
    np.testing.assert_allclose(found.vectors.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(found.vectors.std(axis=0), 1, atol=1e-3)


def test_no_more_texts_are_read_than_asked_for(reader, tmp_path) -> None:
    found = read(TEXTS, tmp_path, FEW).texts
    chosen = np.flatnonzero(found.places >= 0)
    flat = [text.replace("<url>", "url") for texts in TEXTS for text in texts]
    assert reader.seen == [flat[at] for at in chosen]
    assert found.places[chosen].tolist() == [0, 1, 2, 3]
    assert found.vectors.shape == (4, 384)


@pytest.mark.usefixtures("reader")
def test_marks_of_cleaning_are_read_as_words(tmp_path) -> None:
    plain = [[text.replace("<url>", "url") for text in texts] for texts in TEXTS]
    one, other = (read(texts, tmp_path).texts.vectors for texts in (TEXTS, plain))
    assert np.array_equal(one, other)


@pytest.mark.usefixtures("reader")
def test_texts_are_read_once_however_they_come(tmp_path, monkeypatch, capsys) -> None:
    first = read(TEXTS, tmp_path)
    assert "minilm-l6-v2 has read 10 of 10 texts" in capsys.readouterr().err
    monkeypatch.setattr(reading, "open_transformer", None)  # would fail if it were asked
    again = read([[*TEXTS[0], *TEXTS[1]]], tmp_path)
    assert np.array_equal(first.texts.vectors, again.texts.vectors)
    assert np.array_equal(first.meanings, again.meanings)
    assert first.words == again.words
    assert first.seconds == again.seconds > 0
    for texts, params in ([["another"]], FROZEN), (TEXTS, FEW):
        with pytest.raises(TypeError):
            read(texts, tmp_path, params)
    assert len(list(tmp_path.iterdir())) == 1  # nothing is left of what failed


@pytest.mark.usefixtures("reader")
def test_a_number_that_hardly_varies_is_not_blown_up(tmp_path, monkeypatch) -> None:
    read_part = reading._read_part

    def nearly_constant(*given, **named):
        found = read_part(*given, **named)
        scale = torch.ones(384)
        scale[0] = 1e-6
        return [scale * states + 3 * (scale < 1) for states in found]

    monkeypatch.setattr(reading, "_read_part", nearly_constant)
    assert np.abs(read(TEXTS, tmp_path).texts.vectors[:, 0]).max() < 1e-3


@pytest.mark.usefixtures("reader")
def test_texts_that_are_all_alike_teach_nothing(tmp_path) -> None:
    assert not read([["same", "same"]], tmp_path).texts.vectors.any()


@pytest.mark.usefixtures("reader")
def test_what_was_used_least_lately_is_deleted(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(reading, "_KEPT", 2)
    for text in ("first", "second", "first", "third"):
        read([[text]], tmp_path)
        time.sleep(0.05)  # a file system's clock may tick every 10 ms
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(reading, "open_transformer", None)
    read([["first"]], tmp_path)
    with pytest.raises(TypeError):
        read([["second"]], tmp_path)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("left", [0, 50, 1000])
def test_a_damaged_file_is_named(tmp_path, left) -> None:
    read(TEXTS, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ModelError, match=f"{path.name} is damaged .*: delete it"):
        read(TEXTS, tmp_path)


def test_a_teacher_that_has_learnt_tells_labels_apart(reader, tmp_path, capsys) -> None:
    words = [f"w{number}" for number in range(40)]
    labels = [number % 2 for number in range(40)]
    gaps = []
    for params in (FROZEN, TUNED):
        found = read([words], tmp_path, params, labels).texts.vectors
        means = [found[np.array(labels) == label].mean(axis=0) for label in (0, 1)]
        gaps.append(np.linalg.norm(means[0] - means[1]))
    assert gaps[1] > 1.5 * gaps[0]
    assert "minilm-l6-v2 has learnt from 360 of 360 texts" in capsys.readouterr().err


def test_words_are_told_as_the_teacher_comes(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(reading, "open_transformer", lambda name, upper: Reader())
    one, other = (read(TEXTS, tmp_path, params) for params in (FROZEN, TUNED))
    assert one.words == other.words
    assert np.array_equal(one.meanings, other.meanings)


def test_what_was_learnt_from_other_labels_is_learnt_anew(monkeypatch, tmp_path) -> None:
    opened = []
    monkeypatch.setattr(
        reading, "open_transformer", lambda *given: opened.append(given) or Reader()
    )
    labels = [number % 2 for number in range(10)]
    first = read(TEXTS, tmp_path, TUNED, labels)
    again = read(TEXTS, tmp_path, TUNED, labels)
    assert opened == [("minilm-l6-v2", 1)]
    assert np.array_equal(first.texts.vectors, again.texts.vectors)
    read(TEXTS, tmp_path, TUNED, labels[::-1])
    assert len(opened) == 2
    read(TEXTS, tmp_path, FROZEN, labels)
    read(TEXTS, tmp_path, FROZEN, labels[::-1])  # who learns no labels does not ask for them
    assert len(opened) == 3


def test_only_the_texts_that_are_read_are_learnt_from(monkeypatch, tmp_path) -> None:
    asked = []

    def tune(transformer, states, exam, tuning, tell):
        asked.append((states.lengths, exam.labels, exam.weights))
        return np.zeros((len(exam.labels), 384), np.float32)

    monkeypatch.setattr(reading, "open_transformer", lambda name, upper: Reader())
    monkeypatch.setattr(reading, "fine_tune", tune)
    texts = [[" ".join(["w"] * size) for size in range(1, 6)], [" ".join(["w"] * 6)]]
    exam = Exam(np.arange(6), np.arange(6, dtype=np.float32) / 8, 6)
    found = read_texts(Distillation(texts=3, noise=None), texts, exam, tmp_path).texts
    (lengths, labels, weights), read_rows = asked[0], np.flatnonzero(found.places >= 0)
    assert labels.tolist() == read_rows.tolist()
    assert lengths.tolist() == (read_rows + 3).tolist()  # each word, start and end
    assert weights.tolist() == (read_rows / 8).tolist()


def test_texts_with_words_exchanged_are_read_behind_the_others(reader, tmp_path) -> None:
    params = FEW.model_copy(update={"noise": Noise(texts=3, share=0.5)})
    plain = read(TEXTS, tmp_path, FEW)
    reader.seen.clear()
    found = read(TEXTS, tmp_path, params)
    assert len(found.noised) == 3
    assert reader.seen[4:] == [text.replace("<url>", "url") for text in found.noised]
    assert found.texts.places.tolist() == [*plain.texts.places.tolist(), 4, 5, 6]
    np.testing.assert_array_equal(found.texts.vectors[:4], plain.texts.vectors)
    assert found.words == plain.words  # words mean what they mean where they stood
    assert np.array_equal(found.meanings, plain.meanings)
    reader.seen.clear()
    again = read(TEXTS, tmp_path, params)
    assert not reader.seen
    assert again.noised == found.noised
    assert np.array_equal(again.texts.vectors, found.texts.vectors)


def test_a_teacher_that_has_learnt_tells_of_them_as_of_others(monkeypatch, tmp_path) -> None:
    asked, upper = [], []

    def tune(transformer, states, exam, tuning, tell):
        asked.append((len(states.lengths), len(exam.labels)))
        return np.arange(4 * len(states.lengths), dtype=np.float32).reshape(-1, 4) ** 2

    class Counted(Reader):
        def high(self, states, lengths):
            upper.append(len(lengths))
            return super().high(states, lengths)

    monkeypatch.setattr(reading, "open_transformer", lambda name, upper: Counted())
    monkeypatch.setattr(reading, "fine_tune", tune)
    found = read(TEXTS, tmp_path, TUNED.model_copy(update={"noise": Noise(share=1.0)}))
    assert asked == [(20, 10)]
    assert not upper  # nobody asks for these before they have learnt
    np.testing.assert_allclose(found.texts.vectors[:10].mean(axis=0), 0, atol=1e-3)
    assert found.texts.vectors[10:].min() > 1


def test_the_real_transformer_reads_texts_of_like_meaning_alike(tmp_path) -> None:
    pytest.importorskip("transformers")
    texts = ["my flight was cancelled", "they called off our plane", "a lovely new phone"]
    found = read([texts], tmp_path).texts.vectors
    apart = lambda one, other: np.linalg.norm(found[one] - found[other])  # noqa: E731
    assert apart(0, 1) < min(apart(0, 2), apart(1, 2))


def test_the_real_transformer_brings_words_of_like_meaning_together(tmp_path) -> None:
    pytest.importorskip("transformers")
    words = ["good", "great", "table", "chair", "terrible", "awful", "flight", "plane"]
    found = word_vectors(read([words], tmp_path), words)
    nearest = [
        np.delete(np.arange(len(words)), at)[
            np.linalg.norm(np.delete(found, at, 0) - row, axis=1).argmin()
        ]
        for at, row in enumerate(found)
    ]
    assert nearest == [1, 0, 3, 2, 5, 4, 7, 6]


def test_the_real_transformer_tells_a_word_by_its_neighbours(tmp_path) -> None:
    pytest.importorskip("transformers")
    texts = ["they sat on the bank of the river", "the bank raised its interest rates", "a shore"]
    found = [read([[text]], tmp_path) for text in texts]
    river, money = (one.meanings[one.words["bank"]] for one in found[:2])
    shore = found[2].meanings[found[2].words["shore"]]
    alike = lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)  # noqa: E731
    assert alike(river, shore) > alike(money, shore)
