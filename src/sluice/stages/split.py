"""Split: cleaned rows in; training, validation and test rows out, and the leak report.

Duplicates are grouped and contradictory labels resolved first; no group is in two parts, which is
asserted before anything is written. It stops before any row is changed or made.
"""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import typer
from pydantic import Field, model_validator

from sluice.command import run_stage
from sluice.data.conflicts import Rule, drop_repeated, in_conflict, keep_rows
from sluice.data.duplicates import Duplicates, find_duplicates, join_groups
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

    method: Literal["stratified", "time"] = "stratified"
    """`stratified`: each part has its share of each label; `time`: the newest rows are the test."""
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
    on a tie, `drop` keeps none, `keep` keeps all."""

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
        if self.folds and self.method == "time":
            raise ValueError("folds needs method: stratified, which mixes times")
        return self


class Grouped(NamedTuple):
    """Rows that stay after conflicts and repetitions, and what was found on the way."""

    rows: pd.DataFrame
    clusters: np.ndarray[Any, np.dtype[np.int64]]
    conflicts: pd.DataFrame
    report: dict[str, Any]


def _name_clusters(frame: pd.DataFrame, clusters: Any) -> pd.Series:
    """A cluster is called by the id of its first row."""
    return frame["id"].groupby(clusters).transform("first")


def _describe_clusters(clusters: Any) -> dict[str, int]:
    sizes = np.bincount(clusters)
    return {
        "count": len(sizes),
        "several": int((sizes > 1).sum()),
        "rows_in_several": int(sizes[sizes > 1].sum()),
        "largest": int(sizes.max()),
    }


def group_rows(frame: pd.DataFrame, section: Split) -> Grouped:
    """Group duplicates, resolve conflicts, drop repetitions; see `Split` for the rules."""
    groups = find_duplicates(frame["text"], section.duplicates)
    named = frame.assign(cluster=_name_clusters(frame, groups.cluster))
    contested = in_conflict(frame["label"], groups.cluster)
    agreed = keep_rows(frame["label"], groups.cluster, section.conflicts)
    stays = agreed.copy()
    if section.duplicates.drop_exact:
        stays &= drop_repeated(frame["label"].where(agreed), groups.exact)
    report = {
        "read": len(frame),
        "clusters": _describe_clusters(groups.cluster),
        "conflicts": {
            "rule": section.conflicts,
            "clusters": int(named["cluster"][contested].nunique()),
            "rows": int(contested.sum()),
            "dropped": int((~agreed).sum()),
        },
        "dropped_exact": int((agreed & ~stays).sum()),
        "naive_split": measure_naive_split(*groups, section.test_share, section.seed),
    }
    conflicts = named.assign(kept=agreed)[contested].sort_values(["cluster", "id"], kind="stable")
    whole = join_groups(groups.cluster, frame.get("group"))
    kept = frame.assign(cluster=_name_clusters(frame, whole))[stays].reset_index(drop=True)
    columns = ["cluster", "id", "label", "kept", "text"]
    return Grouped(kept, pd.factorize(whole[stays])[0], conflicts[columns], report)


def _assign(rows: pd.DataFrame, clusters: Any, section: Split) -> Any:
    """The part of each row, 0 to 2, and the fold of those outside test."""
    shares = (1 - section.test_share - section.validation_share, section.validation_share)
    if section.method == "time":
        if "time" not in rows or rows["time"].isna().any():
            raise DataError(
                "split.method: time needs a time in every row: set ingest.columns.time, "
                "or split.method to stratified"
            )
        return assign_by_time(rows["time"], clusters, (*shares, section.test_share)), None
    if not section.folds:
        every = (*shares, section.test_share)
        return assign_stratified(rows["label"], clusters, every, section.seed), None
    outer = (1 - section.test_share, section.test_share)
    test = assign_stratified(rows["label"], clusters, outer, section.seed) == 1
    inner = pd.factorize(clusters[~test])[0]
    folds = np.full(len(rows), DROPPED)
    folds[~test] = assign_folds(rows["label"][~test], inner, section.folds, section.seed)
    return np.where(test, 2, np.where(folds == section.fold, 1, 0)), folds


def part_rows(grouped: Grouped, section: Split) -> dict[str, pd.DataFrame]:
    """Part the rows; every part has every label, or a `DataError` says what is missing."""
    needed = section.folds + 1 if section.folds else len(PARTS)
    check_enough(grouped.rows["label"], grouped.clusters, needed)
    places, folds = _assign(grouped.rows, grouped.clusters, section)
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
    grouped = group_rows(read_parquet(rows), section)
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
