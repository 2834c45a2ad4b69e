"""Arms: what is equal between honest and leaky, and what must not be."""

import numpy as np
import pandas as pd
import pytest

from sluice.errors import DataError
from sluice.lab.arms import (
    Arm,
    Items,
    augment_first,
    know_all_words,
    make_items,
    oversample_first,
    split_at_random,
    three_parts,
)
from sluice.lab.rows import prepare_rows

SHARE = 0.2


def items(rows: int = 200, copies: int = 2, children: int = 0) -> Items:
    """Clusters of `copies` rows; three quarters are of label 0; each child is of row n."""
    clusters = np.arange(rows) // copies
    labels = (clusters % 4 == 0).astype(np.int64)
    parents = np.arange(children)
    return Items(
        [f"text {number}" for number in range(rows + children)],
        np.concatenate([labels, labels[parents]]),
        np.concatenate([clusters, clusters[parents]]),
        rows,
        2,
    )


def leaked(table: Items, arm: Arm) -> int:
    return int(np.isin(table.clusters[arm.test], table.clusters[arm.train]).sum())


def counts(table: Items, chosen: np.ndarray) -> list[int]:
    return np.bincount(table.labels[chosen], minlength=2).tolist()


@pytest.mark.parametrize(
    ("make", "table"), [(split_at_random, items()), (augment_first, items(copies=1, children=200))]
)
def test_pairs_have_the_same_test_rows_and_as_many_training_rows(make, table: Items) -> None:
    honest, leaky = make(table, SHARE, 3)
    assert (honest.test == leaky.test).all()
    assert len(honest.test) == SHARE * table.rows
    assert counts(table, honest.train) == counts(table, leaky.train)
    assert leaked(table, honest) == 0
    assert leaked(table, leaky) > 10
    assert not set(leaky.test) & set(leaky.train)


def test_without_duplicates_a_random_split_has_two_equal_arms() -> None:
    honest, leaky = split_at_random(items(copies=1), SHARE, 0)
    assert (honest.train == leaky.train).all()


def test_oversampling_first_leaks_copies_and_honest_does_not() -> None:
    table = items(copies=1)
    honest, leaky = oversample_first(table, SHARE, 0)
    assert leaked(table, honest) == 0
    assert leaked(table, leaky) > 10
    assert counts(table, honest.train) == counts(table, leaky.train)
    assert len(honest.test) == len(leaky.test) == SHARE * table.rows
    assert len(set(honest.test)) == len(honest.test)
    assert abs(np.subtract(*counts(table, leaky.test))) <= 2
    assert counts(table, honest.test) == [30, 10]


def test_knowing_all_words_changes_nothing_else() -> None:
    table = items()
    honest, leaky = know_all_words(table, SHARE, 0)
    assert (honest.train == leaky.train).all()
    assert (honest.test == leaky.test).all()
    assert leaked(table, honest) == 0
    assert not set(honest.known) & set(honest.test)
    assert set(leaky.known) == set(range(table.rows))


def test_three_parts_are_apart() -> None:
    table = items()
    arm, validation = three_parts(table, SHARE, 1)
    assert len(arm.train) + len(validation) + len(arm.test) == table.rows
    for one, other in ((arm.train, validation), (arm.train, arm.test), (validation, arm.test)):
        assert not set(table.clusters[one]) & set(table.clusters[other])


def test_copies_of_one_text_are_refused() -> None:
    table = items(rows=40, copies=40)
    with pytest.raises(DataError, match="copies of too few texts"):
        split_at_random(table, SHARE, 0)


def test_children_have_the_label_and_cluster_of_their_parent() -> None:
    texts = [f"the {word} dog runs home number {word}" for word in "abcdefghijklmnopqrstuvwxyz"]
    labels = ["x", "y"] * 13
    rows = prepare_rows(pd.DataFrame({"text": texts, "label": labels}), "f.csv", [])
    made = make_items(rows, "swap")
    assert made.rows == 26
    assert len(made.texts) == len(made.labels) == len(made.clusters) > 26
    first = made.texts[26].split()
    assert sorted(first) == sorted(made.texts[0].split())
    assert (made.labels[26], made.clusters[26]) == (made.labels[0], made.clusters[0])
