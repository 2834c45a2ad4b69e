"""Vocabularies of words and subwords."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.errors import ModelError
from sluice.text.vocabulary import RESERVED, TokenParams, fit_vocabulary, load_vocabulary
from sluice.tokens import PADDING, UNKNOWN

TEXTS = ["the cat sat", "the cat ran", "a dog ran home", "the end"] * 3
KINDS = ("words", "subwords")


def fitted(kind: str, **changes):
    return fit_vocabulary(TEXTS, TokenParams(kind=kind, **changes))


def rows_of(vocabulary, texts):
    encoded = vocabulary.encode(texts)
    return [
        encoded.ids[encoded.offsets[i] : encoded.offsets[i + 1]].tolist()
        for i in range(len(encoded))
    ]


def test_words_are_ranked_by_count_then_alphabet() -> None:
    assert fitted("words").tokens[:6] == [*RESERVED, "the", "cat", "ran", "a"]


def test_words_keep_to_size_and_count() -> None:
    assert len(fitted("words", size=16)) <= 16
    once = fit_vocabulary([*TEXTS, "hapax"], TokenParams(kind="words", min_count=2))
    assert "hapax" not in once.tokens
    assert rows_of(once, ["hapax cat"])[0][0] == UNKNOWN


def test_subwords_spell_an_unseen_word() -> None:
    ids = rows_of(fitted("subwords"), ["the rat"])[0]
    assert len(ids) > 2
    assert UNKNOWN not in ids


@pytest.mark.parametrize("kind", KINDS)
def test_empty_text_is_one_unknown_token(kind: str) -> None:

    for row in rows_of(fitted(kind), ["", "   "]):
        assert row == [UNKNOWN]


@pytest.mark.parametrize("kind", KINDS)
def test_long_text_is_cut(kind: str) -> None:
    assert len(rows_of(fitted(kind, max_tokens=3), ["the cat sat the cat sat"])[0]) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_spells_padding_is_never_padding(kind: str) -> None:
    assert PADDING not in rows_of(fitted(kind), ["<pad> the <pad>"])[0]


@pytest.mark.parametrize("kind", KINDS)
def test_description_is_json_and_builds_the_same_vocabulary(kind: str) -> None:
    vocabulary = fitted(kind)
    again = load_vocabulary(json.loads(json.dumps(vocabulary.describe())))
    texts = ["the cat sat on a dog", "zebra", ""]
    assert rows_of(again, texts) == rows_of(vocabulary, texts)
    assert again.tokens == vocabulary.tokens
    assert len(again) == len(vocabulary)


@pytest.mark.parametrize("kind", KINDS)
def test_fitting_is_deterministic(kind: str) -> None:
    assert fitted(kind).describe() == fitted(kind).describe()


@pytest.mark.parametrize("content", [{}, {"kind": "words"}, {"kind": "subwords", "tokenizer": {}}])
def test_a_malformed_description_is_refused_in_words(content) -> None:
    with pytest.raises(ModelError, match="train the model again"):
        load_vocabulary(content)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=5)
)
def test_a_row_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    for kind in KINDS:
        vocabulary = fitted(kind)
        assert rows_of(vocabulary, texts) == [rows_of(vocabulary, [text])[0] for text in texts]
