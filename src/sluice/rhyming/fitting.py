"""Trains a language model so that it can be killed at any moment and go on later.

In: token numbers of rhymes and a scratch folder. Out: the best weights and the curves. What is
stored of them is the script's matter; scores of test rhymes are not made here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping
from torch import Tensor
from torch.utils.data import DataLoader

from sluice.errors import DataError, ModelError
from sluice.models.callbacks import AveragedWeights
from sluice.models.training import WholeCheckpoints, checkpoint_each_epoch, find_checkpoint
from sluice.rhyming.network import LanguageModel, RhymeNetwork
from sluice.rhyming.settings import Training
from sluice.rhyming.vocabulary import RHYME_ID

MONITOR = "validation_loss"
_CHUNK = 256


def make_stream(rhymes: list[list[int]]) -> Tensor:
    """One row of tokens, a mark before each rhyme and one at the end, (time,)."""
    flat = [token for rhyme in rhymes for token in (RHYME_ID, *rhyme)]
    return torch.tensor([*flat, RHYME_ID])


def make_batches(stream: Tensor, rows: int, context: int) -> list[Tensor]:
    """Cut a stream into `rows` streams and those into pieces of `context` steps, in their order.

    Returns:
        (rows, steps + 1) each: the last token of a piece is the first of the next. What does not
        fill all rows is left out, another part in each epoch.

    Raises:
        DataError: the streams are shorter than a context.
    """
    length = (len(stream) - 1) // rows
    if length < context:
        raise DataError(
            f"the training rhymes have {len(stream)} tokens, and train.batch_size x train.context "
            f"= {rows * context} are needed: give a longer text, or lower one of the two"
        )
    places = torch.arange(rows)[:, None] * length
    spans = (
        torch.arange(start, min(start + context, length) + 1) for start in range(0, length, context)
    )
    return [stream[places + span] for span in spans]


def _load(batches: list[Tensor]) -> "DataLoader[Tensor]":
    # Its own generator: a loader draws a number, and a resumed training draws it at another time.
    own = torch.Generator()
    rows: Any = batches  # a list is a data set
    return DataLoader(rows, batch_size=None, generator=own)


class RhymeData(pl.LightningDataModule):
    """Batches of the training rhymes in an order of their own each epoch; validation in one row."""

    def __init__(
        self, train: list[list[int]], validation: list[list[int]], params: Training, seed: int
    ) -> None:
        super().__init__()
        self._train, self._params, self._seed = train, params, seed
        stream = make_stream(validation)
        self._validation = make_batches(stream, 1, min(_CHUNK, len(stream) - 1))
        make_batches(make_stream(train), params.batch_size, params.context)  # before it starts

    def train_dataloader(self) -> "DataLoader[Tensor]":
        epoch = self.trainer.current_epoch if self.trainer else 0
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._train))
        stream = make_stream([self._train[one] for one in order])
        return _load(make_batches(stream, self._params.batch_size, self._params.context))

    def val_dataloader(self) -> "DataLoader[Tensor]":
        return _load(self._validation)


class _Keeper(Callback):
    """Keeps the weights of the best epoch and a row of losses for each; part of a checkpoint."""

    _KEPT = ("best", "epoch", "weights", "rows")

    def __init__(self) -> None:
        self.best, self.epoch = float("inf"), -1
        self.weights: dict[str, Tensor] = {}
        self.rows: list[dict[str, float]] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        losses = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.rows.append({"epoch": trainer.current_epoch + 1, **losses})
        if losses[MONITOR] < self.best:
            self.best, self.epoch = losses[MONITOR], trainer.current_epoch
            network = pl_module.network
            assert isinstance(network, RhymeNetwork)  # noqa: S101 - narrows Lightning's type
            self.weights = {
                name: value.detach().clone() for name, value in network.state_dict().items()
            }

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._KEPT}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for name in self._KEPT:
            setattr(self, name, state_dict[name])


@dataclass(frozen=True)
class Fitted:
    """What a training leaves."""

    network: RhymeNetwork
    """With the averaged weights of the best epoch."""
    epoch: int
    """That epoch, from 1."""
    curves: list[dict[str, float]]
    """A row for each epoch: epoch, train_loss, validation_loss (nats per token)."""


def _trainer(params: Training, scratch: Path, keeper: _Keeper) -> pl.Trainer:
    stopping = EarlyStopping(MONITOR, patience=params.patience)
    return pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=params.max_epochs,
        gradient_clip_val=params.gradient_clip or None,
        deterministic=True,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        plugins=[WholeCheckpoints()],
        callbacks=[
            keeper,
            stopping,
            AveragedWeights(params.averaging_decay),
            checkpoint_each_epoch(scratch),
        ],
    )


def fit_network(
    size: int,
    train: list[list[int]],
    validation: list[list[int]],
    params: Training,
    seed: int,
    scratch: Path,
) -> Fitted:
    """Train, or go on from the checkpoint in `scratch`, to the weights of an unbroken training.

    Args:
        size: tokens of the vocabulary.
        train: token numbers of the training rhymes.
        validation: of those that choose the epoch.
        params: network and optimisation.
        seed: of weights, dropout and the order of rhymes.
        scratch: folder of the checkpoint of the last whole epoch.

    Raises:
        DataError: the rhymes are shorter than a context.
        ModelError: the checkpoint cannot be read, or no epoch gave a finite loss.
    """
    torch.set_num_threads(params.threads)
    data = RhymeData(train, validation, params, seed)
    torch.manual_seed(seed)
    network = RhymeNetwork(size, params.network)
    keeper, resumed = _Keeper(), find_checkpoint(scratch)
    model = LanguageModel(network, params, seed)
    _trainer(params, scratch, keeper).fit(
        model, datamodule=data, ckpt_path=resumed, weights_only=True
    )
    if not keeper.weights:
        raise ModelError("no epoch ended with a finite loss: lower train.learning_rate")
    network.load_state_dict(keeper.weights)
    return Fitted(network.eval(), keeper.epoch + 1, keeper.rows)
