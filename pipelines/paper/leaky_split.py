"""Leaky split: what papers on small sets often do, made here to measure what it is worth.

In: cleaned rows. Out: three parts that share copies of the same posts, because the rows are
oversampled before they are parted at random. Only this pipeline uses it: never a result of ours.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import typer

from sluice.command import run_stage
from sluice.files import read_parquet, staged, write_parquet
from sluice.params import read_section
from sluice.stages.augment import Augment
from sluice.stages.split import PARTS, Split
from sluice.text.resampling import resample


def copy_rows(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Oversample every class to the size of the largest; `cluster` names the post of a copy."""
    copied = rows.iloc[resample(rows["label"], "over", seed)].reset_index(drop=True)
    number = copied.groupby("id").cumcount()
    named = copied["id"].where(number == 0, copied["id"] + "~" + number.astype("str"))
    return copied.assign(cluster=copied["id"], id=named)


def part_at_random(rows: pd.DataFrame, section: Split) -> dict[str, pd.DataFrame]:
    """Part rows by a random order, blind to copies and duplicates."""
    order = np.random.default_rng(section.seed).permutation(len(rows))
    test = round(section.test_share * len(rows))
    validation = test + round(section.validation_share * len(rows))
    places = {"train": order[validation:], "validation": order[test:validation]}
    places["test"] = order[:test]
    return {name: rows.iloc[np.sort(places[name])].reset_index(drop=True) for name in PARTS}


def leaky_split(
    rows: Path, train: Path, validation: Path, test: Path, params: Path = Path("params.yaml")
) -> None:
    """Oversample all rows, then part them at random."""
    section = read_section(params, "split", Split)
    seed = read_section(params, "augment", Augment).seed
    parts = part_at_random(copy_rows(read_parquet(rows), seed), section)
    with staged(train, validation, test) as paths:
        for path, name in zip(paths, PARTS, strict=True):
            write_parquet(parts[name], path)
    seen = parts["test"]["cluster"].isin(parts["train"]["cluster"])
    typer.echo(f"{int(seen.sum())} of {len(seen)} test rows are copies of training rows")


if __name__ == "__main__":
    run_stage(leaky_split)
