"""What text and models agree on: reserved ids of tokens and labels, and rows as flat arrays.

In and out: NumPy arrays. Neither room imports the other; both import this.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

PADDING = 0
"""Fills a batch behind a row's end; never a part of a row."""
UNKNOWN = 1
"""Stands for a token that the vocabulary does not hold, and for an empty row."""
UNLABELLED = -1
"""Label of a row that is read for what a teacher tells of it, and has none."""

Ints = npt.NDArray[np.int64]


class Ngrams(NamedTuple):
    """Weighted features of a batch, one row behind the other; tensors or arrays."""

    ids: Any
    """Feature of each entry, (entries,)."""
    starts: Any
    """Where each row's entries start, (batch,)."""
    weights: Any
    """Weight of each entry, (entries,)."""


class Taught(NamedTuple):
    """A teacher's vectors of those rows of a batch that it has read; tensors or arrays."""

    rows: Any
    """Place of each within the batch, (read,)."""
    vectors: Any
    """(read, features)"""
    total: Any
    """What the sum of their weighted errors is divided by."""


@dataclass(frozen=True)
class TaughtRows:
    """A teacher's vectors of some rows."""

    vectors: npt.NDArray[np.float32]
    """(read, features)"""
    places: Ints
    """Where each row's vector is, (rows,); -1 where the teacher has not read it."""

    def gather(self, rows: Ints) -> tuple[Ints, npt.NDArray[np.float32]]:
        """Which of `rows`, (batch,), the teacher has read, (read,), and its vectors of them."""
        places = self.places[rows]
        read = np.flatnonzero(places >= 0)
        return read, self.vectors[places[read]]


def offsets_of(lengths: Ints) -> Ints:
    """Where each of several rows starts that lie one behind the other, and where the last ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def find_entries(offsets: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Places of the chosen rows' entries, one row behind the other; and where each row starts."""
    counts = offsets[rows + 1] - offsets[rows]
    starts: Ints = counts.cumsum() - counts
    return np.repeat(offsets[rows] - starts, counts) + np.arange(counts.sum()), starts


@dataclass(frozen=True)
class NgramRows:
    """Rows of weighted features, one behind the other in flat arrays.

    Row `i` is `offsets[i]` to `offsets[i + 1]`; its features rise, and it may have none.
    """

    ids: npt.NDArray[np.int32]
    """Feature of each entry, (entries,)."""
    offsets: Ints
    """Where each row starts, and where the last one ends, (rows + 1,)."""
    weights: npt.NDArray[np.float32]
    """Weight of each entry, (entries,)."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def owners(self) -> Ints:
        """Number of the row that each entry belongs to, (entries,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def part(self, first: int, end: int) -> "NgramRows":
        """Rows `first` to `end` as views: a change of them changes these rows."""
        offsets = self.offsets[first : end + 1]
        inside = slice(offsets[0], offsets[-1])
        return NgramRows(self.ids[inside], offsets - offsets[0], self.weights[inside])

    def gather(self, rows: Ints) -> Ngrams:
        """The entries of `rows`, (batch,), as arrays."""
        places, starts = find_entries(self.offsets, rows)
        return Ngrams(self.ids[places].astype(np.int64), starts, self.weights[places])


@dataclass(frozen=True)
class TokenRows:
    """Rows of token ids, one behind the other in one array.

    Row `i` is `ids[offsets[i]:offsets[i + 1]]`; no row is empty.
    """

    ids: npt.NDArray[np.int32]
    """Token ids of all rows, (tokens,)."""
    offsets: Ints
    """Where each row starts, and where the last one ends, (rows + 1,)."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """Tokens of each row, (rows,)."""
        return np.diff(self.offsets)

    def padded(self, rows: Ints) -> tuple[Ints, Ints]:
        """Gather rows into one padded block without a loop over them.

        Args:
            rows: indices of the rows, (batch,).

        Returns:
            token ids (batch, longest) and lengths (batch,).
        """
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        column = np.arange(lengths.max())
        inside = column < lengths[:, None]
        place = np.where(inside, self.offsets[rows][:, None] + column, 0)
        return np.where(inside, self.ids[place], PADDING).astype(np.int64), lengths


def token_rows(ids: npt.ArrayLike, lengths: Ints, longest: int) -> TokenRows:
    """Make rows from flat ids and the length of each, cut at `longest`; an empty row is UNKNOWN."""
    flat = np.asarray(ids, dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    kept = np.clip(lengths, 1, longest)
    offsets = offsets_of(kept)
    row = np.repeat(np.arange(len(lengths)), kept)
    place = np.arange(offsets[-1]) - offsets[row] + starts[row]
    empty = lengths[row] == 0
    safe = np.minimum(place, max(len(flat) - 1, 0))
    source = flat if len(flat) else np.array([UNKNOWN], dtype=np.int32)
    return TokenRows(np.where(empty, UNKNOWN, source[safe]).astype(np.int32), offsets)
