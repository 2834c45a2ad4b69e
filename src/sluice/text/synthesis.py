"""Makes synthetic rows from training rows: which row is a parent, and what its children hold.

In: a table of training rows and an operation on tokens. Out: rows with `parent_id` and `operation`.
How tokens are edited is the matter of `augmentation` and `translation`.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sluice.errors import DataError
from sluice.text.augmentation import Operation
from sluice.text.protection import mark_hashtag_words, unmark
from sluice.text.resampling import Ints

COPY = "over"
"""The operation of a row that resampling repeats."""
ADDED = ("parent_id", "operation", "weight")
"""Columns that the augment stage adds."""
Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
_BATCH = 1024
"""Rows that are edited with one seed; it decides what is drawn, so it is no parameter."""


class Children(NamedTuple):
    """What an operation made, in the order of the parents."""

    parents: Ints
    """Position of each child's parent among the rows, (children,)."""
    cleaned: list[str]
    """Edited text of each child, (children,)."""


NO_CHILDREN = Children(np.array([], dtype=np.int64), [])


def operation_generator(seed: int, operation: str) -> np.random.Generator:
    """A generator for one operation, so that switching one on changes no other's draws."""
    return np.random.default_rng([seed, zlib.crc32(operation.encode())])


class _Batch(NamedTuple):
    """Rows to edit, and the seed of what is drawn for them: whoever edits them, wherever."""

    positions: Ints
    cleaned: list[str]
    texts: list[str]
    seed: int


def _cut(rows: pd.DataFrame, positions: Ints, generator: np.random.Generator) -> Iterator[_Batch]:
    for start in range(0, len(positions), _BATCH):
        part = positions[start : start + _BATCH]
        batch = rows[["cleaned", "text"]].iloc[part]
        seed = int(generator.integers(1 << 63))
        yield _Batch(part, batch["cleaned"].tolist(), batch["text"].tolist(), seed)


def _edit_batch(operation: Operation, batch: _Batch) -> list[tuple[int, str]]:
    """The rows that the operation could change, each by its position, with its new text."""
    tokens = [
        mark_hashtag_words(cleaned.split(), text)
        for cleaned, text in zip(batch.cleaned, batch.texts, strict=True)
    ]
    edited = operation(tokens, np.random.default_rng(batch.seed))
    found = zip(batch.positions, edited, strict=True)
    return [(int(position), " ".join(unmark(new))) for position, new in found if new]


def make_children(
    rows: pd.DataFrame,
    candidates: Ints,
    asked: int,
    operation: Operation,
    generator: np.random.Generator,
    taken: Set[str] = frozenset(),
    spread: Spread = map,
) -> Children:
    """Edit random candidates until as many children as asked are made, or no row gives another.

    Every candidate is tried once before any is tried again; one that cannot be changed, or whose
    result is already a row's text or taken, is tried no more. So the end may come short of `asked`.

    Args:
        rows: `text` and `cleaned`, tokens parted by spaces, of each row.
        candidates: positions of rows that may be parents; a repeated one is tried as often.
        asked: children wanted; more than there are candidates gives parents several.
        operation: edits rows of tokens.
        generator: chooses the parents, and a seed for each batch of them.
        taken: texts that no child may have, such as those of children made before.
        spread: calls a function on batches, here or elsewhere; the children are the same.
    """
    seen = set(rows["cleaned"]) | taken
    made: list[tuple[int, str]] = []
    while len(made) < asked and len(candidates):
        order = generator.permutation(candidates)
        fertile: list[int] = []
        place = 0
        while place < len(order) and len(made) < asked:
            tried = order[place : place + asked - len(made)]
            place += len(tried)
            batches = spread(partial(_edit_batch, operation), _cut(rows, tried, generator))
            for position, text in chain.from_iterable(batches):
                if text not in seen:
                    seen.add(text)
                    made.append((position, text))
                    fertile.append(position)
        candidates = np.array(fertile, dtype=np.int64)
    made.sort(key=lambda child: child[0])  # stable: several of one parent stay as they were made
    return Children(
        np.array([parent for parent, _ in made], dtype=np.int64), [text for _, text in made]
    )


def original_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Give rows the columns `parent_id` and `operation`, empty: they are nobody's children."""
    nothing = pd.Series(pd.NA, index=frame.index, dtype="str")
    return frame.assign(parent_id=nothing, operation=nothing)


def synthetic_rows(
    frame: pd.DataFrame, parents: Ints, operation: str, cleaned: Sequence[str] | None = None
) -> pd.DataFrame:
    """Make rows of a parent's columns, with ids `<parent>~<operation>~<n>`, n from 1 per parent.

    With `cleaned` the rows hold the edited text both there and in `text`, since the original text
    no longer says the same and some models read it; without, they are copies.
    """
    rows = frame.iloc[parents].reset_index(drop=True)
    parent_ids = rows["id"]
    numbers = (rows.groupby("id", sort=False).cumcount() + 1).astype("str")
    rows = rows.assign(
        id=parent_ids + f"~{operation}~" + numbers,
        parent_id=parent_ids,
        operation=pd.Series(operation, index=rows.index, dtype="str"),
    )
    if cleaned is None:
        return rows
    edited = pd.Series(cleaned, index=rows.index, dtype="str")
    return rows.assign(cleaned=edited, text=edited)


def join_rows(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put parts below one another.

    Raises:
        DataError: two rows have one id, for instance an original that is named like a child.
    """
    rows = pd.concat(parts, ignore_index=True)
    twice = rows["id"].duplicated()
    if twice.any():
        raise DataError(
            f"the id {rows['id'][twice.to_numpy().argmax()]!r:.200} is there twice: ids must be "
            "unique, and ids on ~<operation>~<number> are kept for synthetic rows"
        )
    return rows
