import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.data.duplicates import Duplicates, Likeness, find_pairs
from sluice.data.growing import (
    TEST,
    TRAIN,
    VALIDATION,
    Placed,
    hash_share,
    part_by_hash,
    place_in_order,
)

SHARES = (0.2, 0.3)


def place(rows: list[tuple[int, str, str | None]], near: set[tuple[int, int]], **rules) -> Placed:
    """Place rows of (text number, label, author), of which pairs of texts are near duplicates."""
    frame = pd.DataFrame(rows, columns=["exact", "label", "group"])
    frame["id"] = [f"{number:04}" for number in range(len(rows))]
    pairs = np.array(sorted(near), dtype=np.int64).reshape(-1, 2)
    found = Likeness(frame["exact"].to_numpy(np.int64), pairs)
    return place_in_order(
        frame, found, SHARES, 0, **({"repeats": False, "conflicts": False} | rules)
    )


texts = st.integers(0, 12)
arrivals = st.lists(
    st.tuples(texts, st.sampled_from("ab"), st.sampled_from([None, "x", "y"])), max_size=40
)
likenesses = st.sets(st.tuples(texts, texts).filter(lambda pair: pair[0] < pair[1]), max_size=12)


@settings(max_examples=300)
@given(arrivals, likenesses, st.integers(0, 40), st.booleans(), st.booleans())
def test_rows_that_are_appended_change_nothing_for_those_before(
    rows, near, first, repeats, conflicts
) -> None:
    rules = {"repeats": repeats, "conflicts": conflicts}
    # Texts are numbered in the order of their first rows, as `find_pairs` numbers them.
    before, after = place(rows[:first], near, **rules), place(rows, near, **rules)
    assert after.part[:first].tolist() == before.part.tolist()
    assert after.fate[:first].tolist() == before.fate.tolist()


@settings(max_examples=300)
@given(arrivals, likenesses, st.booleans(), st.booleans())
def test_nothing_alike_is_in_two_parts(rows, near, repeats, conflicts) -> None:
    placed = place(rows, near, repeats=repeats, conflicts=conflicts)
    assert ((placed.part >= 0) == (placed.fate == "kept")).all()
    both = near | {(second, first) for first, second in near}
    kept = [number for number in range(len(rows)) if placed.part[number] >= 0]
    for one in kept:
        for other in kept:
            (text, label, author), (text2, label2, author2) = rows[one], rows[other]
            alike = text == text2 or (text, text2) in both
            if alike or (author is not None and author == author2):
                assert placed.part[one] == placed.part[other]
                assert placed.cluster[one] == placed.cluster[other]
            if alike and not conflicts:
                assert label == label2
            if one != other and text == text2 and label == label2:
                assert repeats


def test_each_fate_has_its_reason() -> None:
    near = {(0, 1)}
    placed = place([(0, "a", None), (1, "a", None), (1, "b", None), (0, "a", None)], near)
    assert placed.fate.tolist() == ["kept", "kept", "conflict", "repeated"]
    assert placed.part[0] == placed.part[1]
    keys = [f"id {number:04}" for number in range(400)]
    parts = [part_by_hash(key, SHARES, 0) for key in keys]
    apart = next(number for number in range(400) if parts[number] != parts[0])
    rows = [(number, "a", None) for number in range(apart + 1)]
    bridge = [*rows, (apart + 1, "a", None)]
    placed = place(bridge, {(0, apart + 1), (apart, apart + 1)})
    assert placed.fate[-1] == "crossing"
    assert placed.part[-1] == -1


def test_an_author_stays_in_one_part_and_decides_it() -> None:
    placed = place([(number, "a", "ann") for number in range(20)], set())
    assert set(placed.part) == {part_by_hash("group ann", SHARES, 0)}
    assert set(placed.cluster) == {0}


def test_the_hash_is_blake2b_and_uniform() -> None:
    digest = hashlib.blake2b(b"7\0key", digest_size=8).hexdigest()
    assert hash_share("key", 7) == int(digest, 16) / 2**64
    shares = np.sort([hash_share(f"id {number}", 0) for number in range(20_000)])
    steps = np.arange(1, 20_001) / 20_000
    # Kolmogorov-Smirnov: 1.63 / sqrt(n) is exceeded once in a hundred by chance.
    assert np.abs(shares - steps).max() < 1.63 / np.sqrt(20_000)
    parts = np.array([part_by_hash(f"id {number}", SHARES, 0) for number in range(20_000)])
    for part, share in ((TRAIN, 0.5), (VALIDATION, 0.2), (TEST, 0.3)):
        assert np.mean(parts == part) == pytest.approx(share, abs=0.012)


def test_another_validation_share_leaves_the_test_as_it_is() -> None:
    keys = [f"id {number}" for number in range(500)]
    frozen = [
        {key for key in keys if part_by_hash(key, (share, 0.3), 0) == TEST} for share in (0.1, 0.4)
    ]
    assert frozen[0] == frozen[1]


def test_real_likeness_is_found_in_a_growing_table() -> None:
    texts = pd.Series(
        ["The bridge over the river is closed today", "Nobody came to the meeting", "RT The bridge "
         "over the river is closed today!", "Nobody came to the meeting at all"]
    )  # fmt: skip
    params = Duplicates(threshold=0.6)
    found = find_pairs(texts, params)
    frame = pd.DataFrame({"id": list("abcd"), "label": ["x"] * 4})
    placed = place_in_order(frame, found, SHARES, 0, repeats=False, conflicts=False)
    assert placed.fate.tolist() == ["kept", "kept", "repeated", "kept"]
    assert placed.cluster[1] == placed.cluster[3] != placed.cluster[0]
