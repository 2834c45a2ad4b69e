"""Integrated gradients: complete for every encoder, exact where the network is linear."""

from typing import get_args

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

from sluice.models.attribution import attribute
from sluice.models.network import TextNetwork
from sluice.models.settings import EncoderName, NetworkParams
from sluice.tokens import Ngrams

TOKENS = torch.tensor([5, 3, 9, 3, 7, 2])
NGRAMS = Ngrams(
    ids=torch.tensor([1, 4, 6]),
    starts=torch.tensor([0]),
    weights=torch.tensor([0.5, 0.25, -1.0], dtype=torch.float64),
)


def network(encoder: EncoderName = "bilstm", pooling: str = "mean", ngrams: int = 0) -> TextNetwork:
    torch.manual_seed(0)
    layers = 2 if encoder == "stacked_bilstm" else 1
    params = NetworkParams.model_validate(
        {
            "encoder": encoder, "embedding_size": 8, "hidden_size": 8, "layers": layers,
            "pooling": pooling, "attention_heads": 2,
        }
    )  # fmt: skip
    made = TextNetwork(params, 12, 3, ngrams).double()
    with torch.no_grad():
        made.embedding.weight.mul_(4)  # far from linear
        if made.wide is not None:
            made.wide.weight.normal_()
    return made.eval()


@pytest.mark.parametrize("encoder", get_args(EncoderName))
def test_the_parts_sum_to_the_logit_less_that_of_an_empty_text(encoder: EncoderName) -> None:
    model = network(encoder, ngrams=8)
    logits = model(TOKENS[None], torch.tensor([len(TOKENS)]), NGRAMS)[0].detach()
    for label in range(3):
        found = attribute(model, TOKENS, NGRAMS, label, steps=400)
        assert found.logit == pytest.approx(float(logits[label]))
        total = found.tokens.sum() + found.ngrams.sum()
        assert total == pytest.approx(found.logit - found.empty, abs=5e-4)
        assert abs(found.error) < 5e-4


@pytest.mark.parametrize("pooling", ["last", "max", "attention", "combined"])
def test_it_is_complete_for_every_pooling(pooling: str) -> None:
    found = attribute(network(pooling=pooling), TOKENS, None, 1, steps=400)
    assert abs(found.error) < 5e-4
    assert np.abs(found.tokens).max() > 0.01
    assert not len(found.ngrams)


def test_smooth_networks_need_few_steps() -> None:
    found = attribute(network(), TOKENS, None, 0, steps=16)
    assert abs(found.error) < 1e-3


def test_a_linear_network_gives_each_token_its_own_part() -> None:
    model = network("cnn")

    class Sum(torch.nn.Module):
        bidirectional = False

        def forward(self, values: torch.Tensor, lengths: torch.Tensor):
            return values, lengths

    model.encoder, model.output = Sum(), torch.nn.Linear(8, 3).double()
    found = attribute(model, TOKENS, None, 2, steps=2)
    vectors = model.embedding.weight[TOKENS] / len(TOKENS)  # mean pooling
    expected = (vectors @ model.output.weight[2]).detach().numpy()
    np.testing.assert_allclose(found.tokens, expected, atol=1e-12)
    assert found.empty == pytest.approx(float(model.output.bias[2].detach()))


def test_n_grams_add_their_weight_times_the_labels() -> None:
    model = network(ngrams=8)
    assert model.wide is not None
    found = attribute(model, TOKENS, NGRAMS, 1)
    expected = model.wide.weight[NGRAMS.ids, 1].detach().numpy() * NGRAMS.weights.numpy()
    np.testing.assert_allclose(found.ngrams, expected)


def test_the_network_is_left_as_it_was() -> None:
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    attribute(model, TOKENS, None, 0)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


def test_it_agrees_with_captum() -> None:
    captum = pytest.importorskip("captum.attr")
    model = network()
    lengths = torch.tensor([len(TOKENS)])
    gradients = captum.IntegratedGradients(lambda rows: model.read_embedded(rows, lengths))
    embedded = model.embedding(TOKENS)[None].detach()
    theirs = gradients.attribute(embedded, target=1, n_steps=64, internal_batch_size=1)
    ours = attribute(model, TOKENS, None, 1)
    np.testing.assert_allclose(ours.tokens, theirs[0].sum(dim=1).detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("encoder", ["bilstm", "cnn", "attention_bilstm"])
def test_captum_finds_the_same_parts(encoder: EncoderName) -> None:
    """The same integral by the library that others use, of the same points on the way."""
    model, steps = network(encoder), 50
    found = attribute(model, TOKENS, None, 2, steps=steps)
    embedded = model.embedding(TOKENS[None]).detach()

    def logits(vectors: torch.Tensor) -> torch.Tensor:
        return model.read_embedded(vectors, torch.full((len(vectors),), len(TOKENS)))

    parts = IntegratedGradients(logits).attribute(
        embedded, target=2, n_steps=steps, method="gausslegendre"
    )
    assert found.tokens == pytest.approx(parts[0].sum(dim=1).numpy(), abs=1e-7)
