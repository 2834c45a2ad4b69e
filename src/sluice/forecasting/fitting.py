"""Trains a framing on a part of a series, and chooses its settings on the last part of that.

In: the training values, a framing, parameters. Out: a fitted network, or a choice with the score
that led to it. Values behind the training part are never handed in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from sluice.errors import DataError
from sluice.forecasting.framings import Framing, Scaler, fit_scaler, make_features, reach
from sluice.forecasting.network import Forecaster, ForecastNetwork
from sluice.forecasting.rolling import Combined, Fitted, one_step_rmse
from sluice.forecasting.series import Floats
from sluice.forecasting.settings import Choice, Training

MIN_EXAMPLES = 8
Watch = Callable[[int], bool]
"""Called with the number of epochs done; says whether it has seen enough."""


class _Look(Callback):
    """Calls `watch` after every so many epochs."""

    def __init__(self, every: int, watch: Watch) -> None:
        self._every, self._watch = every, watch

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        done = trainer.current_epoch + 1
        if done % self._every == 0:
            pl_module.eval()
            trainer.should_stop = self._watch(done)
            pl_module.train()


def make_examples(
    train: Floats, framing: Framing, choice: Choice, scaler: Scaler
) -> tuple[Tensor, Tensor]:
    """Give what the network reads and what it ought to answer.

    Returns:
        without memory (examples, steps, window) and (examples, 1); with memory the whole part as
        one row, (1, examples, window) and (1, examples).

    Raises:
        DataError: fewer than eight examples.
    """
    scaled = scaler.scale(scaler.transform(train))
    features = make_features(scaled, choice.window)[:-1]
    targets = scaled[choice.window :]
    if len(targets) - framing.steps + 1 < MIN_EXAMPLES:
        raise DataError(
            f"a part of {len(train)} values leaves fewer than {MIN_EXAMPLES} examples: "
            f"{reach(framing, choice, scaler) + MIN_EXAMPLES} are needed; give a longer series, "
            "or set a shorter season"
        )
    inputs = torch.from_numpy(np.ascontiguousarray(features, np.float32))
    answers = torch.from_numpy(targets.astype(np.float32))
    if framing.memory:
        return inputs[None], answers[None]
    windows = inputs.unfold(0, framing.steps, 1).transpose(1, 2)
    return windows, answers[framing.steps - 1 :, None]


def _loader(
    examples: tuple[Tensor, Tensor], framing: Framing, params: Training, seed: int
) -> "DataLoader[Any]":
    inputs, targets = examples
    if framing.memory:  # consecutive pieces, in order
        pieces = zip(
            torch.split(inputs, params.chunk, 1), torch.split(targets, params.chunk, 1), strict=True
        )
        return DataLoader(list(pieces), batch_size=None)  # type: ignore[arg-type]  # a list is a data set
    order = torch.Generator().manual_seed(seed)
    size = min(params.batch_size, len(targets))
    return DataLoader(TensorDataset(inputs, targets), size, shuffle=True, generator=order)


def _trainer(params: Training, epochs: int, callbacks: list[Callback]) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=epochs,
        gradient_clip_val=params.gradient_clip or None,
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        callbacks=callbacks,
    )


def fit_framing(
    train: Floats,
    framing: Framing,
    choice: Choice,
    season: int,
    params: Training,
    seed: int,
    epochs: int,
    watch: Callable[[Fitted, int], bool] | None = None,
) -> Fitted:
    """Train a fresh network on `train`, (n,), for so many epochs.

    Args:
        train: the training values.
        framing: what it sees of the past.
        choice: scale, target, size, window.
        season: steps in a season.
        params: optimisation.
        seed: of weights and batch order.
        epochs: how often it sees the part.
        watch: sees the network after every `params.check_every` epochs, and may end the training.

    Raises:
        DataError: the part is too short.
    """
    torch.set_num_threads(params.threads)
    scaler = fit_scaler(train, framing, choice, season)
    examples = make_examples(train, framing, choice, scaler)
    torch.manual_seed(seed)
    network = ForecastNetwork(
        choice.window, choice.hidden_size, framing.layers, choice.target == "change"
    )
    fitted = Fitted(network, framing, choice, scaler)
    looks: list[Callback] = []
    if watch is not None:
        looks = [_Look(params.check_every, lambda done: watch(fitted, done))]
    forecaster = Forecaster(network, params, framing.memory)
    loader = _loader(examples, framing, params, seed)
    _trainer(params, epochs, looks).fit(forecaster, loader)
    network.eval()
    return fitted


@dataclass(frozen=True)
class Chosen:
    """A choice and why it was made."""

    choice: Choice
    epochs: int
    """Epochs that were best."""
    rmse: float
    """One step ahead on the last part of the training series, mean over the choosing seeds."""


def _curve(
    train: Floats, block: tuple[int, int], framing: Framing, choice: Choice, season: int,
    params: Training, seed: int,
) -> dict[int, float]:  # fmt: skip
    """Mean squared error of a block by epochs, of a network that saw what came before the block."""
    first, end = block
    curve: dict[int, float] = {}

    def look(fitted: Fitted, done: int) -> bool:
        curve[done] = one_step_rmse(fitted.roll, train, first, end) ** 2
        best = min(curve, key=lambda one: curve[one])
        return done - best >= params.patience * params.check_every

    fit_framing(train[:first], framing, choice, season, params, seed, params.max_epochs, look)
    return curve


def _score(
    train: Floats, blocks: list[tuple[int, int]], framing: Framing, choice: Choice, season: int,
    params: Training,
) -> Chosen:  # fmt: skip
    """Find the best number of epochs of one choice, over all blocks and choosing seeds."""
    curves = [
        _curve(train, block, framing, choice, season, params, seed)
        for block in blocks
        for seed in params.choosing_seeds
    ]
    common = sorted(set(curves[0]).intersection(*curves))
    weights = [end - first for first, end in blocks for _ in params.choosing_seeds]
    means = {done: np.average([one[done] for one in curves], weights=weights) for done in common}
    best = min(means, key=lambda done: np.nan_to_num(means[done], nan=np.inf))
    return Chosen(choice, best, float(np.sqrt(means[best])))


def make_blocks(first: int, end: int, count: int) -> list[tuple[int, int]]:
    """Part [first, end) into `count` consecutive blocks, or fewer where it has fewer values."""
    parts = np.array_split(np.arange(first, end), min(count, end - first))
    return [(int(part[0]), int(part[-1]) + 1) for part in parts]


def choose(
    train: Floats, first: int, framing: Framing, season: int, params: Training
) -> list[Chosen]:
    """Try all choices on the last part of the training series; the best first.

    That part is forecast block by block, each by networks that were trained on all that comes
    before it (rolling-origin evaluation; Tashman 2000).

    Args:
        train: the training values; none of the test part.
        first: where the part begins on which the choice is made.
        framing: what the network sees of the past.
        season: steps in a season.
        params: grid and optimisation.
    """
    choices = params.grid.choices(framing.windows, bool((train > 0).all()))
    blocks = make_blocks(first, len(train), params.blocks)
    tried = [_score(train, blocks, framing, one, season, params) for one in choices]
    return sorted(tried, key=lambda one: np.nan_to_num(one.rmse, nan=np.inf))


def fit_chosen(
    train: Floats, chosen: list[Chosen], framing: Framing, season: int, params: Training, seed: int
) -> Combined:
    """Train a network for each choice with one seed; their forecasts are averaged."""
    return Combined(
        tuple(
            fit_framing(train, framing, one.choice, season, params, seed, one.epochs)
            for one in chosen
        )
    )
