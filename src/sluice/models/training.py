"""Runs Lightning's loop so that a training can be killed at any moment and go on later.

In: a classifier or another head, its batches, a scratch folder for the checkpoint of the last
whole epoch. Out: the best weights, the curves and the seconds; what is stored of them is the
stage's matter.
"""

import io
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint, TQDMProgressBar
from pytorch_lightning.plugins.io import TorchCheckpointIO
from torch import Tensor

from sluice.errors import ModelError
from sluice.files import staged
from sluice.models.callbacks import (
    CLASSIFIER,
    AveragedWeights,
    BestWeights,
    Curves,
    Recorded,
)
from sluice.models.settings import Processes

_CHECKPOINT = "last"
_ALONE = Processes()


class Loop(Protocol):
    """What the loop reads of an optimisation's parameters."""

    @property
    def max_epochs(self) -> int: ...
    @property
    def max_batches(self) -> int | None: ...
    @property
    def gradient_clip(self) -> float: ...
    @property
    def patience(self) -> int | None: ...
    @property
    def averaging_decay(self) -> float | None: ...
    @property
    def threads(self) -> int: ...


class Trainable(Protocol):
    """A LightningModule with its parameters: a classifier, a tagger."""

    @property
    def params(self) -> Loop: ...


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside and renames, so that a kill or a full disk leaves the last whole checkpoint.

    Lightning's own way leads through the system's temporary folder: a copy where that is another
    disk, and half a file where the copying ends early.
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | os.PathLike[str],
        storage_options: Any = None,  # noqa: ARG002 - the signature is Lightning's
    ) -> None:
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with staged(Path(path)) as (part,):
            part.write_bytes(content.getbuffer())


@dataclass(frozen=True)
class Fitted:
    """What a training leaves."""

    weights: dict[str, Tensor]
    """The network's weights of the best epoch, by parameter name."""
    epoch: int
    """That epoch, from 1."""
    curves: list[dict[str, float]]
    """A row for each epoch; see `sluice.models.callbacks.COLUMNS`."""
    seconds: float
    """Wall-clock seconds of all epochs, those before a kill included."""
    steps: int
    """Optimiser steps taken."""
    rank: int = 0
    """Number of this process among those that trained; outputs are for number 0 to write."""


def quiet_lightning() -> None:
    """Silence Lightning's tips and its advice about loader workers: we have none."""
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.ERROR)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"pytorch_lightning\..*")


def _check_readable(checkpoint: Path) -> None:
    """Raise a ModelError for a checkpoint that cannot be read, before the loop starts."""
    try:
        content: Any = torch.load(checkpoint, map_location="cpu", weights_only=True)
        content["state_dict"], content["loops"], content["callbacks"]
    except Exception as error:  # whatever a broken file makes of the reader
        raise ModelError(
            f"{checkpoint} is not a checkpoint that can be resumed ({type(error).__name__}): "
            f"delete the folder {checkpoint.parent} and run the stage again to start anew"
        ) from error


def checkpoint_each_epoch(scratch: Path) -> ModelCheckpoint:
    """Keep the last whole epoch in `scratch`; see `find_checkpoint`."""
    return ModelCheckpoint(
        dirpath=scratch,
        filename=_CHECKPOINT,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
        every_n_epochs=1,
    )


def find_checkpoint(scratch: Path, aloud: bool = True) -> str | None:
    """The checkpoint in `scratch` to go on from, if a training was stopped; say so if `aloud`.

    Raises:
        ModelError: it cannot be read.
    """
    checkpoint = scratch / f"{_CHECKPOINT}.ckpt"
    if not checkpoint.exists():
        return None
    _check_readable(checkpoint)
    if aloud:
        sys.stderr.write(f"resuming from {checkpoint}\n")
    return str(checkpoint)


def _trainer(
    params: Loop, processes: Processes, scratch: Path, callbacks: list[Callback]
) -> pl.Trainer:
    on_terminal = sys.stderr.isatty()
    progress: list[Callback] = [TQDMProgressBar(refresh_rate=20)] if on_terminal else []
    return pl.Trainer(
        accelerator="auto",
        devices=processes.devices,
        num_nodes=processes.num_nodes,
        strategy=processes.strategy,
        use_distributed_sampler=False,  # the data module shares each batch out
        max_epochs=params.max_epochs,
        limit_train_batches=params.max_batches,
        gradient_clip_val=params.gradient_clip or None,
        deterministic=True,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=on_terminal,
        plugins=[WholeCheckpoints()],
        callbacks=[*callbacks, *progress, checkpoint_each_epoch(scratch)],
    )


def fit(
    classifier: Trainable,
    data: pl.LightningDataModule,
    scratch: Path,
    watchers: Sequence[Callback] = (),
    processes: Processes = _ALONE,
    recorded: Recorded = CLASSIFIER,
) -> Fitted:
    """Train, or go on from the checkpoint in `scratch`; `watchers` see each epoch and may stop it.

    A checkpoint is written at the end of each epoch, beside its place and then renamed; random
    numbers and batch order depend on seed and epoch alone, so a resumed training ends with
    the weights of an uninterrupted one, bit for bit.

    With several `processes` Lightning starts this process's own command once more for each of the
    others (Li et al. 2020, "PyTorch Distributed"); all return from here, with their rank.

    Raises:
        ModelError: the checkpoint in `scratch` cannot be read, or no epoch gave a finite score.
    """
    params = classifier.params
    best, curves = BestWeights(recorded.monitor), Curves(sys.stderr.isatty(), recorded)
    callbacks: list[Callback] = [best, curves]
    if params.patience is not None:
        callbacks.append(EarlyStopping(recorded.monitor, mode="max", patience=params.patience))
    if params.averaging_decay is not None:
        callbacks.append(AveragedWeights(decay=params.averaging_decay))
    if processes.processes > 1:  # else Lightning takes the machine's cores for a number of threads
        os.environ.setdefault("OMP_NUM_THREADS", str(params.threads))
    trainer = _trainer(params, processes, scratch, [*callbacks, *watchers])
    resumed = find_checkpoint(scratch, aloud=trainer.is_global_zero)
    module = cast(pl.LightningModule, classifier)
    trainer.fit(module, datamodule=data, ckpt_path=resumed, weights_only=True)
    if not best.weights:
        raise ModelError(
            "no epoch ended with a finite score: lower train.optimisation.learning_rate"
        )
    return Fitted(
        best.weights,
        best.epoch + 1,
        curves.rows,
        curves.seconds,
        trainer.global_step,
        trainer.global_rank,
    )
