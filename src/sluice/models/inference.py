"""Predictions of a trained network, in the order of the rows.

In: a network and batches that know which rows they hold. Out: probabilities. Where the rows come
from and what is made of the numbers is decided elsewhere.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import torch

from sluice.models.network import TextNetwork
from sluice.tokens import Ints

if TYPE_CHECKING:  # it is Lightning's, which takes seconds to import and is for training
    from sluice.models.classifier import LabelledBatch


class IndexedBatches(Protocol):
    """Batches beside the row indices of each; see `sluice.data.batches.Batches`."""

    @property
    def indices(self) -> list[Ints]: ...
    def __iter__(self) -> "Iterator[LabelledBatch]": ...


@torch.no_grad()
def predict_probabilities(network: TextNetwork, batches: IndexedBatches) -> npt.NDArray[np.float32]:
    """Probabilities of each label, (rows, labels), whatever the order of the batches.

    The batches cover all rows; one may hold a row several times.
    """
    network.eval()
    rows = 1 + max((int(index.max()) for index in batches.indices), default=-1)
    result = np.zeros((rows, network.output.out_features), dtype=np.float32)
    for index, batch in zip(batches.indices, batches, strict=True):
        logits = network(batch.tokens, batch.lengths, batch.ngrams)
        result[index] = logits.softmax(dim=-1).numpy()
    return result
