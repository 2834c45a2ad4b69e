from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.data import duplicates
from sluice.data.duplicates import (
    Duplicates,
    band_rows,
    comparable,
    find_duplicates,
    jaccard,
    join_groups,
    join_pairs,
    shingle_matrix,
)

LONG = "the quick brown fox jumps over the lazy dog while it rains in the old town"


def shingles(text: str, size: int) -> set[str]:
    return {text[at : at + size] for at in range(max(1, len(text) - size + 1))}


def groups(*texts: str, **params):
    return find_duplicates(pd.Series(texts), Duplicates(**params))


def test_postings_of_one_text_compare_equal() -> None:
    texts = pd.Series(["RT @a: So TRUE! http://t.co/x", "so true http://t.co/y", "@b so true…"])
    assert comparable(texts).tolist() == ["so true"] * 3


def test_a_text_of_links_alone_is_compared_as_it_is() -> None:
    texts = pd.Series(["http://t.co/x", "http://t.co/y", "@a"])
    assert comparable(texts).tolist() == ["http://t.co/x", "http://t.co/y", "@a"]


@given(st.lists(st.text(alphabet="abcdé😂 ", min_size=1, max_size=30), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_similarities_are_those_of_sets(texts) -> None:
    pairs = np.array(list(combinations(range(len(texts)), 2)) or np.empty((0, 2)), dtype=np.int64)
    found = jaccard(shingle_matrix(texts, 3), pairs)
    for (left, right), value in zip(pairs, found, strict=True):
        one, other = shingles(texts[left], 3), shingles(texts[right], 3)
        assert value == pytest.approx(len(one & other) / len(one | other))


def test_near_duplicates_share_a_cluster_and_others_do_not() -> None:
    found = groups(LONG, LONG + " again", "nothing of this kind was ever said here", LONG.upper())
    assert found.cluster.tolist() == [0, 0, 1, 0]
    assert found.exact.tolist() == [0, 1, 2, 0]


def test_the_threshold_decides() -> None:
    other = LONG.replace("quick brown fox", "slow white cat")
    assert groups(LONG, other, threshold=0.95).cluster.tolist() == [0, 1]
    assert groups(LONG, other, threshold=0.5).cluster.tolist() == [0, 0]


def test_clusters_are_transitive() -> None:
    steps = [LONG + " and so on" * times for times in range(4)]
    assert len(set(groups(*steps, threshold=0.75).cluster)) == 1


def test_short_and_empty_texts() -> None:
    found = groups("ok", "OK!", "no", "!!!", "???", "a")
    assert found.exact.tolist() == [0, 0, 1, 2, 3, 4]


def test_bands_propose_a_pair_at_the_threshold_nearly_always() -> None:
    for threshold in (0.5, 0.8, 0.95, 1.0):
        rows = band_rows(128, threshold)
        assert 1 - (1 - threshold**rows) ** (128 // rows) >= 0.999
    assert band_rows(128, 0.8) == 5


def test_a_crowd_is_joined_without_comparing_all_pairs(monkeypatch) -> None:
    monkeypatch.setattr(duplicates, "_CROWD", 10)
    texts = [f"{LONG} number {number}" for number in range(40)]
    assert len(set(groups(*texts).cluster)) == 1


def test_recall_against_all_pairs_on_random_variants() -> None:
    random = np.random.default_rng(0)
    words = np.array(LONG.split())
    texts = []
    for _ in range(60):
        base = random.permutation(words)
        for _ in range(3):
            copy = base.copy()
            copy[random.integers(len(copy))] = "changed"
            texts.append(" ".join(copy))
    found = groups(*texts).cluster
    for one, other in combinations(range(len(texts)), 2):
        left, right = shingles(texts[one], 5), shingles(texts[other], 5)
        if len(left & right) / len(left | right) >= 0.8:
            assert found[one] == found[other]


def test_groups_of_the_data_join_clusters() -> None:
    clusters = np.array([0, 1, 2, 3, 3])
    authors = pd.Series(["a", "b", "a", None, "b"])
    assert join_groups(clusters, authors).tolist() == [0, 1, 0, 1, 1]
    assert join_groups(clusters, None).tolist() == clusters.tolist()
    assert join_groups(clusters, pd.Series([None] * 5)).tolist() == clusters.tolist()


def test_components() -> None:
    pairs = np.array([[0, 1], [3, 4], [1, 5]])
    found = join_pairs(pairs, 6)
    assert found[0] == found[1] == found[5]
    assert len(set(found)) == 3


def test_the_same_texts_give_the_same_numbers() -> None:
    texts = [LONG, LONG + "!", "b", LONG + " x"]
    assert all((a == b).all() for a, b in zip(groups(*texts), groups(*texts), strict=True))
