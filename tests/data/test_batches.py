"""Length-bucketed batches."""

import itertools

import numpy as np
import pytest
import torch

from sluice.data.batches import (
    Batches,
    LabelledRows,
    Share,
    ordered_batches,
    shuffled_batches,
)
from sluice.tokens import NgramRows, token_rows

LENGTHS = np.random.default_rng(0).integers(1, 40, 5000)


def labelled(ngrams=None) -> LabelledRows:
    lengths = np.array([3, 1, 2])
    rows = token_rows([5, 6, 7, 8, 9, 10], lengths, 10)
    return LabelledRows(rows, np.array([0, 1, 2]), np.array([1, 2, 3], np.float32), ngrams)


@pytest.mark.parametrize("epoch", [0, 1])
def test_an_epoch_holds_each_row_once(epoch: int) -> None:
    batches = shuffled_batches(LENGTHS, 64, seed=3, epoch=epoch)
    assert sorted(np.concatenate(batches)) == list(range(5000))
    assert max(len(batch) for batch in batches) == 64


def test_order_depends_on_seed_and_epoch_alone() -> None:
    first = shuffled_batches(LENGTHS, 64, 3, 1)
    assert all(map(np.array_equal, first, shuffled_batches(LENGTHS, 64, 3, 1)))
    for seed, epoch in ((3, 2), (4, 1)):
        other = shuffled_batches(LENGTHS, 64, seed, epoch)
        assert not all(map(np.array_equal, first, other))


def test_bucketing_wastes_little_on_padding() -> None:
    def padded(batches) -> int:
        return sum(len(batch) * LENGTHS[batch].max() for batch in batches)

    tokens = LENGTHS.sum()
    assert padded(shuffled_batches(LENGTHS, 64, 0, 0)) < 1.1 * tokens
    assert padded(np.array_split(np.arange(5000), 79)) > 1.8 * tokens


def test_ordered_batches_cover_all_rows_by_length() -> None:
    order = np.concatenate(ordered_batches(LENGTHS, 100))
    assert sorted(order) == list(range(5000))
    assert (np.diff(LENGTHS[order]) >= 0).all()


def test_a_batch_keeps_rows_labels_weights_and_ngrams_together() -> None:
    entries = np.array([1, 2, 0, 2], np.int32), np.array([1, 2, 3, 4], np.float32)
    ngrams = NgramRows(entries[0], np.array([0, 2, 2, 4]), entries[1])
    batch = labelled(ngrams).batch(np.array([2, 0, 1]))
    assert batch.tokens.tolist() == [[9, 10, 0], [5, 6, 7], [8, 0, 0]]
    assert batch.lengths.tolist() == [2, 3, 1]
    assert batch.labels.tolist() == [2, 0, 1]
    assert batch.weights.tolist() == [3, 1, 2]
    assert batch.ngrams is not None
    assert batch.ngrams.ids.tolist() == [0, 2, 1, 2]
    assert batch.ngrams.starts.tolist() == [0, 2, 4]
    assert batch.ngrams.weights.tolist() == [3, 4, 1, 2]


def test_batches_iterate_again() -> None:
    batches = Batches(labelled(), ordered_batches(np.array([3, 1, 2]), 2))
    assert len(batches) == len(list(batches)) == len(list(batches)) == 2


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
def test_the_mean_over_processes_is_that_of_the_whole_batch(processes: int) -> None:
    """Five processes and three rows: two stand by."""
    rows, losses = labelled(), torch.tensor([0.5, 2.0, 8.0])
    shares = [rows.batch(np.array([2, 0, 1]), Share(rank, processes)) for rank in range(processes)]
    sums = [(one.weights * losses[one.labels]).sum() / one.total for one in shares]
    whole = np.average([0.5, 2.0, 8.0], weights=[1, 2, 3])
    assert float(sum(sums) / processes) == pytest.approx(whole)
    taken = [one.labels[one.weights > 0].tolist() for one in shares]
    assert sorted(itertools.chain(*taken)) == [0, 1, 2]
    assert all(len(one.labels) for one in shares)
