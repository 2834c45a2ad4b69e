"""Rhymes are judged: variety, end rhymes, copies, perplexity."""

import numpy as np
import pandas as pd
import pytest

from sluice.rhyming.corpus import mark_words, split_lines
from sluice.rhyming.rimes import do_rhyme, load_rimes, look_up, parse_rimes, rime
from sluice.rhyming.scores import (
    compare_perplexity,
    copied_lines,
    count_rhymes,
    distinct,
    find_ends,
    longest_run,
    perplexity,
    shuffled_share,
)
from sluice.rhyming.settings import Evaluation

WORDS = parse_rimes(
    "cat K AE1 T\nhat HH AE1 T # a hat\nread R IY1 D\nread(2) R EH1 D\nbed B EH1 D\n"
    "tree T R IY1\nkitten K IH1 T AH0 N\nbitten B IH1 T AH0 N\nthe DH AH0\n\n"
)


def rhymes(one: str, other: str) -> bool:
    return do_rhyme(one, other, WORDS)


def known(word: str) -> bool:
    return bool(look_up(word, WORDS))


def parsed(*texts: str) -> list:
    return [split_lines(mark_words(text)) for text in texts]


def test_rimes_begin_at_the_last_stressed_vowel() -> None:
    assert rime(["K", "IH1", "T", "AH0", "N"]) == "IH T AH N"
    assert rime(["DH", "AH0"]) == "AH"
    assert rhymes("cat", "HAT")
    assert rhymes("kitten", "bitten")
    assert rhymes("read", "bed")
    assert rhymes("bob-cat", "hat")
    assert not rhymes("cat", "cat")
    assert not rhymes("odd", "queer")
    assert not rhymes("tree", "bed")


def test_the_dictionary_of_the_wheel_is_the_real_one() -> None:
    rimes = load_rimes()
    assert len(rimes) > 100_000
    assert do_rhyme("moon", "spoon", rimes)
    assert not do_rhyme("moon", "mouse", rimes)


def test_lines_rhyme_within_reach_and_stanza() -> None:
    ends = find_ends(parsed("a cat,\nthe tree\nmy hat!\nthe odd", "a hat\n\na cat"))
    assert ends.words == ["cat", "tree", "hat", "odd", "hat", "cat"]
    found = count_rhymes(ends, rhymes, known, 2)
    assert (found.lines, found.unknown) == (3, 1)
    assert found.share == pytest.approx(2 / 3)
    assert count_rhymes(ends, rhymes, known, 1).share == 0


def test_shuffled_ends_rhyme_by_chance_only() -> None:
    ends = find_ends(parsed(*["cat\nhat", "read\nbed", "kitten\nbitten", "tree\nthe"] * 5))
    params = Evaluation(shuffles=40)
    share = shuffled_share(ends, rhymes, known, params)
    assert count_rhymes(ends, rhymes, known, 2).share == 0.75
    assert 0 < share < 0.3
    assert share == shuffled_share(ends, rhymes, known, params)


def test_copies_are_found_across_case_marks_and_lines() -> None:
    train = parsed("One two three four\nfive six seven", "eight nine")
    written = parsed("ONE, two: three four!\nfive six\nand seven of nine odd", "eight nine")
    assert copied_lines(written, train, 4) == (0.5, 2)
    assert copied_lines(written, train, 9) == (0.0, 0)
    assert longest_run(written, train) == ["one", "two", "three", "four", "five", "six"]
    assert longest_run(parsed("odd"), train) == []


def test_distinct_counts_different_ngrams() -> None:
    texts = parsed("a b a b", "a")
    assert distinct(texts, 1) == 2 / 5
    assert distinct(texts, 2) == 2 / 3
    assert distinct(texts, 9) == 0


def test_the_ratio_of_perplexities_is_paired() -> None:
    count = np.array([5, 9, 7, 6])
    base = pd.DataFrame({"cluster": [0, 0, 1, 2], "tokens": count, "loss": count * [3.0, 1, 2, 4]})
    better = base.assign(loss=base["loss"] - 0.5 * count)
    found = compare_perplexity(better, base, Evaluation())
    assert found["ratio"] == pytest.approx(np.exp(-0.5))
    assert found["interval"] == pytest.approx([np.exp(-0.5)] * 2)
    assert perplexity(better) / perplexity(base) == pytest.approx(found["ratio"])
    worse = base.assign(loss=base["loss"] + count * [1, -1, 2, -2])
    low, high = compare_perplexity(worse, base, Evaluation())["interval"]
    assert low < 1 < high
