"""Crossvalidate: predictions for folds held out in turn in, means with their intervals out.

The candidates of `evaluate`, judged on every row outside the frozen test: what other training
rows, other seeds and other rows to judge on would change. It trains nothing and reads no test row.
"""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from pydantic import Field, field_validator

from sluice.command import run_stage
from sluice.errors import DataError, ParamsError
from sluice.evaluation.candidates import BootstrapParams, Terms, candidate_key
from sluice.evaluation.folds import Fold, Run, judge_folds, summarise_folds, tabulate_folds
from sluice.evaluation.predictions import check_predictions, check_same_rows, of_split
from sluice.evaluation.rounding import rounded
from sluice.evaluation.wanted import Wanted, read_wanted
from sluice.files import read_json, read_parquet, staged, write_csv, write_json
from sluice.params import Section, read_section

NOTHING: dict[str, Any] = {"folds": [], "models": {}}


class Crossvalidate(Section):
    """Section `crossvalidate` of params.yaml."""

    folds: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Folds of `split.folds` that are held out, each in its turn; none trains nothing."""
    bootstrap: BootstrapParams = Field(default_factory=BootstrapParams)
    """How intervals over rows are drawn."""

    @field_validator("folds")
    @classmethod
    def _several(cls, folds: tuple[int, ...]) -> tuple[int, ...]:
        if len(folds) == 1 or len(set(folds)) < len(folds):
            raise ValueError("name no fold, or several different ones: one fold has no interval")
        return folds


def _read_fold(number: int, parts: Path, bootstrap: BootstrapParams) -> tuple[pd.DataFrame, Fold]:
    """The held-out rows, and their groups beside the number of rows trained on."""
    folder = parts / str(number)
    if not folder.is_dir():
        raise ParamsError(
            f"crossvalidate.folds names {number}, which split.folds has not made: raise "
            "split.folds (folds are counted from 0), or take it out"
        )
    held = read_parquet(folder / "test.parquet", ["id", "label", "cluster"])
    groups = held["cluster" if bootstrap.unit == "clusters" else "id"]
    trained = len(read_parquet(folder / "train.parquet", ["id"]))
    return held, Fold(pd.factorize(groups)[0].astype("int64"), trained)


def _read_run(
    folder: Path, one: Wanted, number: int, held: pd.DataFrame, label_names: tuple[str, ...]
) -> pd.DataFrame:
    path = folder / f"{candidate_key(one.name, one.seed)}-{number}.parquet"
    frame = check_predictions(read_parquet(path), label_names, str(path))
    check_same_rows(of_split(frame, "test"), held, f"{path} (held-out rows)")
    return frame


def crossvalidate(
    predictions: Path,
    parts: Path,
    provenance: Path,
    summary: Path,
    table: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Judge every candidate on every fold by models that never met that fold."""
    section = read_section(params, "crossvalidate", Crossvalidate)
    label_names = tuple(read_json(provenance)["labels"])
    wanted = read_wanted(params)
    if section.folds and not wanted:
        raise DataError("nothing to crossvalidate: name models in train.models or baseline.names")
    runs, folds = {}, {}
    for number in section.folds:
        held, folds[number] = _read_fold(number, parts, section.bootstrap)
        for one in wanted:
            frame = _read_run(predictions, one, number, held, label_names)
            runs[Run(one.kind, one.name, one.seed, number)] = frame
    terms = Terms(label_names, None, section.bootstrap)
    found = NOTHING
    if folds:
        found = rounded(summarise_folds(judge_folds(runs, folds, terms), folds, terms))
    with staged(summary, table) as outputs:
        write_json(found, outputs[0])
        write_csv(tabulate_folds(found), outputs[1], texts=("name",))
    typer.echo(
        f"{len(wanted)} candidates over {len(folds)} folds"
        if folds
        else "crossvalidate.folds is empty: nothing is held out but the test"
    )


if __name__ == "__main__":
    run_stage(crossvalidate)
