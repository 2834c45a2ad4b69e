"""A teacher's upper layers learn labels."""

import numpy as np
import pytest
import torch
from teachers import Reader

from sluice.teaching.settings import Tuning
from sluice.teaching.transformer import KeptStates, States, pool
from sluice.teaching.tuning import Exam, _share, fine_tune

TUNING = Tuning(layers=1, epochs=30, learning_rate=1e-2)


def unheard(line: str) -> None:
    """Take what is said, and do nothing."""


def kept(folder, sizes, seed=0):
    """States of texts of some sizes whose first number tells the label."""
    drawn, states = np.random.default_rng(seed), States(folder)
    labels = drawn.integers(0, 2, len(sizes))
    for size, label in zip(sizes, labels, strict=True):
        rows = drawn.normal(size=(size, 384)).astype(np.float32)
        rows[:, 0] += label
        states.add([torch.from_numpy(rows)])
    return states.close(), labels


def exam_of(labels, weights=None) -> Exam:
    given = np.ones(len(labels)) if weights is None else weights
    return Exam(np.array(labels, np.int64), np.array(given, np.float32), 2)


def separation(vectors, labels) -> float:
    """Distance of two labels' means over what their texts differ by."""
    one, other = (vectors[labels == label] for label in (0, 1))
    return np.linalg.norm(one.mean(0) - other.mean(0)) / (one.std() + other.std())


def test_vectors_tell_labels_apart_after_it(tmp_path) -> None:
    states, labels = kept(tmp_path, [3, 9, 5, 4] * 20)
    before = fine_tune(Reader(), states, exam_of(labels), TUNING.model_copy(
        update={"learning_rate": 1e-12, "epochs": 1}), unheard)  # fmt: skip
    after = fine_tune(Reader(), states, exam_of(labels), TUNING, unheard)
    assert before.shape == after.shape == (80, 384)
    assert separation(after, labels) > 2 * separation(before, labels)


def test_the_same_texts_teach_the_same_whatever_was_drawn_before(tmp_path) -> None:
    states, labels = kept(tmp_path, [3, 9, 5])
    one, other = Reader(), Reader()
    first = fine_tune(one, states, exam_of(labels), TUNING, unheard)
    torch.manual_seed(77)
    drawn = torch.rand(1)
    torch.manual_seed(77)
    second = fine_tune(other, states, exam_of(labels), TUNING, unheard)
    assert np.array_equal(first, second)
    assert torch.equal(torch.rand(1), drawn)  # nor does it draw from what comes after


def test_a_text_of_no_weight_teaches_nothing(tmp_path) -> None:
    states, labels = kept(tmp_path, [4] * 20)
    weights = np.ones(20)
    weights[7] = 0
    turned = labels.copy()
    turned[7] = 1 - turned[7]
    one, other = (
        fine_tune(Reader(), states, exam_of(some, weights), TUNING, unheard)
        for some in (labels, turned)
    )
    assert np.array_equal(one, other)


def test_texts_without_any_weight_change_nothing_but_by_decay(tmp_path) -> None:
    states, labels = kept(tmp_path, [4] * 5)
    found = fine_tune(Reader(), states, exam_of(labels, np.zeros(5)), TUNING, unheard)
    assert np.isfinite(found).all()


def test_it_says_how_far_it_is(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("sluice.teaching.progress.SAID", 100)
    states, labels = kept(tmp_path, [2] * 150)
    heard = []
    some = TUNING.model_copy(update={"epochs": 2})
    fine_tune(Reader(), states, exam_of(labels), some, heard.append)
    learnt = [one for one in heard if one.startswith("has learnt from")]
    assert 3 <= len(learnt) <= 4
    assert learnt[-1] == "has learnt from 300 of 300 texts"
    assert heard[len(learnt) :] == ["tells of 128 of 150 texts", "tells of 150 of 150 texts"]


def test_texts_without_a_label_are_told_of_and_teach_nothing(tmp_path) -> None:
    states, labels = kept(tmp_path, [3, 9, 5, 4] * 20)
    first, other = KeptStates(states._states, states.lengths[:40]), Reader()
    alone = fine_tune(Reader(), first, exam_of(labels[:40]), TUNING, unheard)
    found = fine_tune(other, states, exam_of(labels[:40]), TUNING, unheard)
    assert found.shape == (80, 384)
    np.testing.assert_allclose(found[:40], alone, atol=1e-4)
    below, lengths = states.gather(np.array([79]))
    told = pool(other.high(below, lengths), lengths).detach().numpy()
    np.testing.assert_allclose(found[79:], told, atol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 50])
def test_the_learning_rate_rises_and_falls(steps) -> None:
    shares = [_share(step, steps) for step in range(steps + 1)]
    assert all(0 < share <= 1 for share in shares[:-1])
    assert shares[-1] == 0
    peak = int(np.argmax(shares))
    assert peak <= max(1, 0.06 * steps)
    assert shares[peak:] == sorted(shares[peak:], reverse=True)
