"""Suspect: training rows in, those whose label is probably wrong out, the most doubtful first.

Each row is judged by a model that was trained on other rows. No label is changed and no row is
dropped: whether a label is wrong is for people to say.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import typer

from sluice.command import run_stage
from sluice.data.splitting import assign_folds
from sluice.errors import DataError
from sluice.evaluation.label_errors import LabelErrorParams, describe_suspects, tabulate_suspects
from sluice.files import read_json, read_parquet, staged, write_csv, write_json
from sluice.models.crossfit import cross_probabilities
from sluice.params import read_section

DIGITS = 6


class Suspect(LabelErrorParams):
    """Section `suspect` of params.yaml."""


def _label_indices(frame: pd.DataFrame, names: list[str], where: Path) -> Any:
    indices = pd.Index(names).get_indexer(pd.Index(frame["label"])).astype(np.int64)
    if frame.empty or (indices < 0).any():
        problem = "no rows" if frame.empty else "a label that provenance.json does not name"
        raise DataError(f"{where} has {problem}: run split again (dvc repro)")
    return indices


def suspect(
    train: Path,
    provenance: Path,
    suspects: Path,
    metrics: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """List the rows of TRAIN whose label is probably wrong."""
    section = read_section(params, "suspect", Suspect)
    names = list(read_json(provenance)["labels"])
    rows = read_parquet(train, ["id", "text", "label", "cluster"])
    labels = _label_indices(rows, names, train)
    clusters = pd.factorize(rows["cluster"])[0].astype(np.int64)
    folds = assign_folds(rows["label"], clusters, section.folds, section.seed)
    probabilities = cross_probabilities(
        rows["text"].to_list(), labels, folds, len(names), section.c, section.min_rows
    )
    probabilities = probabilities.round(DIGITS)  # what does not hang on the order of a sum
    found = tabulate_suspects(rows, labels, probabilities, names)
    with staged(suspects, metrics) as parts:
        write_csv(found, parts[0], texts=("id", "given", "suggested", "text"))
        write_json(describe_suspects(found, labels, probabilities, names, section), parts[1])
    typer.echo(f"{len(found)} of {len(rows)} training rows have a label that is in doubt")


if __name__ == "__main__":
    run_stage(suspect)
