"""Every encoder under the tagger's head, and words that training never met."""

from typing import get_args

import numpy as np
import pytest
import torch

from sluice.tagging import lexicon as lexicons
from sluice.tagging.batches import judged_batches, make_batch
from sluice.tagging.lexicon import CASING_KINDS, casing, make_lexicon, normal, read_lexicon
from sluice.tagging.network import TagNetwork
from sluice.tagging.schemes import all_tags
from sluice.tagging.settings import EncoderName, Shape, Words
from sluice.tagging.tagger import TrainedTagger
from sluice.tokens import UNKNOWN

TAGS = all_tags(["a"], "iob2")
ROWS = [["Ada", "met", "Bob"], ["Ada", "x"], ["met", "Ada", "in", "1984", "!"]]
TRUTH = [["B-a", "O", "B-a"], ["B-a", "I-a"], ["O", "B-a", "O", "O", "O"]]
WORDS = Words(size=6, characters=4, character_hidden=3, casing=2, minimum=1)


def shape(encoder: EncoderName = "bilstm") -> Shape:
    layers = 2 if encoder == "stacked_bilstm" else 1
    return Shape(words=WORDS, encoder=encoder, hidden_size=4, layers=layers, attention_heads=2)


@pytest.mark.parametrize("encoder", get_args(EncoderName))
def test_every_encoder_takes_a_step_under_the_tagger(encoder: EncoderName) -> None:
    torch.manual_seed(0)
    lexicon = make_lexicon(ROWS, TAGS, WORDS)
    network = TagNetwork(shape(encoder), "entities", lexicon, 0)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.02)
    batch = make_batch(lexicon.encode(ROWS, WORDS, TRUTH), np.arange(3))
    losses = []
    for _ in range(12):
        loss = -network(batch)[1].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert all(weight.grad is not None for weight in network.parameters())
    assert min(losses[-3:]) < losses[0]


def test_a_sentence_is_tagged_alone_as_among_others() -> None:
    torch.manual_seed(1)
    lexicon = make_lexicon(ROWS, TAGS, WORDS)
    network = TagNetwork(shape(), "entities", lexicon, 0).eval()
    together = make_batch(lexicon.encode(ROWS, WORDS), np.arange(3))
    for at, row in enumerate(ROWS):
        alone = make_batch(lexicon.encode([row], WORDS), np.arange(1))
        torch.testing.assert_close(
            network.emissions(alone)[0], network.emissions(together)[at, : len(row)]
        )
    tagger = TrainedTagger(network, lexicon, shape(), "entities")
    assert tagger.tag(ROWS) == [tagger.tag([row])[0] for row in ROWS]
    assert [len(row) for row in tagger.tag(ROWS)] == [3, 2, 5]


def test_different_tokens_of_a_batch_stand_in_it_once() -> None:
    lexicon = make_lexicon(ROWS, TAGS, WORDS)
    (batch,) = judged_batches(lexicon.encode(ROWS, WORDS))
    assert len(batch.words) == len({word for row in ROWS for word in row})
    assert batch.places.shape == (3, 5)
    assert batch.lengths.tolist() == [2, 3, 5]


def test_a_lexicon_knows_training_words_and_characters_alone() -> None:
    words = WORDS.model_copy(update={"minimum": 2, "longest": 6})
    lexicon = make_lexicon(ROWS, TAGS, words)
    assert set(lexicon.words) == {"ada", "met"}
    forms = lexicon.encode([["ADA", "Zoë", "abcdefghij"]], words).forms
    assert forms.words.tolist() == [lexicon.words["ada"], UNKNOWN, UNKNOWN]
    assert forms.lengths.tolist() == [3, 3, 6]
    assert forms.characters[1].tolist() == [UNKNOWN, lexicon.characters["o"], UNKNOWN, 0, 0, 0]
    assert forms.vectors.shape == (3, 0)
    assert read_lexicon(lexicon.describe()) == lexicon
    assert normal("Route66") == "route00"


def test_an_unseen_word_has_its_pretrained_vector(monkeypatch) -> None:
    known = {"zoë": 3.0, "ada": 2.0}

    def load(_name: str, tokens: list[str]) -> np.ndarray:
        return np.array([[known.get(one, 0.0)] for one in tokens], dtype=np.float32)

    monkeypatch.setattr(lexicons, "load_vectors", load)
    words = WORDS.model_copy(update={"vectors": "glove-6b-50d"})
    found = make_lexicon(ROWS, TAGS, words).encode([["#Zoë", "Ada", "?!", "Zoë"]], words)
    assert found.forms.vectors[:, 0].tolist() == [3.0, 2.0, 0.0, 3.0]


def test_kinds_of_spelling_are_told_apart() -> None:
    tokens = [
        "@ada", "#Bob", "http://a.b", "19:30", "4th", "A", "...", "met", "Ada", "NASA", "iPhone"
    ]  # fmt: skip
    assert [casing(token) for token in tokens] == list(range(CASING_KINDS))
    for token, like in [("WWW.x.de", "http://a"), ("élan", "met"), ("#", "..."), ("McCoy", "eBay")]:
        assert casing(token) == casing(like)
    assert 0 <= casing("") < CASING_KINDS
    assert 0 <= casing("日本") < CASING_KINDS
    assert casing("1" * 200_000 + "a") == casing("4th")  # in time that grows with the length


def test_spelling_alone_tells_words_apart() -> None:
    """Without characters, and with one vector for all unseen words."""
    words = Words(size=2, character_hidden=0, casing=3, minimum=9)
    lexicon = make_lexicon(ROWS, TAGS, words)
    network = TagNetwork(Shape(words=words, hidden_size=4), "entities", lexicon, 0).eval()
    batch = make_batch(lexicon.encode([["one", "two", "Two"]], words), np.arange(1))
    first, second, third = network.vectors(batch)[batch.places[0]]
    assert torch.equal(first, second)
    assert not torch.equal(second, third)
