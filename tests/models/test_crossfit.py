"""Out-of-fold probabilities: what a fold's model may know, and planted label errors found."""

import numpy as np
import pytest

from sluice.errors import DataError
from sluice.evaluation.label_errors import find_suspects
from sluice.models.crossfit import cross_probabilities


def planted(rows: int, share: float) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Texts whose words tell the label nearly always; labels of which a share is flipped."""
    generator = np.random.default_rng(1)
    true = generator.integers(3, size=rows)
    words = np.array([["awful", "bad", "poor", "sad"], ["table", "chair", "road", "day"],
                      ["great", "good", "fine", "glad"]])  # fmt: skip
    told = np.where(generator.random(rows) < 0.95, true, generator.integers(3, size=rows))
    texts = [
        " ".join([*generator.choice(words[label], 3), f"number{generator.integers(50)}"])
        for label in told
    ]
    flipped = generator.random(rows) < share
    given = np.where(flipped, (true + generator.integers(1, 3, rows)) % 3, true)
    return texts, given, flipped


def test_planted_flips_are_found() -> None:
    texts, given, flipped = planted(1500, 0.05)
    folds = np.arange(1500) % 5
    probabilities = cross_probabilities(texts, given, folds, 3, 1.0, 2)
    found = find_suspects(given, probabilities)["row"].to_numpy()
    assert flipped[found].mean() > 0.5  # a third of the texts' own noise looks like a flip
    assert flipped[found].sum() / flipped.sum() > 0.75


def test_rows_of_a_fold_are_not_known_to_its_model() -> None:
    """A label that only one fold has cannot be predicted there."""
    texts = ["good day", "bad day", "odd day"] * 10
    labels, folds = np.tile([0, 1, 2], 10), np.repeat([0, 1], 15)
    labels[:15] = np.tile([0, 1, 1], 5)
    probabilities = cross_probabilities(texts, labels, folds, 3, 1.0, 1)
    assert (probabilities[15:, 2] == 0).all()
    assert probabilities[:15, 2].max() > 0.4
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(30))


def test_a_fold_whose_others_have_one_label() -> None:
    probabilities = cross_probabilities(
        ["a word", "a word", "b word"], np.array([0, 0, 1]), np.array([0, 0, 1]), 2, 1.0, 1
    )
    assert probabilities.tolist() == [[0, 1], [0, 1], [1, 0]]


def test_too_rare_ngrams_are_an_error() -> None:
    with pytest.raises(DataError, match=r"suspect\.min_rows"):
        cross_probabilities(["abc", "xyz"], np.array([0, 1]), np.array([0, 1]), 2, 1.0, 2)
