"""What the recurrent layer reaches, and training beside Keras; prints one JSON object.

The layer: forward and backward through the default BiLSTM on real batches with one thread, as a
share of the largest rate at which the machine multiplies float32 matrices with one thread, measured
in the same round. Counted are the multiplications of the LSTM's own equations on tokens that are
there: 2 directions x 8 x hidden x (input + hidden) forward, twice that backward; gates count
nothing.

Keras: the same network on the same batches in an environment of its own, which is made beneath
.sluice/bench (tensorflow-cpu is fetched) unless SLUICE_KERAS names an interpreter that has it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

import numpy as np
import torch
from training import BATCHES, LABELS, REPEATS, chosen, read_rows, sluice
from tweets import ROOT

from sluice.data.batches import Batches, LabelledRows
from sluice.models.encoders import Recurrent
from sluice.models.settings import NetworkParams, OptimisationParams
from sluice.models.training import quiet_lightning

SIDE = 1024
HOME = ROOT / ".sluice/bench/keras"


def peak() -> float:
    """Float32 GFLOP per second of products of large matrices."""
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    taken = []
    for _ in range(8):
        started = time.perf_counter()
        left @ right
        taken.append(time.perf_counter() - started)
    return 2 * SIDE**3 / min(taken) / 1e9


def layer(rows: LabelledRows, epoch: int) -> dict[str, float]:
    """GFLOP and tokens per second of the recurrent layer alone."""
    params = NetworkParams()
    width, hidden = params.embedding_size, params.hidden_size
    torch.manual_seed(0)
    encoder = Recurrent("lstm", width, hidden, 1, True, 0.0).train()
    batches = list(Batches(rows, chosen(rows, epoch)[:40]))
    inputs = [torch.randn(*batch.tokens.shape, width, requires_grad=True) for batch in batches]
    taken, tokens = 0.0, 0
    for place, (batch, vectors) in enumerate(zip(batches, inputs, strict=True)):
        started = time.perf_counter()
        encoder(vectors, batch.lengths)[0].sum().backward()
        if place >= 5:
            taken += time.perf_counter() - started
            tokens += int(batch.lengths.sum())
    flop = 3 * tokens * 2 * 8 * hidden * (width + hidden)
    return {"gflop_per_second": flop / taken / 1e9, "tokens_per_second": tokens / taken}


def compare_peak(rows: LabelledRows) -> dict[str, float]:
    """Medians over rounds; the share is the median of each round's."""
    torch.set_num_threads(1)
    rounds = [(peak(), layer(rows, epoch)) for epoch in range(REPEATS)]
    return {
        "peak_gflop_per_second": statistics.median(top for top, _ in rounds),
        "layer_gflop_per_second": statistics.median(one["gflop_per_second"] for _, one in rounds),
        "layer_tokens_per_second": statistics.median(one["tokens_per_second"] for _, one in rounds),
        "share_of_peak": statistics.median(one["gflop_per_second"] / top for top, one in rounds),
    }


def keras_python() -> str:
    """An interpreter that has Keras with TensorFlow."""
    if "SLUICE_KERAS" in os.environ:
        return os.environ["SLUICE_KERAS"]
    python = HOME / "bin/python"
    if not (HOME / "ready").exists():
        venv.create(HOME, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "--quiet", "tensorflow-cpu>=2.16"]
        subprocess.run(install, check=True, stdout=sys.stderr)
        (HOME / "ready").touch()
    return str(python)


def write_batches(rows: LabelledRows, size: int, path: Path) -> None:
    """The first round's batches, padded as Sluice pads them."""
    held: dict[str, Any] = {"classes": len(LABELS), "size": size, "batches": BATCHES}
    for place, batch in enumerate(Batches(rows, chosen(rows, 0))):
        held |= {f"tokens{place}": batch.tokens.numpy(), f"labels{place}": batch.labels.numpy()}
    np.savez(path, **held)


def compare_keras(rows: LabelledRows, size: int) -> dict[str, Any]:
    """Rows per second by turns; each side has two threads."""
    torch.set_num_threads(OptimisationParams().threads)
    ours, measure = [], sluice(None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batches.npz"
        write_batches(rows, size, path)
        command = [keras_python(), str(Path(__file__).with_name("keras_child.py")), str(path)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            versions = json.loads(child.stdout.readline())
            theirs = []
            for _ in range(REPEATS):
                ours.append(measure(rows, size, 0))
                child.stdin.write("go\n")
                child.stdin.flush()
                theirs.append(json.loads(child.stdout.readline()))
            child.stdin.close()
    found: dict[str, Any] = {"sluice_rows_per_second": statistics.median(ours), **versions}
    for name in ("same_batches", "padded"):
        rates = [one[name] for one in theirs]
        found[f"keras_{name}_rows_per_second"] = statistics.median(rates)
        pairs = zip(ours, rates, strict=True)
        found[f"sluice_over_keras_{name}"] = statistics.median(a / b for a, b in pairs)
    return found


def main() -> None:
    """Measure and print."""
    quiet_lightning()
    rows, size = read_rows()
    print(json.dumps({"layer": compare_peak(rows), **compare_keras(rows, size)}, indent=2))


if __name__ == "__main__":
    main()
