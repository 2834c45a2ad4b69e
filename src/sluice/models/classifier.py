"""The classifier head: one LightningModule over every encoder.

In: a network from tokens to logits, and how to optimise it. Out: weights, and the losses and
scores of each epoch. What the network is made of is in `sluice.models.network`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from sluice.models.network import TextNetwork
from sluice.models.schedules import SCHEDULES
from sluice.models.settings import OptimisationParams, OptimiserName
from sluice.tokens import UNLABELLED, Ngrams, Taught

Part = Literal["train", "validation"]


# Fused: one pass over each weight. Tables of words and n-grams are most of the weights, and what
# their update takes grows with the vocabulary.
_OPTIMISERS: dict[OptimiserName, Callable[..., Optimizer]] = {
    "adam": partial(torch.optim.Adam, fused=True),
    "adamw": partial(torch.optim.AdamW, fused=True),
    "rmsprop": torch.optim.RMSprop,
    "sgd": partial(torch.optim.SGD, momentum=0.9, nesterov=True, fused=True),
}


class LabelledBatch(Protocol):
    """What a step reads of a batch; see `sluice.data.batches.Batch`."""

    @property
    def tokens(self) -> Tensor: ...
    @property
    def lengths(self) -> Tensor: ...
    @property
    def labels(self) -> Tensor: ...
    @property
    def weights(self) -> Tensor: ...
    @property
    def total(self) -> Tensor: ...
    @property
    def ngrams(self) -> Ngrams | None: ...
    @property
    def taught(self) -> Taught | None: ...


class Lesson(NamedTuple):
    """What a network learns from a teacher beside the labels."""

    features: int
    """Numbers of a teacher's vector."""
    weight: float
    """Weight of their squared error beside the cross entropy."""


def _scores(classes: int, prefix: str) -> MetricCollection:
    return MetricCollection(
        {
            "accuracy": MulticlassAccuracy(classes, average="micro", validate_args=False),
            "macro_f1": MulticlassF1Score(classes, average="macro", validate_args=False),
        },
        prefix=f"{prefix}_",
    )


class Classifier(pl.LightningModule):
    """Trains `network` to tell labels apart; the loss is cross entropy, weighted by row.

    With a lesson, a linear head beside the network's own tells a teacher's vector of each row from
    the encoder's: the mean squared error of its numbers is added to the row's loss (the "hints" of
    Romero et al. 2015, arXiv 1412.6550). The head is thrown away with the teacher. A row without a
    label has that loss alone.
    """

    def __init__(
        self,
        network: TextNetwork,
        params: OptimisationParams,
        classes: int,
        seed: int,
        lesson: Lesson | None = None,
    ) -> None:
        super().__init__()
        self.network, self.params, self.seed, self.lesson = network, params, seed, lesson
        if lesson is not None:
            self.retelling = nn.Linear(network.pooling.output_size, lesson.features)
        self.train_scores, self.train_loss = _scores(classes, "train"), MeanMetric()
        self.validation_scores, self.validation_loss = _scores(classes, "validation"), MeanMetric()

    def forward(self, tokens: Tensor, lengths: Tensor, ngrams: Ngrams | None = None) -> Tensor:
        """(batch, time) token ids and (batch,) lengths -> (batch, classes) logits."""
        logits: Tensor = self.network(tokens, lengths, ngrams)
        return logits

    def _trackers(self, part: Part) -> tuple[MeanMetric, MetricCollection]:
        if part == "train":
            return self.train_loss, self.train_scores
        return self.validation_loss, self.validation_scores

    def _step(self, batch: LabelledBatch, part: Part) -> Tensor:
        logits, pooled = self.network.read(batch.tokens, batch.lengths, batch.ngrams)
        smoothing = self.params.label_smoothing if part == "train" else 0.0
        losses = nn.functional.cross_entropy(
            logits,
            batch.labels,
            reduction="none",
            label_smoothing=smoothing,
            ignore_index=UNLABELLED,
        )  # (batch,)
        summed, known = (losses * batch.weights).sum(), batch.labels != UNLABELLED
        weight = batch.weights[known].sum()
        if weight > 0:  # a process that only stands by has nothing to count
            mean_loss, scores = self._trackers(part)
            mean_loss.update(summed.detach() / weight, weight)
            scores.update(logits.detach()[known], batch.labels[known])
        loss: Tensor = summed / batch.total
        if self.lesson is not None and batch.taught is not None:
            rows, vectors, total = batch.taught
            wrong = (self.retelling(pooled[rows]) - vectors).square().mean(dim=1)  # (read,)
            loss = loss + self.lesson.weight * (wrong * batch.weights[rows]).sum() / total
        return loss

    def training_step(self, batch: LabelledBatch, batch_idx: int) -> Tensor:
        return self._step(batch, "train")

    def validation_step(self, batch: LabelledBatch, batch_idx: int) -> None:
        self._step(batch, "validation")

    def on_train_epoch_start(self) -> None:
        # Each epoch has its own stream of random numbers, so that a resumed training draws what
        # an uninterrupted one draws; so has each process, or all would drop the same units.
        stream = self.seed * 1_000_003 + self.current_epoch
        torch.manual_seed(stream + self.global_rank * 1_000_000_000_039)

    def _log_epoch(self, part: Part) -> None:
        mean_loss, scores = self._trackers(part)
        self.log(f"{part}_loss", mean_loss.compute())
        self.log_dict(scores.compute())
        mean_loss.reset()
        scores.reset()

    def on_validation_epoch_end(self) -> None:
        # Validation ends each epoch: both parts are logged here, where every callback sees them.
        self._log_epoch("train")
        self._log_epoch("validation")

    def configure_optimizers(self) -> Any:
        params = self.params
        weights, mark = list(self.named_parameters()), "network.wide."
        wide = [weight for name, weight in weights if name.startswith(mark)]
        deep = [weight for name, weight in weights if not name.startswith(mark)]
        groups: list[dict[str, Any]] = [{"params": deep}]
        if wide:
            groups.append({"params": wide, "lr": params.wide_learning_rate})
        optimiser = _OPTIMISERS[params.optimiser](
            groups, lr=params.learning_rate, weight_decay=params.weight_decay
        )
        total = int(self.trainer.estimated_stepping_batches)
        factor = SCHEDULES[params.schedule]
        warmup = max(1, round(params.warmup_share * total))

        def scale(step: int) -> float:
            return min(1.0, (step + 1) / warmup) * factor(min(1.0, step / total))

        scheduler = LambdaLR(optimiser, scale)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }
