"""What a teacher tells, as arrays."""

import numpy as np
import pytest
from teachers import own

from sluice.teaching.lessons import WORD_FEATURES, Lessons, word_vectors
from sluice.tokens import TaughtRows


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
