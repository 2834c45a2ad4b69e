"""Parts rows the honest way and each leaky way, on otherwise equal terms.

In: rows, their labels and clusters, and a seed. Out: row numbers to train and to test on. It stops
at numbers: what is trained is in `sluice.lab.linear` and `sluice.lab.network`.

Equal terms: both arms of a pair are tested on the same rows (but see `oversample_first`), and
trained on as many rows of each label. Honest training rows have no relative (copy, child, near
duplicate) among the test rows.
The mistakes are types L1.2, L1.3 and L1.4 of Kapoor & Narayanan 2023, "Leakage and the
reproducibility crisis in machine-learning-based science", table 1, and choosing on the test rows.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sluice.data.splitting import assign_stratified
from sluice.errors import DataError
from sluice.lab.rows import Integers, LabRows
from sluice.text.augmentation import edit_rows
from sluice.text.resampling import resample
from sluice.text.synthesis import make_children, operation_generator


class Arm(NamedTuple):
    """Numbers of items; one that is there twice counts twice."""

    known: Integers
    """Those whose words the features know."""
    train: Integers
    test: Integers


class Items(NamedTuple):
    """Rows, then their children by augmentation; arrays are (items,)."""

    texts: list[str]
    labels: Integers
    clusters: Integers
    rows: int
    """How many of the items are rows."""
    classes: int


def make_items(rows: LabRows, operation: str = "synonyms") -> Items:
    """Give each row a child by an operation of `augment`, where the row lets itself be changed.

    Raises:
        ResourceError: the operation needs WordNet, which is not installed.
    """
    frame = pd.DataFrame({"text": rows.originals, "cleaned": rows.texts})
    every = np.arange(len(frame))
    children = make_children(
        frame, every, len(frame), edit_rows(operation, 0.1), operation_generator(0, operation)
    )
    return Items(
        rows.texts + children.cleaned,
        np.concatenate([rows.labels, rows.labels[children.parents]]),
        np.concatenate([rows.clusters, rows.clusters[children.parents]]),
        len(frame),
        len(rows.label_names),
    )


def _split(labels: Integers, clusters: Integers, share: float, seed: int) -> Integers:
    """Which items are test, (items,) of 0 and 1; of each label the same share."""
    return assign_stratified(pd.Series(labels), clusters, (1 - share, share), seed)


def _counts(items: Items, chosen: Integers) -> Integers:
    return np.bincount(items.labels[chosen], minlength=items.classes)


def _apart(items: Items, pool: Integers, test: Integers) -> Integers:
    """Those of the pool that have no relative among the test items."""
    kept = pool[~np.isin(items.clusters[pool], items.clusters[test])]
    if (_counts(items, kept) > 0).sum() < 2:
        raise DataError(
            "without the duplicates of test rows fewer than two labels are left to train on: the "
            "rows are copies of too few texts for a leak lab"
        )
    return kept


def _draw(items: Items, pool: Integers, wanted: Integers, seed: int) -> Integers:
    """As many of the pool as wanted of each label: some, or all and then random copies."""
    generator = np.random.default_rng(seed)
    drawn = []
    for label, count in enumerate(wanted):
        members = pool[items.labels[pool] == label]
        once = generator.permutation(members)[:count]
        missing = count - len(once) if len(members) else 0
        drawn += [once, generator.choice(members, missing) if missing else members[:0]]
    return np.sort(np.concatenate(drawn))


def _pair(test: Integers, honest: Integers, leaky: Integers) -> tuple[Arm, Arm]:
    return Arm(honest, honest, test), Arm(leaky, leaky, test)


def split_at_random(items: Items, share: float, seed: int) -> tuple[Arm, Arm]:
    """Row by row, so that duplicates of test rows are trained on. Returns honest, leaky."""
    rows = np.arange(items.rows)
    chosen = _split(items.labels[rows], rows, share, seed) == 1
    test, rest = rows[chosen], rows[~chosen]
    honest = _apart(items, rest, test)
    leaky = _draw(items, rest, _counts(items, honest), seed)
    return _pair(test, honest, leaky)


def oversample_first(items: Items, share: float, seed: int) -> tuple[Arm, Arm]:
    """Copies of rows of small classes, then a random split: copies of test rows are trained on.

    The honest arm balances its training rows alike, after the split. Its test rows are others, and
    no copies: that the test rows are balanced too is part of the mistake.
    """
    pool = resample(pd.Series(items.labels[: items.rows]).astype("str"), "over", seed)
    size = share * items.rows / len(pool)  # as many test rows as elsewhere
    chosen = _split(items.labels[pool], np.arange(len(pool)), size, seed) == 1
    leaky = np.sort(pool[~chosen])
    rows = np.arange(items.rows)
    held = _split(items.labels[rows], items.clusters[rows], share, seed) == 1
    honest = _draw(items, rows[~held], _counts(items, leaky), seed)
    return Arm(honest, honest, rows[held]), Arm(leaky, leaky, pool[chosen])


def augment_first(items: Items, share: float, seed: int) -> tuple[Arm, Arm]:
    """An edited child of each row, then a random split: parents and children are parted."""
    pool = np.arange(len(items.labels))
    size = share * items.rows / len(pool)
    chosen = _split(items.labels, pool, size, seed) == 1
    test, rest = pool[chosen], pool[~chosen]
    honest = _apart(items, rest, test)
    leaky = _draw(items, rest, _counts(items, honest), seed)
    return _pair(test, honest, leaky)


def know_all_words(items: Items, share: float, seed: int) -> tuple[Arm, Arm]:
    """Vocabulary and inverse document frequencies from all rows; training rows as they ought."""
    rows = np.arange(items.rows)
    clusters = items.clusters[rows]
    chosen = _split(items.labels[rows], clusters, share, seed) == 1
    test, train = rows[chosen], rows[~chosen]
    return Arm(train, train, test), Arm(rows, train, test)


def three_parts(items: Items, share: float, seed: int) -> tuple[Arm, Integers]:
    """Training and test rows without relatives of each other, and validation rows to choose on."""
    rows = np.arange(items.rows)
    shares = (1 - 2 * share, share, share)
    labels = pd.Series(items.labels[rows])
    part = assign_stratified(labels, items.clusters[rows], shares, seed)
    train = rows[part == 0]
    return Arm(train, train, rows[part == 2]), rows[part == 1]
