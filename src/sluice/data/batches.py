"""Length-bucketed batches over contiguous token arrays.

In: `LabelledRows`. Out: `Batch` objects of padded tensors. No Python runs per sample: a batch is
one gather.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sluice.tokens import UNLABELLED, Ints, NgramRows, Ngrams, Taught, TaughtRows, TokenRows

PREDICTED_AT_ONCE = 512
"""Rows of a batch where nothing is learnt."""
ALIKE = 32
"""Rows whose products are computed alike: oneDNN and MKL work in blocks of 1, 2, 4 ... 16 rows."""
BUCKET_BATCHES = 50
"""Batches that are shuffled together and sorted by length: enough to fill rows of like length."""


class Share(NamedTuple):
    """Which rows of every batch one of several processes takes."""

    rank: int = 0
    """Number of the process, from 0."""
    processes: int = 1
    """How many there are."""


WHOLE = Share()


class Batch(NamedTuple):
    """One padded batch."""

    tokens: Tensor
    """Token ids, (batch, longest)."""
    lengths: Tensor
    """Tokens of each row, (batch,)."""
    labels: Tensor
    """Label indices, (batch,); `UNLABELLED` where there is none."""
    weights: Tensor
    """Weights of the rows in the loss, (batch,)."""
    total: Tensor
    """What the sum of the weighted losses of labels is divided by: see `LabelledRows.batch`."""
    ngrams: Ngrams | None
    """N-grams of the rows for a network's wide part."""
    taught: Taught | None
    """A teacher's vectors of rows."""


def ngram_batch(ngrams: NgramRows, rows: Ints) -> Ngrams:
    """Gather the n-grams of `rows`, (batch,), as tensors."""
    return Ngrams(*(torch.from_numpy(one) for one in ngrams.gather(rows)))


def taught_batch(taught: TaughtRows, rows: Ints, total: Tensor) -> Taught:
    """Gather a teacher's vectors of `rows`, (batch,), as tensors."""
    read, vectors = taught.gather(rows)
    return Taught(torch.from_numpy(read), torch.from_numpy(vectors), total)


def _divisor(weights: npt.NDArray[np.float32], share: Share) -> Tensor:
    """One process's part of the weights of a batch; above zero, or nothing would be learnt."""
    part: Tensor = torch.from_numpy(weights).sum() / share.processes
    return part.clamp_min(torch.finfo(part.dtype).tiny)


@dataclass(frozen=True)
class LabelledRows:
    """Tokens with what is to be learnt from them."""

    tokens: TokenRows
    labels: Ints
    """Label indices, (rows,); `UNLABELLED` where there is none."""
    weights: npt.NDArray[np.float32]
    """Weights in the loss, (rows,)."""
    ngrams: NgramRows | None = None
    """N-grams for a network's wide part."""
    taught: TaughtRows | None = None
    """A teacher's vectors."""

    @property
    def labelled(self) -> int:
        """Rows that have a label."""
        return int(np.count_nonzero(self.labels != UNLABELLED))

    @classmethod
    def unlabelled(cls, tokens: TokenRows, ngrams: NgramRows | None) -> Self:
        """Rows that are only to be predicted: label 0 and weight 1 stand in."""
        count = len(tokens)
        return cls(tokens, np.zeros(count, np.int64), np.ones(count, np.float32), ngrams)

    def batch(self, rows: Ints, share: Share = WHOLE) -> Batch:
        """Gather `rows`, (batch,), into one padded batch; of them every `processes`-th row.

        Data parallelism averages gradients over processes (Li et al. 2020, "PyTorch Distributed",
        section 3). With the weight of the whole batch over the number of processes as divisor of
        each one's sum, that average is the gradient of the whole batch, however rows and weights
        fall. A process without a row stands by with one of weight 0. The divisor of labels' losses
        counts rows with a label, that of a teacher's lessons all rows.
        """
        own = rows[share.rank :: share.processes]
        weights = self.weights[own] if len(own) else np.zeros(1, np.float32)
        own = own if len(own) else rows[:1]
        tokens, lengths = self.tokens.padded(own)
        every, labelled = self.weights[rows], self.labels[rows] != UNLABELLED
        return Batch(
            torch.from_numpy(tokens),
            torch.from_numpy(lengths),
            torch.from_numpy(self.labels[own]),
            torch.from_numpy(weights),
            _divisor(every[labelled], share),
            None if self.ngrams is None else ngram_batch(self.ngrams, own),
            None if self.taught is None else taught_batch(self.taught, own, _divisor(every, share)),
        )


def shuffled_batches(lengths: Ints, size: int, seed: int, epoch: int) -> list[Ints]:
    """Row indices of each training batch of an epoch; like lengths stand together.

    Rows are shuffled, cut into buckets of `BUCKET_BATCHES` batches, sorted by length within a
    bucket, and the batches shuffled. The order depends on `seed` and `epoch` alone, so that a
    training that resumes meets the batches it would have met.
    """
    generator = np.random.default_rng((seed, epoch))
    order = generator.permutation(len(lengths))
    batches: list[Ints] = []
    for start in range(0, len(order), size * BUCKET_BATCHES):
        bucket = order[start : start + size * BUCKET_BATCHES]
        bucket = bucket[np.argsort(lengths[bucket], kind="stable")]
        batches += [bucket[first : first + size] for first in range(0, len(bucket), size)]
    return [batches[index] for index in generator.permutation(len(batches))]


def ordered_batches(lengths: Ints, size: int) -> list[Ints]:
    """Row indices of batches that cover all rows once, shortest rows first."""
    order = np.argsort(lengths, kind="stable")
    return [order[first : first + size] for first in range(0, len(order), size)]


class Batches:
    """An iterable of batches with a length, which is all that Lightning asks of a loader."""

    def __init__(self, rows: LabelledRows, indices: list[Ints], share: Share = WHOLE) -> None:
        self.rows, self.indices, self.share = rows, indices, share

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[Batch]:
        return (self.rows.batch(index, self.share) for index in self.indices)


def predicted_batches(rows: LabelledRows) -> Batches:
    """Batches that cover all rows, to be predicted: rows of one length, `ALIKE` or a multiple.

    Sums end in other last bits where they run over padding, and libraries of matrix products take
    other ways for few rows and for those at the edge of a block. So no row is padded, batches that
    would be smaller are filled up with their last row, and a row's numbers do not depend on what
    is asked beside it (docs/predicting.md): one text is answered as it is among a million.
    """
    order = np.argsort(rows.tokens.lengths, kind="stable")
    ends = np.flatnonzero(np.diff(rows.tokens.lengths[order])) + 1
    batches: list[Ints] = []
    for group in np.split(order, ends):
        parts = (
            group[at : at + PREDICTED_AT_ONCE] for at in range(0, len(group), PREDICTED_AT_ONCE)
        )
        batches += [np.pad(part, (0, -len(part) % ALIKE), mode="edge") for part in parts]
    return Batches(rows, batches)
