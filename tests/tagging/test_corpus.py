"""Three parts of one corpus: schemes made one, parts drawn apart, tags that cannot be refused."""

import pytest

from sluice.errors import DataError
from sluice.tagging.conll import Sentence
from sluice.tagging.corpus import (
    PARTS,
    describe_corpus,
    from_table,
    make_corpus,
    plain_tags,
    to_table,
)
from sluice.tagging.settings import Reading

FILES = {"source": "files", "train": "a"}
PLACES = dict.fromkeys(PARTS, "f.conll")
NAMES = [
    "amber",
    "birch",
    "cedar",
    "daisy",
    "elder",
    "fern",
    "gorse",
    "hazel",
    "iris",
    "jasmine",
    "kale",
    "lily",
    "maple",
    "nettle",
]


def sentence(tags: str, words: str | None = None, line: int = 1) -> Sentence:
    given = tags.split()
    return Sentence(tuple((words or "w " * len(given)).split()), tuple(given), line)


def distinct(count: int) -> list[Sentence]:
    """Sentences of which no two are near each other."""
    return [
        sentence("O B-a O", f"{NAMES[at % 14] * 3} {at * 7919} {NAMES[at // 14] * 4}", at + 1)
        for at in range(count)
    ]


@pytest.mark.parametrize(
    ("tags", "scheme", "becomes"),
    [
        ("O I-a I-a B-a", "iob1", "O B-a I-a B-a"),
        ("I-a I-b", "iob1", "B-a B-b"),
        ("B-a I-a O", "iob2", "B-a I-a O"),
        ("S-a B-b I-b E-b", "bioes", "B-a B-b I-b I-b"),
    ],
)
def test_every_scheme_becomes_iob2(tags, scheme, becomes) -> None:
    reading = Reading(**FILES, scheme=scheme)
    assert plain_tags(sentence(tags), reading, "f") == becomes.split()


@pytest.mark.parametrize(
    ("tags", "scheme", "words"),
    [
        ("O I-a", "iob2", "'I-a' may not stand at token 2 of the sentence at line 9"),
        ("B-a", "bioes", "the end of the sentence' may not stand at token 2"),
        ("NOUN", "iob2", "the tag 'NOUN' of token 1 .* is none of iob2"),
        ("B-", "iob2", "'B-'"),
        ("S-a", "iob1", "'S-a'"),
    ],
)
def test_what_is_not_of_the_scheme_is_refused_with_its_line(tags, scheme, words) -> None:
    with pytest.raises(DataError, match=words):
        plain_tags(sentence(tags, line=9), Reading(**FILES, scheme=scheme), "f.conll")


def test_a_stray_may_begin_an_entity_if_that_is_asked_for() -> None:
    reading = Reading(**FILES, strays="begin")
    assert plain_tags(sentence("O I-a I-a I-b"), reading, "f") == ["O", "B-a", "I-a", "B-b"]


def test_drawn_parts_hold_every_sentence_once_and_duplicates_together() -> None:
    rows = distinct(60)
    twins = [sentence("O B-a O", " ".join(one.tokens).upper()) for one in rows[:20]]
    corpus = make_corpus({"train": rows + twins}, PLACES, Reading(**FILES, seed=3))
    placed = {part: {" ".join(row).lower() for row in corpus.tokens[part]} for part in PARTS}
    counts = {part: len(rows) for part, rows in corpus.tokens.items()}
    assert sum(counts.values()) == 80
    assert 12 <= counts["validation"] <= 14
    assert 16 <= counts["test"] <= 18
    assert not placed["train"] & placed["test"]
    assert not placed["train"] & placed["validation"]
    assert not placed["validation"] & placed["test"]
    again = make_corpus({"train": rows + twins}, PLACES, Reading(**FILES, seed=3))
    other = make_corpus({"train": rows + twins}, PLACES, Reading(**FILES, seed=4))
    assert again == corpus
    assert other.tokens["test"] != corpus.tokens["test"]


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_sentences_to_draw_from_are_refused(count) -> None:
    with pytest.raises(DataError, match="too few"):
        make_corpus({"train": distinct(count)}, PLACES, Reading(**FILES))


def test_three_sentences_make_three_parts() -> None:
    corpus = make_corpus({"train": distinct(3)}, PLACES, Reading(**FILES))
    assert {part: len(rows) for part, rows in corpus.tokens.items()} == dict.fromkeys(PARTS, 1)


def test_a_type_that_training_lacks_is_refused_and_a_tag_of_a_known_type_is_not() -> None:
    parts = {part: [sentence("O B-a")] for part in PARTS}
    longer = make_corpus(parts | {"test": [sentence("B-a I-a")]}, PLACES, Reading(**FILES))
    assert longer.tags["test"] == [["B-a", "I-a"]]
    with pytest.raises(DataError, match=r"the test part has tag.* 'b'"):
        make_corpus(parts | {"test": [sentence("O B-b")]}, PLACES, Reading(**FILES))
    tags = Reading(**FILES, kind="tags")
    plain = {part: [sentence("NOUN")] for part in PARTS} | {"validation": [sentence("VERB")]}
    with pytest.raises(DataError, match=r"the validation part has tag.* 'VERB'"):
        make_corpus(plain, PLACES, tags)


def test_a_training_part_without_an_entity_is_refused_and_one_of_tags_is_not() -> None:
    parts = {part: [sentence("O O")] for part in PARTS}
    with pytest.raises(DataError, match=r"holds no entity, only O: check data\.tag_column"):
        make_corpus(parts, PLACES, Reading(**FILES))
    assert make_corpus(parts, PLACES, Reading(**FILES, kind="tags")).train_tags == ("O",)


def test_a_table_holds_the_whole_corpus_and_facts_count_it() -> None:
    parts = {"train": distinct(2), "validation": distinct(1), "test": distinct(4)[2:]}
    corpus = make_corpus(parts, PLACES, Reading(**FILES))
    assert from_table(to_table(corpus), "entities") == corpus
    facts = describe_corpus(corpus)["parts"]
    assert facts["train"] == {"sentences": 2, "tokens": 6, "entities": 2}
    assert facts["validation"]["in_training"] == 1
    assert facts["validation"]["unseen_tokens"] == 0
    assert facts["test"]["in_training"] == 0
    assert facts["test"]["unseen_tokens"] == 4
