"""The language model head: an LSTM from tokens to the next ones, and its LightningModule.

In: token numbers of streams of text, and a state. Out: logits of the next token at each place.
What tokens mean is in `sluice.rhyming.vocabulary`, which batches there are in `fitting`.
"""

from itertools import pairwise

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.func import functional_call

from sluice.models.layers import VariationalDropout
from sluice.rhyming.settings import Network, Training

State = list[tuple[Tensor, Tensor]]
"""Hidden and cell state of each layer, each (1, batch, features of the layer)."""


class _DroppedLSTM(nn.LSTM):
    """One layer whose recurrent weights are dropped anew for each batch (Wan et al. 2013).

    DropConnect on hidden-to-hidden weights, one mask for all steps (Merity et al. 2018, section 2).
    """

    def __init__(self, features: int, hidden: int, rate: float) -> None:
        super().__init__(features, hidden, batch_first=True)
        self.rate = rate

    def run(
        self, inputs: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        recurrent: Tensor = self.get_parameter("weight_hh_l0")
        dropped = {"weight_hh_l0": nn.functional.dropout(recurrent, self.rate)}
        weights = dropped if self.training and self.rate else {}
        answer: tuple[Tensor, tuple[Tensor, Tensor]]
        answer = functional_call(self, weights, (inputs, state))
        return answer


class RhymeNetwork(nn.Module):
    """AWD-LSTM (Merity et al. 2018) without its optimiser; tied weights (Press & Wolf 2017)."""

    def __init__(self, size: int, params: Network) -> None:
        super().__init__()
        features = params.embedding_size
        self.rate = params.embedding_dropout
        self.embedding = nn.Embedding(size, features)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        widths = [features, *[params.hidden_size] * (params.layers - 1), features]
        pairs = pairwise(widths)
        self.layers = nn.ModuleList(
            _DroppedLSTM(before, after, params.weight_dropout) for before, after in pairs
        )
        rates = [params.input_dropout, *[params.hidden_dropout] * (params.layers - 1)]
        self.drops = nn.ModuleList(
            VariationalDropout(rate) for rate in (*rates, params.output_dropout)
        )
        self.bias = nn.Parameter(torch.zeros(size))

    def _embed(self, tokens: Tensor) -> Tensor:  # (batch, time) -> (batch, time, features)
        embedded: Tensor = self.embedding(tokens)
        if not self.training or self.rate == 0:
            return embedded
        keep = embedded.new_empty(len(self.embedding.weight), 1).bernoulli_(1 - self.rate)
        return embedded * (keep / (1 - self.rate))[tokens]

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """(batch, time) tokens and a state -> (batch, time, size) logits and the state after."""
        values = self.drops[0](self._embed(tokens))
        after: State = []
        for place, layer in enumerate(self.layers):
            assert isinstance(layer, _DroppedLSTM)  # noqa: S101 - narrows the type of a ModuleList
            values, carried = layer.run(values, state[place] if state else None)
            values = self.drops[place + 1](values)  # (batch, time, features)
            after.append(carried)
        return nn.functional.linear(values, self.embedding.weight, self.bias), after


class LanguageModel(pl.LightningModule):
    """Trains by cross entropy; the state goes from batch to batch, gradients end at its borders.

    Truncated back-propagation through time (Williams & Peng 1990). Each epoch starts from an empty
    state and reads the rhymes in another order, so that the borders fall elsewhere.
    """

    def __init__(self, network: RhymeNetwork, params: Training, seed: int) -> None:
        super().__init__()
        self.network, self.params, self.seed = network, params, seed
        self._state: State | None = None
        self._sums: dict[str, list[tuple[float, int]]] = {}

    def on_train_epoch_start(self) -> None:
        # Random numbers depend on seed and epoch alone: a resumed training draws the same ones.
        torch.manual_seed(self.seed * 1_000_003 + self.current_epoch)
        self._state, self._sums["train"] = None, []

    def on_validation_epoch_start(self) -> None:
        self._state, self._sums["validation"] = None, []

    def _step(self, batch: Tensor, part: str) -> Tensor:
        logits, state = self.network(batch[:, :-1], self._state)  # (rows, steps, size)
        self._state = [(hidden.detach(), cell.detach()) for hidden, cell in state]
        loss = nn.functional.cross_entropy(logits.transpose(1, 2), batch[:, 1:])
        self._sums[part].append((float(loss.detach()), batch[:, 1:].numel()))
        return loss

    def training_step(self, batch: Tensor) -> Tensor:
        return self._step(batch, "train")

    def validation_step(self, batch: Tensor) -> None:
        self._step(batch, "validation")

    def on_validation_epoch_end(self) -> None:
        for part, losses in self._sums.items():
            total = sum(count for _, count in losses)
            self.log(f"{part}_loss", sum(loss * count for loss, count in losses) / total)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            self.parameters(), lr=self.params.learning_rate, weight_decay=self.params.weight_decay
        )


@torch.no_grad()
def score_tokens(network: RhymeNetwork, tokens: Tensor) -> Tensor:
    """Logarithms of the probability of each token after those before it, (time,) -> (time - 1,)."""
    logits, _ = network.eval()(tokens[None, :-1])
    scores: Tensor = logits[0].log_softmax(dim=-1)
    return scores.gather(1, tokens[1:, None])[:, 0]
