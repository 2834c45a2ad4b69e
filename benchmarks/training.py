"""Training: Sluice's loop against a tutorial's set-up and against a bare PyTorch loop.

All three train the same network with the same optimiser on the cleaned bundled tweets, in turns
within one run. The tutorial pads every text to 200 tokens and collates sample by sample in Python;
the bare loop runs over Sluice's own batches without Lightning, scores or averages.

Prints one JSON object.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tweets import make_rows

from sluice.data.batches import Batches, LabelledRows, shuffled_batches
from sluice.data.module import TextDataModule
from sluice.models.classifier import Classifier
from sluice.models.network import TextNetwork
from sluice.models.settings import NetworkParams, OptimisationParams
from sluice.models.training import fit, quiet_lightning
from sluice.text.vocabulary import TokenParams, fit_vocabulary
from sluice.tokens import TokenRows

BATCH = 64
BATCHES = 80
TUTORIAL_BATCHES = 12
REPEATS = 5
PADDED_TO = 200
LABELS = ("negative", "neutral", "positive")


class Samples(Dataset):
    """What tutorials write: one list of ids and one label per item."""

    def __init__(self, rows: LabelledRows) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows.tokens)

    def __getitem__(self, index: int) -> tuple[list[int], int]:
        start, end = self.rows.tokens.offsets[index : index + 2]
        return self.rows.tokens.ids[start:end].tolist(), int(self.rows.labels[index])


def pad_samples(samples: list[tuple[list[int], int]]) -> tuple[torch.Tensor, ...]:
    """Pad each text to 200 in Python, as tutorials do."""
    tokens = [(ids + [0] * PADDED_TO)[:PADDED_TO] for ids, _ in samples]
    lengths = [PADDED_TO] * len(samples)
    return torch.tensor(tokens), torch.tensor(lengths), torch.tensor([y for _, y in samples])


def read_rows() -> tuple[LabelledRows, int]:
    with tempfile.TemporaryDirectory() as folder:
        frame = make_rows(Path(folder))
    texts = frame["cleaned"].to_list()
    vocabulary = fit_vocabulary(texts, TokenParams(kind="words"))
    labels = frame["label"].map(LABELS.index).to_numpy(np.int64)
    weights = np.ones(len(frame), np.float32)
    return LabelledRows(vocabulary.encode(texts), labels, weights), len(vocabulary)


def network(size: int) -> TextNetwork:
    torch.manual_seed(0)
    return TextNetwork(NetworkParams(), size, len(LABELS))


def step_through(
    model: TextNetwork, batches: Iterator[tuple[torch.Tensor, ...]], count: int
) -> float:
    """Seconds of a bare loop over `count` batches."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
    model.train()
    started = time.perf_counter()
    for _, (tokens, lengths, labels) in zip(range(count), batches, strict=False):
        loss = nn.functional.cross_entropy(model(tokens, lengths), labels, label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return time.perf_counter() - started


def tutorial(rows: LabelledRows, size: int, _epoch: int) -> float:
    """Rows per second of the tutorial's set-up."""
    loader = DataLoader(Samples(rows), BATCH, shuffle=True, collate_fn=pad_samples)
    seconds = step_through(network(size), iter(loader), TUTORIAL_BATCHES)
    return TUTORIAL_BATCHES * BATCH / seconds


def chosen(rows: LabelledRows, epoch: int) -> list[np.ndarray]:
    return shuffled_batches(rows.tokens.lengths, BATCH, 0, epoch)[:BATCHES]


def bare(rows: LabelledRows, size: int, epoch: int) -> float:
    """Rows per second of a bare loop over Sluice's batches."""
    indices = chosen(rows, epoch)
    batches = ((b.tokens, b.lengths, b.labels) for b in Batches(rows, indices))
    return sum(map(len, indices)) / step_through(network(size), batches, BATCHES)


class OneEpoch(TextDataModule):
    """The chosen batches of one epoch, and hardly any validation."""

    def __init__(self, rows: LabelledRows, few: LabelledRows, epoch: int) -> None:
        super().__init__(rows, few, BATCH, 0)
        self.indices = chosen(rows, epoch)

    def train_dataloader(self) -> Batches:
        return Batches(self.train, self.indices)


def sluice(averaging: float | None) -> Callable[[LabelledRows, int, int], float]:
    """Rows per second of Sluice's own loop, the end of the epoch taken off."""

    def measure(rows: LabelledRows, size: int, epoch: int) -> float:
        params = OptimisationParams(max_epochs=1, averaging_decay=averaging, patience=None)
        few = LabelledRows(first(rows.tokens, 8), rows.labels[:8], rows.weights[:8])
        module = OneEpoch(rows, few, epoch)
        model = Classifier(network(size), params, len(LABELS), 0)
        clock = Clock()
        model.on_train_epoch_start, model.on_validation_epoch_start = clock.start, clock.stop
        with tempfile.TemporaryDirectory() as scratch:
            fit(model, module, Path(scratch))
        return sum(map(len, module.indices)) / clock.seconds

    return measure


class Clock:
    """Times the training part of an epoch."""

    seconds = 0.0

    def start(self) -> None:
        self._started = time.perf_counter()

    def stop(self) -> None:
        self.seconds = time.perf_counter() - self._started


def first(rows: TokenRows, count: int) -> TokenRows:
    offsets = rows.offsets[: count + 1]
    return TokenRows(rows.ids[: offsets[-1]], offsets)


def main() -> None:
    """Measure in turns and print medians and ratios."""
    quiet_lightning()
    torch.set_num_threads(OptimisationParams().threads)
    rows, size = read_rows()
    ways = {
        "tutorial": tutorial,
        "bare_loop": bare,
        "sluice": sluice(None),
        "sluice_averaging": sluice(0.998),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for epoch in range(REPEATS):
        for name, measure in ways.items():
            rates[name].append(measure(rows, size, epoch))
    result = {f"{name}_rows_per_second": statistics.median(rate) for name, rate in rates.items()}
    for name in ("tutorial", "bare_loop"):
        pairs = zip(rates["sluice"], rates[name], strict=True)
        result[f"sluice_over_{name}"] = statistics.median(a / b for a, b in pairs)
    pairs = zip(rates["sluice_averaging"], rates["bare_loop"], strict=True)
    result["sluice_averaging_over_bare_loop"] = statistics.median(a / b for a, b in pairs)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
