"""Training at 10 thousand to 1.6 million rows: seconds and memory; prints one JSON object.

Usage: python benchmarks/growth.py [ROWS ROWS ROWS ...]    three sizes or more

The rows are those of `scale.py`, bundled tweets with noise. The default variant trains for one
epoch of at most 2,500 batches (160,000 rows): what a step costs, and reading all rows before, can
be told from that. The stage runs as a process of its own. It holds 2,000 other rows for validation
and 2,000 for test. `make bench` leaves this out: it takes a quarter of an hour.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from scale import make_noisy
from tweets import ROOT, make_rows
from watched import watch

from sluice.files import read_json, write_json, write_parquet

COUNTS = (10_000, 40_000, 160_000, 640_000, 1_600_000)
BATCHES, HELD = 2500, 2000
VARIANT = "wide_bilstm"
OUTPUTS = (
    "model.safetensors", "config.json", "vocabulary.json", "curves.csv", "predictions.parquet",
    "metrics.json", "timing.json", "answers.parquet",
)  # fmt: skip


def write_params(folder: Path) -> Path:
    """The project's parameters, one epoch of so many batches."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    short = {"max_epochs": 1, "max_batches": BATCHES}
    params["train"]["optimisation"] |= short
    variant = params["train"]["variants"][VARIANT]
    variant["optimisation"] = variant.get("optimisation", {}) | short
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params, sort_keys=False))
    return path


def measure(rows: pd.DataFrame, count: int, folder: Path) -> dict[str, float]:
    """Train on `count` rows."""
    many = make_noisy(rows, count + 2 * HELD).rename(columns={"text": "cleaned"})
    paths = [folder / f"{name}.parquet" for name in ("train", "validation", "test")]
    ends = (0, count, count + HELD, count + 2 * HELD)
    for path, first, end in zip(paths, ends, ends[1:], strict=False):
        write_parquet(many.iloc[first:end], path)
    probes, provenance = folder / "probes.parquet", folder / "provenance.json"
    write_parquet(many.iloc[:10][["id", "cleaned"]], probes)
    write_json({"labels": sorted(many["label"].unique())}, provenance)
    del many
    outputs = [folder / name for name in OUTPUTS]
    words = (VARIANT, "0", *paths, provenance, probes, *outputs)
    found = watch("sluice.stages.train", *words, "--params", write_params(folder))
    steps = read_json(folder / "metrics.json")["steps"]
    seconds = read_json(folder / "timing.json")["seconds"]
    return found | {
        "epoch_seconds": seconds,
        "milliseconds_per_batch": 1000 * seconds / steps,
        "other_seconds": found["seconds"] - seconds,
    }


def summarise(sizes: dict[int, dict[str, float]]) -> dict[str, Any]:
    """The sizes, and what is asked of the smallest, the middle and the largest.

    What is no epoch is the start and the reading; the smallest size stands for the start.
    """
    least, *_, most = sorted(sizes)
    middle = sorted(sizes)[len(sizes) // 2]
    start = sizes[least]["other_seconds"]
    per_row = {
        count: (sizes[count]["other_seconds"] - start) / (count - least) for count in (middle, most)
    }
    return {
        "sizes": sizes,
        "step_largest_over_smallest": sizes[most]["milliseconds_per_batch"]
        / sizes[least]["milliseconds_per_batch"],
        "row_largest_over_middle": per_row[most] / per_row[middle],
        "largest_own_gib": sizes[most]["own_gib"],
    }


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = make_rows(folder)[["id", "label", "cleaned"]].rename(columns={"cleaned": "text"})
        rows = rows.sample(frac=1, random_state=0, ignore_index=True)  # they come in label order
        found = {}
        for count in [int(word) for word in sys.argv[1:]] or COUNTS:
            found[count] = measure(rows, count, folder)
            print(count, json.dumps(found[count]), file=sys.stderr)
    print(json.dumps(summarise(found), indent=2))


if __name__ == "__main__":
    main()
