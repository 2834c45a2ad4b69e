"""What is chosen on the validation part after the training."""

import numpy as np
import pytest
import torch

from sluice.tagging.batches import make_batch
from sluice.tagging.corpus import Corpus
from sluice.tagging.lexicon import make_lexicon
from sluice.tagging.network import TagNetwork
from sluice.tagging.running import find_more, model_tags
from sluice.tagging.settings import Shape, Words
from sluice.tagging.tagger import TrainedTagger

ROWS = [["Ada", "met", "Bob", "."], ["met", "Ada", "."], ["Bob", "met", "Ada"], ["met", "."]]
TRUTH = [["B-a", "O", "B-a", "O"], ["O", "B-a", "O"], ["B-a", "O", "B-a"], ["O", "O"]]
OTHERS = [["Ada", "met"]]
SHAPE = Shape(words=Words(size=6, characters=4, character_hidden=3, minimum=1), dropout=0.0)


@pytest.fixture
def corpus() -> Corpus:
    tokens = {"train": ROWS, "validation": ROWS, "test": OTHERS}
    return Corpus(tokens, {"train": TRUTH, "validation": TRUTH, "test": [["O", "O"]]}, "entities")


@pytest.fixture
def tagger(corpus) -> TrainedTagger:
    """One that knows its training part by heart."""
    torch.manual_seed(0)
    lexicon = make_lexicon(ROWS, model_tags(corpus, SHAPE), SHAPE.words)
    network = TagNetwork(SHAPE, "entities", lexicon, 0)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    batch = make_batch(lexicon.encode(ROWS, SHAPE.words, TRUTH), np.arange(len(ROWS)))
    for _ in range(60):
        optimiser.zero_grad()
        (-network(batch)[1].mean()).backward()
        optimiser.step()
    model = TrainedTagger(network.eval(), lexicon, SHAPE, "entities")
    assert model.tag(ROWS) == TRUTH
    return model


def test_what_leaves_entities_out_is_leant_towards_them(corpus, tagger) -> None:
    bias = tagger.network.emit.bias
    outside = tagger.lexicon.tags.index("O")
    with torch.no_grad():
        bias[outside] += 60.0
    before = bias.detach().clone()
    assert tagger.tag(ROWS) == [["O"] * len(row) for row in ROWS]
    assert find_more(tagger, corpus, [0.0, 60.0, 200.0]) == 60.0
    assert tagger.tag(ROWS) == TRUTH
    before[outside] -= 60.0
    assert torch.equal(bias.detach(), before)


def test_of_equally_good_biases_the_least_is_taken(corpus, tagger) -> None:
    before = tagger.network.emit.bias.detach().clone()
    assert find_more(tagger, corpus, [0.01, 0.0]) == 0.0
    assert torch.equal(tagger.network.emit.bias.detach(), before)


def test_a_tagger_of_tags_stays_as_it_is(corpus, tagger) -> None:
    before = tagger.network.emit.bias.detach().clone()
    assert find_more(tagger, corpus._replace(kind="tags"), [9.0]) == 0.0
    assert torch.equal(tagger.network.emit.bias.detach(), before)
