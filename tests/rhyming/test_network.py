"""The network: tied weights, dropouts, a state that goes on, a training that can be killed."""

import numpy as np
import pytest
import torch

from sluice.errors import DataError, ModelError
from sluice.models.training import quiet_lightning
from sluice.rhyming import fitting
from sluice.rhyming.fitting import fit_network, make_batches, make_stream
from sluice.rhyming.network import LanguageModel, RhymeNetwork, score_tokens
from sluice.rhyming.settings import Network, Training

NETWORK = Network(embedding_size=4, hidden_size=6, layers=2)
PARAMS = Training(network=NETWORK, batch_size=2, context=3, max_epochs=3, averaging_decay=0.5)
RHYMES = [[4, 5, 6, 1, 4, 5, 7], [5, 6, 1, 7, 4, 4], [6, 6, 5, 4, 1, 7, 7, 5]]
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning has views on loaders


@pytest.fixture
def network() -> RhymeNetwork:
    torch.manual_seed(0)
    return RhymeNetwork(8, NETWORK)


def test_pieces_of_a_text_give_what_the_whole_gives(network) -> None:
    network.eval()
    tokens = torch.tensor([[0, 4, 5, 6, 1, 7]])
    whole, _ = network(tokens)
    first, state = network(tokens[:, :2])
    second, _ = network(tokens[:, 2:], state)
    assert torch.allclose(torch.cat([first, second], 1), whole, atol=1e-6)
    scores = score_tokens(network, tokens[0])
    assert torch.allclose(
        scores, whole[0, :-1].log_softmax(-1).gather(1, tokens[0, 1:, None])[:, 0]
    )


def test_input_and_output_share_one_matrix(network) -> None:
    sizes = [tuple(weight.shape) for weight in network.parameters()]
    assert sizes.count((8, 4)) == 1
    assert (8, 6) not in sizes
    logits, _ = network(torch.tensor([[4, 5]]))
    logits[0, 1, 7].backward()
    assert network.embedding.weight.grad[7].abs().sum() > 0  # never read, only answered


def test_recurrent_weights_are_dropped_in_training_and_gradients_reach_them(network) -> None:
    only = Network(embedding_size=4, hidden_size=6, embedding_dropout=0, input_dropout=0,
                   hidden_dropout=0, output_dropout=0, weight_dropout=0.9)  # fmt: skip
    network = RhymeNetwork(8, only)
    tokens = torch.tensor([[0, 4, 5, 6]])
    drawn = {tuple(network.train()(tokens)[0][0, -1].tolist()) for _ in range(4)}
    assert len(drawn) == 4
    assert torch.equal(network.train()(tokens)[0][0, 0], network.eval()(tokens)[0][0, 0])
    network.train()(tokens)[0].sum().backward()
    assert network.layers[0].weight_hh_l0.grad is not None
    kept = network.eval()(tokens)[0]
    assert torch.equal(kept, network(tokens)[0])


def test_variational_dropout_drops_the_same_features_at_all_steps(network) -> None:
    network.drops[0].rate = 0.5
    ones = network.train().drops[0](torch.ones(3, 5, 4))
    assert all(torch.equal(row[0], step) for row in ones for step in row)


def test_batches_are_consecutive_and_hold_every_step() -> None:
    stream = make_stream(RHYMES)
    assert stream.tolist() == [0, *RHYMES[0], 0, *RHYMES[1], 0, *RHYMES[2], 0]
    batches = make_batches(stream, 2, 5)
    rows = torch.cat([batches[0], *(batch[:, 1:] for batch in batches[1:])], 1)
    assert rows[0].tolist() == stream[:13].tolist()
    assert rows[1].tolist() == stream[12:].tolist()
    with pytest.raises(DataError, match=r"25 tokens, and train.batch_size x train.context = 60"):
        make_batches(stream, 3, 20)


class Stopped(LanguageModel):
    """Is stopped in its second epoch."""

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        return super().training_step(batch)


@pytest.mark.slow
def test_a_killed_training_ends_with_the_weights_of_an_unbroken_one(tmp_path, monkeypatch) -> None:
    quiet_lightning()
    whole = fit_network(8, RHYMES, RHYMES[:1], PARAMS, 5, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "LanguageModel", Stopped)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            fit_network(8, RHYMES, RHYMES[:1], PARAMS, 5, tmp_path / "killed")
    again = fit_network(8, RHYMES, RHYMES[:1], PARAMS, 5, tmp_path / "killed")
    assert again.epoch == whole.epoch
    assert again.curves == whole.curves
    assert len(whole.curves) == 3
    for one, other in zip(whole.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)
    losses = [row["validation_loss"] for row in whole.curves]
    best = score_tokens(whole.network, make_stream(RHYMES[:1])).double().numpy()
    assert np.isclose(-best.mean(), min(losses), atol=1e-5)
    (tmp_path / "killed/last.ckpt").write_bytes(b"odd")
    with pytest.raises(ModelError, match="not a checkpoint that can be resumed"):
        fit_network(8, RHYMES, RHYMES[:1], PARAMS, 5, tmp_path / "killed")
