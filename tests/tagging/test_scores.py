"""Counts that add up, scores that are seqeval's, and what a summary makes of them."""

import warnings

import numpy as np
import pytest

from sluice.tagging.corpus import Corpus
from sluice.tagging.scores import (
    accuracy,
    count_entities,
    count_tags,
    count_tokens,
    entity_scores,
    kinds_of,
    resample,
    score_tags,
)
from sluice.tagging.settings import Evaluation
from sluice.tagging.summary import NETWORK, count_errors, summarise
from sluice.tagging.tables import tabulate_given, tabulate_summary

TAGS = ("O", "B-a", "I-a", "B-b", "I-b")


def random_tags(seed: int, sentences: int = 60) -> list[list[str]]:
    generator = np.random.default_rng(seed)
    return [list(generator.choice(TAGS, size=generator.integers(1, 9))) for _ in range(sentences)]


def legal(rows: list[list[str]]) -> list[list[str]]:
    """Tags without strays: an I- that continues nothing is O."""
    made = []
    for row in rows:
        own: list[str] = []
        for tag in row:
            goes_on = own and own[-1] in (f"B-{tag[2:]}", f"I-{tag[2:]}")
            own.append("O" if tag[0] == "I" and not goes_on else tag)
        made.append(own)
    return made


def mixed(truth: list[list[str]], seed: int) -> list[list[str]]:
    """The truth with one tag in three drawn anew."""
    generator = np.random.default_rng(seed)
    return [[str(generator.choice(TAGS)) if generator.random() < 1 / 3 else tag for tag in row]
            for row in truth]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_seqeval_in_strict_mode(seed) -> None:
    metrics = pytest.importorskip("seqeval.metrics")
    scheme = pytest.importorskip("seqeval.scheme").IOB2
    truth = legal(random_tags(seed))
    given = mixed(truth, seed)
    kinds = kinds_of([*truth, *given])
    ours = entity_scores(count_entities(truth, given, kinds).sum(axis=(0, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("precision", "recall", "f1"):
            theirs = getattr(metrics, f"{name}_score")(truth, given, mode="strict", scheme=scheme)
            assert float(ours[name]) == pytest.approx(theirs, abs=1e-12)
            assert 0.2 < theirs < 0.8
    right = float(accuracy(count_tokens(truth, given).sum(axis=0)))
    assert right == pytest.approx(metrics.accuracy_score(truth, given))
    assert score_tags(truth, given, "entities") == float(ours["f1"])
    assert score_tags(truth, given, "tags") == right


def test_nothing_of_nothing_is_zero() -> None:
    counts = count_entities([["O"]], [["O"]], ["a"])
    assert {name: float(one) for name, one in entity_scores(counts.sum(axis=(0, 1))).items()} == {
        "precision": 0.0, "recall": 0.0, "f1": 0.0
    }  # fmt: skip


def test_tags_are_counted_by_name() -> None:
    counts = count_tags([["N", "V"], ["N"]], [["N", "N"], ["N"]], ["N", "V"])
    assert counts.sum(axis=0).tolist() == [[2, 3, 2], [0, 0, 1]]


def test_resamples_are_sums_of_drawn_sentences_and_the_same_for_all() -> None:
    truth = legal(random_tags(5))
    counts = count_tokens(truth, mixed(truth, 6))
    drawn = resample({0: counts, 1: 2 * counts}, 300, 7)
    assert np.array_equal(2 * drawn[0], drawn[1])
    assert drawn[0].shape == (300, 2)
    spread = accuracy(drawn[0])
    assert abs(spread.mean() - float(accuracy(counts.sum(axis=0)))) < 3 * spread.std() / 10
    assert spread.std() > 0


def test_what_becomes_of_an_entity() -> None:
    truth = ["B-a", "I-a", "O", "B-b", "O", "B-a", "I-a", "O", "B-a", "O", "B-b"]
    given = ["B-a", "I-a", "O", "B-a", "O", "B-a", "O", "B-b", "B-b", "I-b", "O"]
    found = count_errors([truth], [given])
    assert found == {
        "right": 1, "wrong type": 1, "wrong bounds": 1, "both wrong": 1, "missed": 1, "invented": 1
    }  # fmt: skip


def corpus_of(truth: list[list[str]]) -> Corpus:
    tokens = [[f"w{at}" for at, _ in enumerate(row)] for row in truth]
    parts = ("train", "validation", "test")
    return Corpus(dict.fromkeys(parts, tokens), dict.fromkeys(parts, truth), "entities")


def test_a_summary_is_of_all_seeds_and_differences_are_paired() -> None:
    truth = legal(random_tags(8, 120))
    guesses = [mixed(truth, seed) for seed in (1, 2)]
    tables = [
        tabulate_given({"validation": one, "test": one}, at) for at, one in enumerate(guesses)
    ]
    import pandas as pd

    runs = {NETWORK: pd.concat(tables), "same": tables[0], "right": tabulate_given(
        {"validation": truth, "test": truth}, -1)}  # fmt: skip
    summary = summarise(corpus_of(truth), runs, Evaluation(resamples=300))
    own = summary["candidates"][NETWORK]
    assert own["test"]["f1"]["by_seed"] == [
        pytest.approx(score_tags(truth, one, "entities"), abs=1e-6) for one in guesses
    ]
    assert own["test"]["f1"]["value"] == pytest.approx(np.mean(own["test"]["f1"]["by_seed"]))
    assert own["validation"] == own["test"]["f1"]["value"]
    assert own["test"]["f1"]["low"] < own["test"]["f1"]["value"] < own["test"]["f1"]["high"]
    right = summary["candidates"]["right"]
    assert {name: one["value"] for name, one in right["test"].items()} == dict.fromkeys(
        ("precision", "recall", "f1", "accuracy"), 1.0
    )
    assert right["errors"]["right"] == sum(one["true"] for one in right["types"].values())
    assert right["confusions"] == []
    assert right["unseen_accuracy"] is None
    assert summary["differences"]["right"]["high"] < 0
    narrow = summary["differences"]["same"]
    assert narrow["low"] <= narrow["value"] <= narrow["high"]
    assert len(tabulate_summary(summary)) == 12


def test_tags_of_other_sentences_are_refused() -> None:
    from sluice.errors import DataError

    truth = legal(random_tags(9, 5))
    table = tabulate_given({"validation": truth, "test": truth[:-1]}, 0)
    with pytest.raises(DataError, match="not those of the sentences"):
        summarise(corpus_of(truth), {NETWORK: table}, Evaluation(resamples=100))
