"""Networks of every encoder: masks, shapes, parameters."""

from typing import get_args

import pytest
import torch

from sluice.errors import ParamsError
from sluice.models.network import ENCODERS, TextNetwork
from sluice.models.settings import Dropouts, EncoderName, NetworkParams, PoolingName
from sluice.params import parse_section
from sluice.tokens import Ngrams

NO_DROPOUT = Dropouts(embedding=0.0, word=0.0, variational=0.0, output=0.0)


def network(encoder: str, **changes) -> TextNetwork:
    torch.manual_seed(0)
    layers = 2 if encoder == "stacked_bilstm" else 1
    shape = {"embedding_size": 12, "hidden_size": 8, "layers": layers, "dropout": NO_DROPOUT}
    return TextNetwork(NetworkParams(encoder=encoder, **{**shape, **changes}), 50, 3)


def rows(lengths: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    tokens = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    for row, length in enumerate(lengths):
        tokens[row, :length] = torch.randint(2, 50, (length,), generator=generator)
    return tokens, torch.tensor(lengths)


def test_every_encoder_has_a_builder() -> None:
    assert set(ENCODERS) == set(get_args(EncoderName))


@pytest.mark.parametrize("pooling", get_args(PoolingName))
@pytest.mark.parametrize("encoder", get_args(EncoderName))
def test_padding_changes_no_prediction(encoder: str, pooling: str) -> None:
    model = network(encoder, pooling=pooling).eval()
    tokens, lengths = rows([9, 1, 4, 7, 2])
    together = model(tokens, lengths)
    wide = torch.nn.functional.pad(tokens, (0, 11))
    torch.testing.assert_close(model(wide, lengths), together, atol=1e-5, rtol=1e-5)
    for row, length in enumerate(lengths.tolist()):
        alone = model(tokens[row : row + 1, :length], lengths[row : row + 1])
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("encoder", get_args(EncoderName))
def test_what_stands_in_padding_has_no_gradient(encoder: str) -> None:
    model = network(encoder, pooling="combined").eval()
    tokens, lengths = rows([6, 3])
    tokens[1, 3:] = 7  # not even the padding token
    embedded = model.embedding(tokens).detach().requires_grad_()
    outputs, shorter = model.encoder(embedded, lengths)
    model.pooling(outputs, shorter)[1].sum().backward()
    assert embedded.grad is not None
    assert not embedded.grad[1, 3:].any()
    assert embedded.grad[1, :3].abs().sum() > 0


@pytest.mark.parametrize("encoder", get_args(EncoderName))
def test_a_few_steps_learn_a_rule_of_order(encoder: str) -> None:
    torch.manual_seed(0)
    tokens = torch.randint(2, 6, (64, 5))
    labels = ((tokens[:, 0] == 2) | (tokens[:, 1] == 2)).long()
    lengths = torch.full((64,), 5)
    model = network(encoder, pooling="max" if encoder == "cnn" else "combined")
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(40):
        loss = torch.nn.functional.cross_entropy(model(tokens, lengths), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_the_wide_part_adds_a_linear_model_of_the_ngrams() -> None:
    torch.manual_seed(0)
    params = NetworkParams(embedding_size=4, hidden_size=4, dropout=NO_DROPOUT)
    model = TextNetwork(params, 50, 3, ngram_features=10).eval()
    tokens, lengths = rows([3, 2])
    ngrams = Ngrams(torch.tensor([1, 7, 7]), torch.tensor([0, 2]), torch.tensor([0.5, 1.0, 2.0]))
    assert torch.equal(model(tokens, lengths, ngrams), model(tokens, lengths))  # starts at zero
    torch.nn.init.normal_(model.wide.weight)
    added = model(tokens, lengths, ngrams) - model(tokens, lengths)
    weight = model.wide.weight
    expected = torch.stack([0.5 * weight[1] + weight[7], 2 * weight[7]])
    torch.testing.assert_close(added, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("features", [12, 7])
def test_pretrained_vectors_replace_the_first_features_of_known_rows(features) -> None:
    model = network("lstm")
    before = model.embedding.weight.detach().clone()
    vectors = torch.zeros(50, features)
    vectors[5] = 3
    model.load_vectors(vectors)
    after = model.embedding.weight.detach()
    assert (after[5, :features] == 3).all()
    assert torch.equal(after[5, features:], before[5, features:])
    assert torch.equal(after[6:], before[6:])


def test_a_bidirectional_lstm_is_a_bilstm() -> None:
    one, two = network("lstm", bidirectional=True), network("bilstm")
    tokens, lengths = rows([5, 2])
    assert torch.equal(one.eval()(tokens, lengths), two.eval()(tokens, lengths))


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ({"encoder": "bilstm", "bidirectional": False}, ("bidirectional", "encoder")),
        ({"encoder": "cnn", "bidirectional": True}, ("bidirectional", "encoder")),
        ({"encoder": "stacked_bilstm", "layers": 1}, ("layers", "encoder")),
        ({"encoder": "transformer", "hidden_size": 9}, ("attention_heads", "hidden_size")),
        ({"kernel_sizes": []}, ("kernel_sizes",)),
        ({"encoder": "bilstmm"}, ("encoder", "attention_bilstm")),
        ({"hiden_size": 4}, ("hiden_size", "hidden_size")),
        ({"hidden_size": "big"}, ("hidden_size", "big")),
    ],
)
def test_bad_combinations_are_refused_by_the_names_of_their_keys(content, names) -> None:
    with pytest.raises(ParamsError) as caught:
        parse_section(content, NetworkParams, "train.model")
    for name in names:
        assert name in str(caught.value)
