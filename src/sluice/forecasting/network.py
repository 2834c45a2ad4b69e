"""The forecaster head: an LSTM, a linear layer, and the LightningModule that trains them.

In: features of one or many steps, and a state. Out: the next scaled value after each step. What
features are, and what becomes of the answer, is in `sluice.forecasting.framings`.
"""

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from sluice.forecasting.settings import Training

State = tuple[Tensor, Tensor] | None
"""Hidden and cell state, each (layers, batch, hidden); None is an empty one."""


class ForecastNetwork(nn.Module):
    """LSTM (Hochreiter & Schmidhuber 1997) and a linear layer; its answer may be a change.

    Given as a change, the answer of a fresh network is the last value, the naive forecast, and what
    is learnt is how to better it (a residual branch that begins at zero, Goyal et al. 2017, 5.1).
    """

    def __init__(self, features: int, hidden_size: int, layers: int, change: bool) -> None:
        super().__init__()
        self.change = change
        self.lstm = nn.LSTM(features, hidden_size, layers, batch_first=True)
        self.output = nn.Linear(hidden_size, 1)
        if change:
            nn.init.zeros_(self.output.weight)
            nn.init.zeros_(self.output.bias)

    def forward(self, inputs: Tensor, state: State = None) -> tuple[Tensor, State]:
        hidden, after = self.lstm(inputs, state)  # (batch, steps, hidden)
        answers = self.output(hidden)[..., 0]  # (batch, steps)
        return (answers + inputs[..., 0] if self.change else answers), after


class Forecaster(pl.LightningModule):
    """Trains a network by mean squared error; with memory, the state goes from batch to batch.

    With memory this is truncated back-propagation through time (Williams & Peng 1990): batches are
    consecutive, gradients end at their borders, and each epoch starts from an empty state.
    """

    def __init__(self, network: nn.Module, params: Training, memory: bool) -> None:
        super().__init__()
        self.network, self.params, self.memory = network, params, memory
        self._state: State = None

    def on_train_epoch_start(self) -> None:
        self._state = None

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs, targets = batch  # (batch, steps, features), (batch, as many of the last steps)
        answers, state = self.network(inputs, self._state)
        if self.memory:
            self._state = tuple(part.detach() for part in state)
        return nn.functional.mse_loss(answers[:, -targets.shape[1] :], targets)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            self.parameters(), lr=self.params.learning_rate, weight_decay=self.params.weight_decay
        )
