"""Masks, dropouts and pooling against what they must be by hand."""

import pytest
import torch

from sluice.models.layers import (
    Pooling,
    TokenEmbedding,
    VariationalDropout,
    WordDropout,
    length_mask,
    normalisation,
    reverse_rows,
)

VALUES = torch.arange(24, dtype=torch.float).reshape(2, 3, 4)
LENGTHS = torch.tensor([3, 2])


def test_reverse_rows_turns_each_row_within_its_length() -> None:
    turned = reverse_rows(VALUES, LENGTHS)
    assert torch.equal(turned[0], VALUES[0].flip(0))
    assert torch.equal(turned[1], VALUES[1][[1, 0, 2]])


def test_length_mask() -> None:
    assert length_mask(LENGTHS, 3).tolist() == [[True, True, True], [True, True, False]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean", [[4, 5, 6, 7], [14, 15, 16, 17]]),
        ("max", [[8, 9, 10, 11], [16, 17, 18, 19]]),
        ("last", [[8, 9, 10, 11], [16, 17, 18, 19]]),
        ("combined", [[4, 5, 6, 7, 8, 9, 10, 11], [14, 15, 16, 17, 16, 17, 18, 19]]),
    ],
)
def test_pooling_by_hand(name, expected) -> None:
    pooling = Pooling(name, 4, bidirectional=False)
    pooled = pooling(VALUES, LENGTHS)
    assert pooled.tolist() == expected
    assert pooling.output_size == pooled.shape[1]


def test_last_of_two_directions_takes_the_backward_half_at_the_first_token() -> None:
    pooled = Pooling("last", 4, bidirectional=True)(VALUES, LENGTHS)
    assert pooled.tolist() == [[8, 9, 2, 3], [16, 17, 14, 15]]


def test_attention_weights_sum_to_one_over_real_tokens() -> None:
    pooling = Pooling("attention", 4, bidirectional=False)
    ones = torch.ones(2, 3, 4)
    ones[1, 2] = 1e6  # padding
    assert torch.allclose(pooling(ones, LENGTHS), torch.ones(2, 4))


def test_variational_dropout_is_the_same_at_all_time_steps() -> None:
    torch.manual_seed(0)
    dropped = VariationalDropout(0.5)(torch.ones(8, 5, 16))
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}


def test_word_dropout_spares_padding_and_evaluation() -> None:
    tokens = torch.tensor([[5, 6, 0, 0]] * 200)
    layer = WordDropout(0.5, unknown=1, padding=0)
    torch.manual_seed(0)
    dropped = layer(tokens)
    assert (dropped[:, 2:] == 0).all()
    assert 0.4 < (dropped[:, :2] == 1).float().mean() < 0.6
    assert torch.equal(layer.eval()(tokens), tokens)


def test_embedding_dropout_drops_whole_types_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    layer = TokenEmbedding(1000, 3, 0.4, padding=0)
    tokens = torch.arange(1000)[None].repeat(2, 1)
    embedded = layer(tokens)
    zero = (embedded == 0).all(dim=-1)
    assert torch.equal(zero[0], zero[1])
    assert 0.35 < zero[0].float().mean() < 0.45
    kept = ~zero[0]
    assert torch.allclose(embedded[0][kept], layer.weight[kept] / 0.6)


def test_padding_has_a_zero_vector() -> None:
    assert not TokenEmbedding(10, 3, 0.0, padding=0).weight[0].any()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("none", torch.nn.Identity), ("layer", torch.nn.LayerNorm), ("batch", torch.nn.BatchNorm1d)],
)
def test_normalisation_by_name(name, kind) -> None:
    assert isinstance(normalisation(name, 4), kind)
