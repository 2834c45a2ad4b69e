"""Cleaning, splitting, augmenting at many rows: seconds, CPU seconds, peak memory; one JSON object.

Usage: python benchmarks/scale.py ROWS...

The rows are the bundled tweets, over and over, with noise: a repetition has two words in five
exchanged for words of other tweets, and so is no near duplicate of its like. Each stage runs as a
process of its own, as DVC runs it. `make bench` leaves this out: a million rows take minutes.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from tweets import make_rows
from watched import watch

from sluice.files import write_parquet

SHARE = 0.4
"""Of a row's words that noise exchanges."""


def make_noisy(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """As many rows as are asked for; those beyond the given ones with words exchanged."""
    generator = np.random.default_rng(0)
    many = pd.concat([rows] * -(-count // len(rows)), ignore_index=True).head(count)
    words = np.array([word for text in rows["text"] for word in text.split()], dtype=object)
    texts = many["text"].tolist()
    for place in range(min(len(rows), count), count):
        row = np.array(texts[place].split() or ["-"], dtype=object)
        chosen = generator.random(len(row)) < SHARE
        row[chosen] = words[generator.integers(len(words), size=chosen.sum())]
        texts[place] = " ".join(row)
    return many.assign(text=texts, id=[str(number) for number in range(count)])


def measure_stages(rows: pd.DataFrame, folder: Path) -> dict[str, object]:
    """Clean, split, exchange words in a tenth of the training rows; how large the raw file is."""
    raw, cleaned = folder / "many.parquet", folder / "many-cleaned.parquet"
    write_parquet(rows, raw)
    parts = [folder / f"{name}.parquet" for name in ("train", "validation", "test")]
    others = [folder / "conflicts.csv", folder / "leaks.json", folder / "folds"]
    found = {
        "clean": watch("sluice.stages.clean", raw, cleaned),
        "raw_mib": raw.stat().st_size / 2**20,
        "cleaned_mib": cleaned.stat().st_size / 2**20,
    }
    print(json.dumps(found), file=sys.stderr)  # splitting may take long
    found["split"] = watch("sluice.stages.split", cleaned, *parts, *others)
    params = folder / "params.yaml"
    params.write_text(yaml.safe_dump({"augment": {"operations": {"swap": 0.1}}}))
    outs = [folder / "augmented.parquet", folder / "augment.json"]
    words = ("--params", params)
    return found | {"augment": watch("sluice.stages.augment", parts[0], *outs, *words)}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = make_rows(folder).drop(columns="cleaned")
        rows = rows.sample(frac=1, random_state=0, ignore_index=True)  # they come in label order
        found = {
            count: measure_stages(make_noisy(rows, count), folder)
            for count in map(int, sys.argv[1:])
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
