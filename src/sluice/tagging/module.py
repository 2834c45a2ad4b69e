"""The tagger head: one LightningModule over every encoder that gives a vector for each token.

In: a `TagNetwork`, and how to optimise it. Out: weights, and loss and score of each epoch. The
loss is the negative log-likelihood of a sentence's tags.
"""

from typing import Any, Literal

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from sluice.data.batches import shuffled_batches
from sluice.models.callbacks import Recorded
from sluice.models.schedules import SCHEDULES
from sluice.tagging.batches import TagBatch, TagBatches, judged_batches
from sluice.tagging.lexicon import Encoded
from sluice.tagging.network import TagNetwork
from sluice.tagging.schemes import split_tag
from sluice.tagging.scores import accuracy, count_entities, count_tokens, entity_scores
from sluice.tagging.settings import Kind, Optimisation
from sluice.tagging.tagger import names_of, rewrite

Part = Literal["train", "validation"]
MONITOR = "validation_score"
RECORDED = Recorded(
    MONITOR,
    (
        "epoch",
        "train_loss",
        "validation_loss",
        "validation_accuracy",
        MONITOR,
        "learning_rate",
    ),
)
"""The score is F1 of entities, or the accuracy of tags."""


class TagDataModule(pl.LightningDataModule):
    """Training batches that change with the epoch, validation batches that do not."""

    def __init__(self, train: Encoded, validation: Encoded, batch_size: int, seed: int) -> None:
        super().__init__()
        self.train, self.validation = train, validation
        self.batch_size, self.seed = batch_size, seed

    def train_dataloader(self) -> TagBatches:
        epoch = self.trainer.current_epoch if self.trainer else 0
        lengths = self.train.rows.lengths
        return TagBatches(self.train, shuffled_batches(lengths, self.batch_size, self.seed, epoch))

    def val_dataloader(self) -> TagBatches:
        return judged_batches(self.validation)


class Tagger(pl.LightningModule):
    """Trains `network` to tag."""

    def __init__(
        self,
        network: TagNetwork,
        params: Optimisation,
        kind: Kind,
        tags: tuple[str, ...],
        seed: int,
    ) -> None:
        super().__init__()
        self.network, self.params, self.kind, self.tags, self.seed = (
            network,
            params,
            kind,
            tags,
            seed,
        )
        self._losses: dict[Part, list[tuple[float, int]]] = {"train": [], "validation": []}
        self._counts: list[np.ndarray] = []
        self._tokens: list[np.ndarray] = []
        self._kinds = sorted({split_tag(tag)[1] for tag in tags} - {""})

    def _loss(self, likelihoods: Tensor, part: Part) -> Tensor:
        loss = -likelihoods.mean()
        self._losses[part].append((float(loss.detach()), len(likelihoods)))
        return loss

    def training_step(self, batch: TagBatch, batch_idx: int) -> Tensor:
        return self._loss(self.network(batch)[1], "train")

    def validation_step(self, batch: TagBatch, batch_idx: int) -> None:
        emissions, likelihoods = self.network(batch)
        self._loss(likelihoods, "validation")
        decoded = self.network.crf.decode(emissions, batch.lengths)
        truth, given = (names_of(one, batch.lengths, self.tags) for one in (batch.tags, decoded))
        self._tokens.append(count_tokens(truth, given).sum(axis=0))
        if self.kind == "entities":
            actual, found = ([rewrite(row, "iob2") for row in rows] for rows in (truth, given))
            self._counts.append(count_entities(actual, found, self._kinds).sum(axis=(0, 1)))

    def on_train_epoch_start(self) -> None:
        # Each epoch has its own stream of random numbers, so that a resumed training draws what
        # an uninterrupted one draws.
        torch.manual_seed(self.seed * 1_000_003 + self.current_epoch)
        self._losses["train"] = []

    def on_validation_epoch_start(self) -> None:
        self._losses["validation"], self._counts, self._tokens = [], [], []

    def on_validation_epoch_end(self) -> None:
        # Validation ends each epoch: both parts are logged here, where every callback sees them.
        for part, losses in self._losses.items():
            rows = sum(count for _, count in losses)
            mean = sum(loss * count for loss, count in losses) / max(rows, 1)
            self.log(f"{part}_loss", torch.tensor(mean, dtype=torch.float32))
        share = accuracy(np.sum(self._tokens, axis=0))
        score = share
        if self.kind == "entities":
            score = entity_scores(np.sum(self._counts, axis=0))["f1"]
        self.log("validation_accuracy", torch.tensor(float(share)))
        self.log(MONITOR, torch.tensor(float(score)))

    def configure_optimizers(self) -> Any:
        params = self.params
        optimiser = torch.optim.AdamW(
            self.network.parameters(),
            lr=params.learning_rate,
            weight_decay=params.weight_decay,
            fused=True,  # one pass over each weight: most of them are the words'
        )
        total = int(self.trainer.estimated_stepping_batches)
        factor = SCHEDULES[params.schedule]
        warmup = max(1, round(params.warmup_share * total))

        def scale(step: int) -> float:
            return min(1.0, (step + 1) / warmup) * factor(min(1.0, step / total))

        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": LambdaLR(optimiser, scale), "interval": "step"},
        }
