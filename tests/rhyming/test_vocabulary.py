"""Words become numbers and lines again."""

import json

import pytest

from sluice.errors import ModelError
from sluice.rhyming.corpus import mark_words
from sluice.rhyming.settings import Tokens
from sluice.rhyming.vocabulary import UNKNOWN_ID, load_vocabulary, make_vocabulary

TEXT = "My Tom has a hat, has Tom!\nA fox (and I) saw it\n\nthe hat; the fox. Run Tom -- and I"
TOKENS = Tokens(min_count=1, subwords=60)
RHYMES = [mark_words(TEXT)] * 3


@pytest.mark.parametrize("level", ["word", "subword"])
def test_lines_come_back_as_people_write_them(level) -> None:
    vocabulary = make_vocabulary(RHYMES, level, TOKENS)
    again = load_vocabulary(json.loads(json.dumps(vocabulary.describe())))
    for one in (vocabulary, again):
        ids = one.encode(RHYMES[0])
        assert UNKNOWN_ID not in ids
        assert one.write(one.decode(ids)) == TEXT.replace("\nt", "\nT").replace("fox. R", "fox. R")
    assert vocabulary.cases == {"i": "I", "run": "Run", "tom": "Tom"} or vocabulary.cases == {
        "i": "I",
        "tom": "Tom",
    }


def test_rare_words_are_unknown_and_subwords_spell_new_ones() -> None:
    words = make_vocabulary([["fox", "fox", "hat"]], "word", Tokens())
    assert words.unknown(["fox", "hat", "odd", "odd"]) == ["hat", "odd"]
    pieces = make_vocabulary(RHYMES, "subword", TOKENS)
    assert pieces.unknown(["hath", "tax", "öx"]) == ["öx"]
    assert pieces.decode(pieces.encode(["hath", ",", "tax"])) == ["hath", ",", "tax"]


def test_learning_is_repeatable() -> None:
    made = [make_vocabulary(RHYMES, "subword", TOKENS).describe() for _ in range(2)]
    assert made[0] == made[1]
    assert made[0]["merges"]


@pytest.mark.parametrize("broken", [None, {}, {"tokens": ["a"]}, 3])
def test_another_form_is_refused(broken) -> None:
    with pytest.raises(ModelError, match="vocabulary cannot be read"):
        load_vocabulary(broken)
