"""What a training does beside its steps: averages, keeps the best, records, and says how it goes.

In: Lightning's hooks. Out: the best weights and the curves, both part of every checkpoint, so that
a resumed training ends with what an uninterrupted one has.
"""

import sys
import time
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, WeightAveraging
from torch import Tensor

MONITOR = "validation_macro_f1"
COLUMNS = (
    "epoch",
    "train_loss",
    "validation_loss",
    "train_accuracy",
    "validation_accuracy",
    MONITOR,
    "learning_rate",
)


class Recorded(NamedTuple):
    """What is recorded of each epoch."""

    monitor: str = MONITOR
    """The score by which the best epoch is told."""
    columns: tuple[str, ...] = COLUMNS
    """Columns of the curves, that score among them."""


CLASSIFIER = Recorded()


class AveragedWeights(WeightAveraging):
    """An exponential moving average of the weights (Polyak & Juditsky 1992), used to validate.

    The decay rises with the steps, (1 + n) / (10 + n) up to `decay`, so that a short training is
    not held at its random start. The averaged weights stay in place until validation has wholly
    ended: callbacks that come before this one see the weights that the scores speak of.
    """

    def __init__(self, decay: float) -> None:
        def average(averages: list[Tensor], weights: list[Tensor], steps: Tensor | int) -> None:
            count = int(steps)
            now = min(decay, (1 + count) / (10 + count))
            torch._foreach_lerp_(averages, weights, 1 - now)

        super().__init__(multi_avg_fn=average)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        pass

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_validation_epoch_end(trainer, pl_module)


class BestWeights(Callback):
    """Keeps the network's weights of the epoch with the best score on validation rows."""

    def __init__(self, monitor: str = MONITOR) -> None:
        self.monitor, self.score, self.epoch = monitor, -1.0, -1
        self.weights: dict[str, Tensor] = {}

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        score = float(trainer.callback_metrics[self.monitor])
        if score > self.score:
            self.score, self.epoch = score, trainer.current_epoch
            network = pl_module.network
            assert not isinstance(network, Tensor)  # noqa: S101 - narrows Lightning's type
            self.weights = {
                name: value.detach().clone() for name, value in network.state_dict().items()
            }

    def state_dict(self) -> dict[str, Any]:
        return {"score": self.score, "epoch": self.epoch, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.score, self.epoch = state_dict["score"], state_dict["epoch"]
        self.weights = state_dict["weights"]


def _words(monitor: str) -> str:
    return monitor.replace("_", " ").replace("macro f1", "macro-F1")


class Curves(Callback):
    """One row of losses and scores for each epoch, and a line for a log that is no terminal."""

    def __init__(self, quiet: bool = False, recorded: Recorded = CLASSIFIER) -> None:
        self.recorded = recorded
        self.rows: list[dict[str, float]] = []
        self.seconds = 0.0
        self._quiet, self._started = quiet, 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._started = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        taken = time.monotonic() - self._started
        self.seconds += taken
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        values["epoch"] = trainer.current_epoch + 1
        values["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        self.rows.append({name: values[name] for name in self.recorded.columns})
        if not self._quiet and trainer.is_global_zero:
            row, monitor = self.rows[-1], self.recorded.monitor
            sys.stderr.write(
                f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
                f"  train loss {row['train_loss']:.4f}"
                f"  validation loss {row['validation_loss']:.4f}"
                f"  {_words(monitor)} {row[monitor]:.4f}  {taken:.1f} s\n"
            )
            sys.stderr.flush()

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows, self.seconds = state_dict["rows"], state_dict["seconds"]
