"""What an embedding starts from."""

import numpy as np

from sluice.teaching import starting
from sluice.teaching.lessons import Lessons
from sluice.tokens import TaughtRows


def test_an_embedding_starts_from_vectors_that_are_looked_up(monkeypatch) -> None:
    known = {"good": [3, 4]}
    monkeypatch.setattr(
        starting,
        "load_vectors",
        lambda name, tokens: np.array([known.get(t, [0, 0]) for t in tokens]),
    )
    found = starting.start_vectors("glove-6b-50d", ["<unk>", "good"], None)
    assert found.tolist() == [[0, 0], [3, 4]]


NOTHING = Lessons(TaughtRows(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)), {}, None)


def test_reserved_tokens_are_not_read_as_words(monkeypatch) -> None:
    asked = []

    def read(lessons, words):
        asked.extend(words)
        return np.ones((len(words), 3), np.float32)

    monkeypatch.setattr(starting, "word_vectors", read)
    found = starting.start_vectors("minilm-l6-v2", ["<pad>", "<unk>", "good", "bad"], NOTHING)
    assert asked == ["good", "bad"]
    assert found.tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 1]]
