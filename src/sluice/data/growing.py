"""Parts rows that arrive batch by batch so that no row ever changes its part.

In: rows in the order of their arrival, with what is alike among them. Out: for each row its part,
or why it has none. Whatever is appended later changes nothing for the rows before: each row's
place hangs on itself and on earlier rows alone.
"""

import hashlib
from collections import defaultdict
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sluice.data.duplicates import Likeness

Integers = NDArray[np.int64]
Fate = Literal["kept", "repeated", "conflict", "crossing"]
TRAIN, VALIDATION, TEST = range(3)


class Arrival(NamedTuple):
    """What counts of a row: the exact group of its text, its label, and its author or thread."""

    exact: int
    label: str
    group: str | None


class Placed(NamedTuple):
    """For each row its part (-1 for none), its fate, and its cluster of kept rows, (rows,)."""

    part: Integers
    fate: NDArray[np.object_]
    cluster: Integers


def hash_share(key: str, seed: int) -> float:
    """A number in [0, 1) that hangs on `key` and `seed` alone, on every machine (BLAKE2b)."""
    digest = hashlib.blake2b(f"{seed}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def part_by_hash(key: str, shares: tuple[float, float], seed: int) -> int:
    """The part of a new group; `shares` are those of validation and test.

    The test has the lowest numbers, so that another share of validation leaves it as it is.
    """
    validation, test = shares
    place = hash_share(key, seed)
    if place < test:
        return TEST
    return VALIDATION if place < test + validation else TRAIN


class _Book:
    """What is known of the rows so far: which exact groups and authors are in which part."""

    def __init__(self, found: Likeness, shares: tuple[float, float], seed: int) -> None:
        self._near: dict[int, list[int]] = defaultdict(list)
        for first, second in found.near.tolist():
            self._near[first].append(second)
            self._near[second].append(first)
        self._shares, self._seed = shares, seed
        self._part: dict[int | str, int] = {}
        self._labels: dict[int, set[str]] = defaultdict(set)
        self._parent: dict[int | str, int | str] = {}

    def _root(self, node: int | str) -> int | str:
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def _met(self, row: Arrival) -> list[int | str]:
        """Exact groups and authors of kept rows that this one belongs with."""
        nodes: list[int | str] = [row.exact, *self._near[row.exact]]
        if row.group is not None:
            nodes.append(row.group)
        return [node for node in nodes if node in self._part]

    def judge(self, row: Arrival, *, repeats: bool, conflicts: bool) -> Fate:
        """Whether the row may be kept; `repeats` and `conflicts` say what may be."""
        met = self._met(row)
        if len({self._part[node] for node in met}) > 1:
            return "crossing"
        texts = [node for node in met if isinstance(node, int)]
        if not conflicts and any(self._labels[node] != {row.label} for node in texts):
            return "conflict"
        if not repeats and row.label in self._labels.get(row.exact, ()):
            return "repeated"
        return "kept"

    def keep(self, row: Arrival, key: str) -> int:
        """Enter a row that is kept; give its part."""
        met = self._met(row)
        part = self._part[met[0]] if met else part_by_hash(key, self._shares, self._seed)
        nodes: list[int | str] = [row.exact] if row.group is None else [row.exact, row.group]
        for node in nodes:
            self._part[node] = part
            self._parent.setdefault(node, node)
        self._labels[row.exact].add(row.label)
        root = self._root(nodes[0])
        for node in [*met, *nodes]:
            self._parent[self._root(node)] = root
        return part

    def cluster(self, row: Arrival) -> int | str:
        """The cluster of a row that was kept."""
        return self._root(row.exact)


def place_in_order(
    frame: pd.DataFrame,
    found: Likeness,
    shares: tuple[float, float],
    seed: int,
    *,
    repeats: bool,
    conflicts: bool,
) -> Placed:
    """Place rows one after the other, in the order of the table.

    A row that is alike to kept earlier rows (near duplicates, one author) joins their part; one
    that is alike to rows of two parts has none, as it would leak from one to the other. Without
    earlier kin the hash of its author, or else of its id, decides.

    Args:
        frame: columns `id`, `label` and, if there are authors, `group`.
        found: what is alike among the texts, see `find_pairs`.
        shares: of validation and test, expected values: a hash keeps them only on average.
        seed: of the hash.
        repeats: whether texts that are exact repetitions are kept.
        conflicts: whether a row is kept whose near duplicates have another label; otherwise the
            earliest label of a text stands.
    """
    book = _Book(found, shares, seed)
    groups = frame["group"] if "group" in frame else pd.Series(None, frame.index, dtype=object)
    named = [None if pd.isna(group) else f"group {group}" for group in groups]
    rows = list(map(Arrival, found.exact.tolist(), frame["label"].to_list(), named))
    part = np.full(len(rows), -1, np.int64)
    fate = np.empty(len(rows), object)
    for number, (row, name) in enumerate(zip(rows, frame["id"].to_list(), strict=True)):
        fate[number] = book.judge(row, repeats=repeats, conflicts=conflicts)
        if fate[number] == "kept":
            part[number] = book.keep(row, row.group or f"id {name}")
    kept = part >= 0
    cluster = np.full(len(rows), -1, np.int64)
    roots = [str(book.cluster(row)) for row, stays in zip(rows, kept, strict=True) if stays]
    cluster[kept] = pd.factorize(np.array(roots, dtype=object))[0]
    return Placed(part, fate, cluster)
