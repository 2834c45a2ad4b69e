"""Split: cleaned rows in; training, validation and test rows out, and the leak report.

Duplicates are grouped and contradictory labels resolved first; no group is in two parts, which is
asserted before anything is written. It stops before any row is changed or made.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import typer
from pydantic import Field, model_validator

from sluice.command import run_stage
from sluice.data.conflicts import Rule
from sluice.data.duplicates import Duplicates, cluster_pairs, find_pairs
from sluice.data.grouping import Grouped, group_placed, group_rows
from sluice.data.growing import TEST, TRAIN, VALIDATION, hash_share, place_in_order
from sluice.data.leaks import assert_apart, count_leaked, measure_naive_split
from sluice.data.splitting import (
    DROPPED,
    assign_by_time,
    assign_folds,
    assign_stratified,
    check_enough,
)
from sluice.errors import DataError
from sluice.files import read_parquet, staged, write_csv, write_json, write_parquet
from sluice.params import Section, read_section

PARTS = ("train", "validation", "test")


class Split(Section):
    """Section `split` of params.yaml."""

    method: Literal["stratified", "time", "hash"] = "stratified"
    """`stratified`: each part has its share of each label; `time`: the newest rows are the test;
    `hash`: rows that are appended later never change the part of those before."""
    test_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of the rows in the test part."""
    validation_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of the rows in the validation part."""
    folds: int = Field(default=0, ge=0, le=100)
    """Folds for the rows outside test, 0 or at least 3; above 0, `fold` is validation and the
    others training, and `crossvalidate.folds` may hold each out in its turn."""
    fold: int = Field(default=0, ge=0)
    """Which of the folds is validation, counted from 0."""
    seed: int = Field(default=0, ge=0)
    """Seed of the order of clusters."""
    duplicates: Duplicates = Field(default_factory=Duplicates)
    """What counts as a duplicate."""
    conflicts: Rule = "majority"
    """Duplicates with different labels: `majority` keeps those with the most frequent one and none
    on a tie, `first` those with the label of the first, `drop` keeps none, `keep` keeps all."""

    @model_validator(mode="after")
    def _fits(self) -> "Split":
        if self.test_share + self.validation_share >= 1:
            raise ValueError("test_share and validation_share leave no training rows")
        if self.folds in (1, 2):
            raise ValueError(
                f"folds is {self.folds}: set 0, or at least 3 (one is held out, one validates)"
            )
        if self.fold >= max(self.folds, 1):
            raise ValueError(f"fold is {self.fold} and must be below folds, which is {self.folds}")
        if self.method == "hash" and self.conflicts not in ("first", "keep"):
            raise ValueError(
                f"conflicts is {self.conflicts}, by which rows appended later could change what "
                "became of those before: with method: hash set it to first, or to keep"
            )
        if self.folds and self.method == "time":
            raise ValueError("folds needs method: stratified, which mixes times")
        return self


def find_groups(frame: pd.DataFrame, section: Split) -> Grouped:
    """Group duplicates, resolve conflicts, drop repetitions; see `Split` for the rules."""
    found = find_pairs(frame["text"], section.duplicates)
    once = section.duplicates.drop_exact
    if section.method == "hash":
        shares, keep = (section.validation_share, section.test_share), section.conflicts == "keep"
        placed = place_in_order(
            frame, found, shares, section.seed, repeats=not once, conflicts=keep
        )
        grouped = group_placed(frame, found, placed, section.conflicts)
    else:
        grouped = group_rows(frame, found, section.conflicts, drop_exact=once)
    naive = measure_naive_split(*cluster_pairs(found), section.test_share, section.seed)
    return grouped._replace(report=grouped.report | {"naive_split": naive})


def _by_time(grouped: Grouped, shares: tuple[float, ...]) -> Any:
    rows = grouped.rows
    if "time" not in rows or rows["time"].isna().any():
        raise DataError(
            "split.method: time needs a time in every row: set ingest.columns.time, "
            "or split.method to stratified"
        )
    return assign_by_time(rows["time"], grouped.clusters, shares)


def _folds(grouped: Grouped, test: Any, section: Split) -> Any:
    """The fold of each row outside test."""
    rows = grouped.rows
    folds = np.full(len(rows), DROPPED)
    if section.method == "hash":
        numbers = {
            name: int(section.folds * hash_share(f"fold {name}", section.seed))
            for name in rows["cluster"].unique()
        }
        folds[~test] = rows["cluster"][~test].map(numbers)
    else:
        inner = pd.factorize(grouped.clusters[~test])[0]
        folds[~test] = assign_folds(rows["label"][~test], inner, section.folds, section.seed)
    return folds


def _assign(grouped: Grouped, section: Split) -> Any:
    """The part of each row, 0 to 2, and the fold of those outside test."""
    validation, test_share = section.validation_share, section.test_share
    shares = (1 - test_share - validation, validation, test_share)
    if section.method == "time":
        return _by_time(grouped, shares), None
    labels, clusters = grouped.rows["label"], grouped.clusters
    if section.folds and grouped.parts is None:
        outer = (1 - test_share, test_share)
        test = assign_stratified(labels, clusters, outer, section.seed) == 1
    elif grouped.parts is None:
        return assign_stratified(labels, clusters, shares, section.seed), None
    elif not section.folds:
        return grouped.parts, None
    else:
        test = grouped.parts == TEST
    folds = _folds(grouped, test, section)
    return np.where(test, TEST, np.where(folds == section.fold, VALIDATION, TRAIN)), folds


def _way_out(rows: pd.DataFrame, section: Split) -> str:
    """What else may help where whole groups are parted by time."""
    if section.method != "time" or "group" not in rows:
        return ""
    return (
        ", or take out ingest.columns.group, which keeps the rows of all times of a group together"
    )


def part_rows(grouped: Grouped, section: Split) -> dict[str, pd.DataFrame]:
    """Part the rows; every part has every label, or a `DataError` says what is missing."""
    needed = section.folds + 1 if section.folds else len(PARTS)
    check_enough(grouped.rows["label"], grouped.clusters, needed)
    places, folds = _assign(grouped, section)
    parts = {}
    for place, name in enumerate(PARTS):
        part = grouped.rows[places == place]
        if folds is not None and name != "test":
            part = part.assign(fold=folds[places == place])
        absent = set(grouped.rows["label"]) - set(part["label"])
        if absent:
            raise DataError(
                f"the {name} part would have no row labelled {sorted(absent)[0]!r}: add rows of "
                "it, or raise split.test_share or split.validation_share"
                + _way_out(grouped.rows, section)
            )
        parts[name] = part.reset_index(drop=True)
    return parts


def hold_out(parts: dict[str, pd.DataFrame], fold: int, folds: int) -> dict[str, pd.DataFrame]:
    """Part the rows outside test anew: one fold is held out, in the place of test.

    The next fold validates (early stopping, temperatures, choices), the others train: so nothing is
    ever picked on the rows that a fold's figures are about. No row of the test part is in any.
    """
    known = pd.concat([parts["train"], parts["validation"]], ignore_index=True)
    turn = (known["fold"] - fold) % folds
    masks = zip(PARTS, (turn > 1, turn == 1, turn == 0), strict=True)
    return {name: known[mask].reset_index(drop=True) for name, mask in masks}


def _write_folds(parts: dict[str, pd.DataFrame], folds: int, folder: Path) -> None:
    folder.mkdir()
    for fold in range(folds):
        turn = hold_out(parts, fold, folds)
        assert_apart({"the frozen test": parts["test"], **turn})
        (folder / str(fold)).mkdir()
        for name, rows in turn.items():
            write_parquet(rows, folder / str(fold) / f"{name}.parquet")


def describe_leaks(
    parts: dict[str, pd.DataFrame], found: dict[str, Any], section: Split
) -> dict[str, Any]:
    """The leak report: what was found, dropped and parted, and what a naive split would leak."""
    rows = {name: len(part) for name, part in parts.items()}
    dropped = {
        "dropped_exact": found["dropped_exact"],
        "dropped_conflicts": found["conflicts"]["dropped"],
    }
    gone = found["read"] - sum(rows.values()) - sum(dropped.values())
    train, test = (parts[name]["cluster"].to_numpy() for name in ("train", "test"))
    return {
        "method": section.method,
        "rows": {"read": found["read"], **dropped, "dropped_crossing": gone, **rows},
        "label_counts": {
            name: {str(label): int(n) for label, n in part["label"].value_counts().items()}
            for name, part in parts.items()
        },
        "clusters": found["clusters"],
        "conflicts": found["conflicts"],
        "naive_split": found["naive_split"],
        "leaked": count_leaked(train, test),
    }


def split(
    rows: Path,
    train: Path,
    validation: Path,
    test: Path,
    conflicts: Path,
    leaks: Path,
    folds: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Part the rows so that no group of duplicates is in two parts; so again for each fold."""
    section = read_section(params, "split", Split)
    grouped = find_groups(read_parquet(rows), section)
    parts = part_rows(grouped, section)
    assert_apart(parts)
    report = describe_leaks(parts, grouped.report, section)
    with staged(train, validation, test, conflicts, leaks, folds) as paths:
        for path, name in zip(paths, PARTS, strict=False):
            write_parquet(parts[name], path)
        write_csv(grouped.conflicts, paths[3], texts=("cluster", "id", "label", "text"))
        write_json(report, paths[4])
        _write_folds(parts, section.folds, paths[5])
    naive = report["naive_split"]
    typer.echo(
        ", ".join(f"{report['rows'][name]} {name}" for name in PARTS)
        + f" rows; a naive split would have leaked {naive['leaked']['mean']:.0f} of "
        f"{naive['test_rows']} test rows, this one {report['leaked']}"
    )


if __name__ == "__main__":
    run_stage(split)
