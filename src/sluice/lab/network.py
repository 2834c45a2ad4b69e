"""The lab's second learner: a small BiLSTM, trained by the loop of `sluice.models.training`.

In: items by number. Out: predicted labels. Its vocabulary comes from the arm's `known` items, its
best epoch from a tenth of the training items.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sluice.data.batches import LabelledRows, predicted_batches
from sluice.data.module import TextDataModule
from sluice.lab.arms import Arm, Items
from sluice.lab.rows import Integers
from sluice.models.classifier import Classifier
from sluice.models.inference import predict_probabilities
from sluice.models.network import TextNetwork
from sluice.models.settings import NetworkParams, OptimisationParams
from sluice.models.training import fit, quiet_lightning
from sluice.text.reader import Reader, fit_reader
from sluice.text.vocabulary import TokenParams

_TOKENS = TokenParams(kind="words", max_tokens=64)
_NETWORK = NetworkParams(embedding_size=64, hidden_size=64)
_SEEN, _EPOCHS = 20_000, (3, 12)
"""Rows that a training sees, within these numbers of epochs: few rows need more epochs."""
_FEW = 4000
"""Training rows up to which batches are small: else there would be few steps."""


class NetworkLearner:
    """Trains a network anew for every arm and choice; a choice is a number added to the seed."""

    name = "BiLSTM of 64 units over words"
    choices: Sequence[Any] = tuple(range(4))
    default = 0

    def __init__(self, items: Items) -> None:
        self._items = items
        quiet_lightning()
        torch.set_num_threads(OptimisationParams().threads)

    def _rows(self, reader: Reader, chosen: Integers) -> LabelledRows:
        tokens, _ = reader.read([self._items.texts[item] for item in chosen])
        ones = np.ones(len(chosen), np.float32)
        return LabelledRows(tokens, self._items.labels[chosen], ones)

    def _train(self, reader: Reader, train: Integers, seed: int) -> TextNetwork:
        order = np.random.default_rng(seed).permutation(train)
        held = max(1, len(train) // 10)
        epochs = int(np.clip(_SEEN // len(train), *_EPOCHS))
        size = 64 if len(train) > _FEW else 16
        params = OptimisationParams(
            max_epochs=epochs, batch_size=size, patience=None, averaging_decay=None
        )
        rows, validation = (self._rows(reader, part) for part in (order[held:], order[:held]))
        torch.manual_seed(seed)
        network = TextNetwork(_NETWORK, len(reader.vocabulary), self._items.classes, 0)
        classifier = Classifier(network, params, self._items.classes, seed)
        data = TextDataModule(rows, validation, params.batch_size, seed)
        with tempfile.TemporaryDirectory() as scratch:
            network.load_state_dict(fit(classifier, data, Path(scratch)).weights)
        return network

    def predict(
        self, arm: Arm, asked: Sequence[Integers], seed: int, choices: Sequence[Any]
    ) -> Iterator[list[Integers]]:
        """Yield, for each choice, the predicted labels of each array of asked items."""
        reader = fit_reader([self._items.texts[item] for item in arm.known], _TOKENS, None)
        for choice in choices:
            network = self._train(reader, arm.train, 1000 * choice + seed)
            predicted = []
            for items in asked:
                batches = predicted_batches(self._rows(reader, items))
                predicted.append(predict_probabilities(network, batches).argmax(axis=1))
            yield predicted
