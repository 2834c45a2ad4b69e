"""The finished run that the gate judges: what `evaluate` and the stages before it have written.

In: a project's folder. Out: a `Run`, every file of which is the one that dvc.lock names. No
statistic is computed here: figures are read where the evaluation has put them.
"""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field

from sluice.errors import DataError
from sluice.evaluation.answers import check_answers
from sluice.evaluation.calibration import CalibrationParams
from sluice.evaluation.candidates import BootstrapParams, Candidate, Terms
from sluice.evaluation.metrics import polarity_values
from sluice.evaluation.predictions import (
    Floats,
    Integers,
    check_predictions,
    check_same_rows,
    of_split,
)
from sluice.evaluation.probes import BEHAVIOUR
from sluice.evaluation.slices import SliceParams
from sluice.files import read_json, read_parquet
from sluice.params import read_part
from sluice.registry.decisions import Stored
from sluice.registry.origin import check_current

MODEL_FILES = ("config.json", "model.safetensors", "vocabulary.json")
METRICS = ("evaluation", "calibration", "behaviour")
TABLES = ("data/split/validation.parquet", "data/split/test.parquet")
PROBES = "data/probes/probes.parquet"
PROVENANCE = "data/raw/provenance.json"


class Rules(BaseModel):
    """The keys of section `evaluate` by which the run was judged (decision 5)."""

    polarity: dict[str, float] | None = None
    bootstrap: BootstrapParams = Field(default_factory=BootstrapParams)
    calibration: CalibrationParams = Field(default_factory=CalibrationParams)
    slices: SliceParams = Field(default_factory=SliceParams)
    fairness_columns: tuple[str, ...] = ()


class Run(NamedTuple):
    """A finished run and its selected model, the challenger."""

    challenger: Candidate
    folder: str
    """Where the challenger's files lie, relative to the project."""
    files: dict[str, Stored]
    evaluation: dict[str, Any]
    """reports/metrics/evaluation.json."""
    calibration: dict[str, Any]
    """reports/metrics/calibration.json."""
    behaviour: dict[str, Any]
    """reports/metrics/behaviour.json."""
    rules: Rules
    terms: Terms
    declared: tuple[str, ...]
    """Slice columns of `ingest.slices`."""
    parts: dict[str, pd.DataFrame]
    """Rows by split: validation, test."""
    probes: pd.DataFrame
    """Questions of the behaviour tests."""
    answers: Floats
    """What the challenger said to them, (questions, labels)."""
    groups: Integers
    """Number of each test row's group, (rows,)."""


def describe_files(folder: Path) -> dict[str, Stored]:
    """Size and SHA-256 of each of a model's files.

    Raises:
        DataError: one is missing.
    """
    found = {}
    for name in MODEL_FILES:
        path = folder / name
        if not path.is_file():
            raise DataError(f"{path} is missing: run the stage that writes it (dvc repro)")
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        found[name] = Stored(sha256=digest, bytes=path.stat().st_size)
    return found


def _read_challenger(root: Path, evaluation: dict[str, Any], labels: tuple[str, ...]) -> Candidate:
    key = evaluation["selected"]
    if key is None:
        raise DataError("reports/metrics/evaluation.json selects no model: see train.models")
    one = evaluation["models"][key]
    path = root / f"reports/predictions/{key}.parquet"
    predictions = check_predictions(read_parquet(path), labels, str(path))
    return Candidate("model", one["name"], one["seed"], predictions)


def _groups(test: pd.DataFrame, rules: Rules, where: Path) -> Integers:
    if rules.bootstrap.unit == "rows":
        return np.arange(len(test))
    if "cluster" not in test:
        raise DataError(f"{where} has no column cluster: run dvc repro split")
    return pd.factorize(test["cluster"])[0].astype(np.int64)


def _read_probes(root: Path, key: str, labels: tuple[str, ...]) -> tuple[pd.DataFrame, Floats]:
    """The questions of the behaviour tests, and a candidate's answers to them."""
    rows, path = read_parquet(root / PROBES), root / f"reports/probes/{key}.parquet"
    said = check_answers(read_parquet(path), rows["id"], labels, str(path))
    asked = (rows["kind"] == BEHAVIOUR).to_numpy()
    return rows[asked].reset_index(drop=True), said[asked]


def _paths(challenger: Candidate, folder: str) -> list[str]:
    found = [f"reports/metrics/{name}.json" for name in METRICS]
    found += [f"reports/{kind}/{challenger.key}.parquet" for kind in ("predictions", "probes")]
    found += [PROVENANCE, *TABLES, PROBES]
    return found + [f"{folder}/{name}" for name in MODEL_FILES]


def _assemble(root: Path, params: Path) -> Run:
    evaluation, calibration, behaviour = (
        read_json(root / f"reports/metrics/{name}.json") for name in METRICS
    )
    facts, rules = read_json(root / PROVENANCE), read_part(params, "evaluate", Rules)
    labels = tuple(facts["labels"])
    challenger = _read_challenger(root, evaluation, labels)
    folder = f"models/{challenger.name}/{challenger.seed}"
    parts = {Path(name).stem: read_parquet(root / name) for name in TABLES}
    for split, rows in parts.items():
        where = f"reports/predictions/{challenger.key}.parquet ({split} rows)"
        check_same_rows(of_split(challenger.predictions, split), rows, where)
    files = describe_files(root / folder)
    check_current(root, _paths(challenger, folder))
    return Run(
        challenger,
        folder,
        files,
        evaluation,
        calibration["models"][challenger.key],
        behaviour,
        rules,
        Terms(labels, polarity_values(rules.polarity, labels), rules.bootstrap),
        tuple(facts.get("slices", [])),
        parts,
        *_read_probes(root, challenger.key, labels),
        _groups(parts["test"], rules, root / TABLES[1]),
    )


def read_run(root: Path, params: Path) -> Run:
    """Read the run in a project's folder.

    Raises:
        SourceError: a file is missing or broken.
        DataError: no model was selected, a file is of another form, or is not that of dvc.lock.
    """
    try:
        return _assemble(root, params)
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(f"{root / 'reports/metrics'} is of another form: run dvc repro") from error
