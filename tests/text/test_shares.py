"""Words and what is theirs: every token and every n-gram of a text is shared out, none twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.text.ngrams import NgramParams, count_ngrams
from sluice.text.shares import ngram_shares, token_words
from sluice.text.vocabulary import TokenParams, fit_vocabulary

TEXTS = ["good morning sunshine", "not a good day", "good days and bad mornings"] * 4
PARAMS = NgramParams(words=(1, 2), characters=(2, 3), buckets=4096)
WORDS = st.lists(st.text("abcé!", min_size=1, max_size=6), min_size=1, max_size=8)


def test_words_have_one_token_each_and_cut_texts_fewer() -> None:
    vocabulary = fit_vocabulary(TEXTS, TokenParams(kind="words"))
    assert token_words(["good", "zzz", "day"], vocabulary, 3).tolist() == [0, 1, 2]
    assert token_words(["good", "zzz", "day"], vocabulary, 2).tolist() == [0, 1]


@pytest.mark.parametrize("text", ["goodness mornings", "sun and sunshine", "xyz \U0001f600 day"])
def test_subwords_belong_to_the_word_that_they_spell(text: str) -> None:
    vocabulary = fit_vocabulary(TEXTS, TokenParams(kind="subwords", size=60))
    rows, words = vocabulary.encode([text]), text.split()
    owners = token_words(words, vocabulary, int(rows.lengths[0]))
    assert len(owners) == rows.lengths[0]
    for place, word in enumerate(words):
        alone = vocabulary.encode([word]).ids
        assert rows.ids[owners == place].tolist() == alone.tolist()


@given(WORDS)
def test_every_n_gram_of_the_text_is_shared_out_whole(words: list[str]) -> None:
    held = count_ngrams([" ".join(words)], PARAMS)
    shares = ngram_shares(words, PARAMS, held.ids.astype(np.int64))
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    assert (shares >= 0).all()


def test_a_pair_belongs_to_both_its_words_and_a_repeated_word_to_each_place() -> None:
    words = ["bad", "day", "bad"]
    params = NgramParams(words=(1, 2), characters=(20, 20), buckets=4096)

    def share(gram: str, size: int) -> list[float]:
        alone = params.model_copy(update={"words": (size, size)})
        feature = count_ngrams([gram], alone).ids[:1].astype(np.int64)
        return ngram_shares(words, params, feature)[:, 0].tolist()

    assert share("bad day", 2) == [0.5, 0.5, 0]
    assert share("bad", 1) == [0.5, 0, 0.5]
    assert share("day", 1) == [0, 1, 0]


def test_n_grams_of_characters_belong_to_their_word() -> None:
    params = NgramParams(words=(1, 1), characters=(3, 3), buckets=4096)
    held = count_ngrams(["xyz abc"], params)
    features = held.ids[held.ids >= params.buckets].astype(np.int64)
    shares = ngram_shares(["xyz", "abc"], params, features)
    assert set(shares.ravel().tolist()) == {0.0, 1.0}
