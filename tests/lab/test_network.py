"""The small BiLSTM as a learner: it learns what is there, and knows only what it may."""

import numpy as np
import pytest

from sluice.lab import network
from sluice.lab.arms import Arm, Items
from sluice.lab.network import NetworkLearner


def test_it_learns_a_word_and_predicts_each_asked_array(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_EPOCHS", (8, 8))
    labels = np.arange(120) % 2
    texts = [f"{('bad', 'good')[label]} film number {row % 7}" for row, label in enumerate(labels)]
    items = Items(texts, labels, np.arange(120), 120, 2)
    train, test = np.arange(100), np.arange(100, 120)
    learner = NetworkLearner(items)
    asked = [test, test[:1]]
    (found,) = learner.predict(Arm(train, train, test), asked, 0, [learner.default])
    assert [len(one) for one in found] == [20, 1]
    assert (found[0] == labels[test]).mean() > 0.9
