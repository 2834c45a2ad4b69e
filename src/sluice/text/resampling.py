"""Balances the classes of training rows: which rows to take how often, or how much each weighs.

In: the labels of training rows. Out: row positions, or one weight per class. Where rows that are
not copies come from is `sluice.text.augmentation`'s matter.
"""

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from sluice.errors import DataError

Ints = npt.NDArray[np.int64]
Resampling = Literal["none", "over", "under", "combined", "class_weights"]
METHODS: tuple[str, ...] = get_args(Resampling)


def check_classes(labels: pd.Series) -> None:
    """Refuse labels among which there is nothing to learn, or nothing to balance.

    Raises:
        DataError: no rows, or rows of one class only.
    """
    if labels.empty:
        raise DataError("no training rows: check the shares of section split in params.yaml")
    names = sorted(labels.unique())
    if len(names) == 1:
        raise DataError(
            f"all {len(labels)} training rows have the label {names[0]!r}: a classifier needs two "
            "classes or more; check ingest.label_map and section split in params.yaml"
        )


def _class_sizes(labels: pd.Series) -> dict[str, int]:
    """Rows of each class, by name."""
    return {str(name): int(size) for name, size in labels.value_counts().sort_index().items()}


def _drawn(sampler: Any, positions: Ints, labels: pd.Series) -> Ints:
    """The positions that a sampler of imbalanced-learn keeps or adds."""
    sampler.fit_resample(positions[:, None], labels.to_numpy(object)[positions])
    chosen: Ints = positions[np.asarray(sampler.sample_indices_)]
    return chosen


def _under(positions: Ints, labels: pd.Series, largest: dict[str, int], seed: int) -> Ints:
    """Drop random rows of the classes in `largest` down to the number that is given for each."""
    from imblearn.under_sampling import RandomUnderSampler  # two seconds, and most runs need none

    sampler = RandomUnderSampler(sampling_strategy=largest, random_state=seed)
    return np.sort(_drawn(sampler, positions, labels))


def _over(positions: Ints, labels: pd.Series, smallest: dict[str, int], seed: int) -> Ints:
    """Append copies of random rows of the classes in `smallest` up to the number for each."""
    from imblearn.over_sampling import RandomOverSampler

    sampler = RandomOverSampler(sampling_strategy=smallest, random_state=seed)
    return _drawn(sampler, positions, labels)


def resample(labels: pd.Series, method: str, seed: int) -> Ints:
    """Choose training rows so that the classes are balanced, by the method named.

    - `over`: copies of random rows, until every class is as large as the largest.
    - `under`: random rows left out, until every class is as small as the smallest.
    - `combined`: classes above the mean class size brought down to it, then those below up to it.
    - `none`, `class_weights`: every row once.

    Args:
        labels: label of each row, (rows,).
        method: one of `METHODS`.
        seed: of the random choice.

    Returns:
        positions: rows that stay, ascending, then one position for each copy; (rows after,).

    Raises:
        DataError: one class only, or `under` where a class has a single row.
    """
    check_classes(labels)
    sizes = _class_sizes(labels)
    mean = round(len(labels) / len(sizes))
    target = {"over": max(sizes.values()), "under": min(sizes.values())}.get(method, mean)
    if method == "under" and target == 1:
        smallest = min(sizes, key=sizes.__getitem__)
        raise DataError(
            f"augment.resampling under would leave one row of each class, for {smallest!r} has one "
            "row only: take over, combined or class_weights, or drop the class in ingest"
        )
    positions = np.arange(len(labels), dtype=np.int64)
    if method in ("under", "combined"):
        large = {name: target for name, size in sizes.items() if size > target}
        positions = _under(positions, labels, large, seed) if large else positions
    if method in ("over", "combined"):
        small = {name: target for name, size in sizes.items() if size < target}
        positions = _over(positions, labels, small, seed) if small else positions
    return positions


def class_weights(labels: pd.Series) -> dict[str, float]:
    """Weigh each class by rows / (classes * rows of the class): all weigh the same in sum.

    The mean over rows is 1. This is scikit-learn's `balanced` (King & Zeng 2001).
    """
    sizes = _class_sizes(labels)
    return {name: len(labels) / (len(sizes) * size) for name, size in sizes.items()}
