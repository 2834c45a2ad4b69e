"""A teacher learns the labels: its upper layers are fine-tuned, and its vectors made anew.

In: states of the lower layers, labels and weights of the rows. Out: a vector of each text. The
states of the layers below do not change, so they are made once.

Sources: Devlin et al. 2019, arXiv 1810.04805, A.3 (fine-tuning); Lee et al. 2019, arXiv 1911.03090
(the upper layers alone keep most of what fine-tuning gains).
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from sluice.data.batches import ordered_batches, shuffled_batches
from sluice.teaching.lessons import Vectors
from sluice.teaching.progress import Say, count_texts
from sluice.teaching.settings import Tuning
from sluice.teaching.transformer import KeptStates, Transformer, pool
from sluice.tokens import Ints

_BATCH = 64
_WARMUP = 0.06  # of the steps
_HEAD = 20.0  # times the layers' learning rate: a new head has all to learn
_DECAY = 0.01
_SMOOTHING = 0.1
_NORM = 1.0
_SEED = 0


class Exam(NamedTuple):
    """What a teacher is to learn of the texts."""

    labels: Ints
    """Label of each text, (texts,)."""
    weights: Vectors
    """Weight of each in the loss, (texts,)."""
    classes: int


def _share(step: int, steps: int) -> float:
    """Share of the highest learning rate: up in a line, and down in one to nothing."""
    return min(1.0, (step + 1) / max(1.0, _WARMUP * steps)) * (1 - step / steps)


def _train(
    transformer: Transformer, head: nn.Linear, states: KeptStates, exam: Exam, tuning: Tuning,
    say: Say,
) -> None:  # fmt: skip
    upper, rate = transformer.upper, tuning.learning_rate
    layers, own = list(upper.parameters()), list(head.parameters())
    groups = [{"params": layers, "lr": rate}, {"params": own, "lr": _HEAD * rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=_DECAY, fused=True)
    count = len(exam.labels)
    steps = tuning.epochs * math.ceil(count / _BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share(step, steps))
    labels, weights = torch.from_numpy(exam.labels), torch.from_numpy(exam.weights)
    dropout = nn.Dropout(0.1)
    add = count_texts(say, "has learnt from", tuning.epochs * count)
    upper.train()
    for epoch in range(tuning.epochs):
        for rows in shuffled_batches(states.lengths[:count], _BATCH, _SEED, epoch):
            below, lengths = states.gather(rows)
            pooled: Tensor = pool(transformer.high(below, lengths), lengths)
            losses = nn.functional.cross_entropy(
                head(dropout(pooled)), labels[rows], reduction="none", label_smoothing=_SMOOTHING
            )
            weight = weights[rows]
            loss = (losses * weight).sum() / weight.sum().clamp_min(torch.finfo().tiny)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # it has no annotations
            nn.utils.clip_grad_norm_([*layers, *own], _NORM)
            optimizer.step()
            schedule.step()
            add(len(rows))
    upper.eval()


def fine_tune(
    transformer: Transformer, states: KeptStates, exam: Exam, tuning: Tuning, say: Say
) -> Vectors:
    """Train a transformer's upper layers on labels, and pool what they then make of each text.

    Args:
        transformer: whose upper layers are trained, in place.
        states: what its lower layers made of the texts.
        exam: the labels of the first of them; nothing is learnt from those behind.
        tuning: how.
        say: takes lines that say how far it is.

    Returns:
        (texts, features)
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        features = states.gather(np.zeros(1, np.int64))[0].shape[2]
        head = nn.Linear(features, exam.classes)
        _train(transformer, head, states, exam, tuning, say)
    found = np.zeros((len(states.lengths), features), np.float32)
    add = count_texts(say, "tells of", len(found))
    with torch.inference_mode():
        for rows in ordered_batches(states.lengths, _BATCH):
            below, lengths = states.gather(rows)
            found[rows] = pool(transformer.high(below, lengths), lengths).numpy()
            add(len(rows))
    return found
