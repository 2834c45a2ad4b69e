"""Everything that a report tells, gathered once for HTML, Markdown and figures alike.

In: checked facts of all stages and their tables. Out: one frozen value, and tables derived from it.
It stops at values: words are in templates, drawings in `sluice.reporting.plots`.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sluice.errors import DataError
from sluice.reporting.behaviour import Behaviour, Shortcuts
from sluice.reporting.calibration import Calibration
from sluice.reporting.explanations import Reasons
from sluice.reporting.facts import ADVICE
from sluice.reporting.folds import Folds
from sluice.reporting.origins import Augmentation, Leaks, Provenance
from sluice.reporting.pairs import Pairs
from sluice.reporting.scores import Evaluation, Training
from sluice.reporting.slices import Slices
from sluice.reporting.suspects import Doubts
from sluice.reporting.traces import Traces

SPLITS = ("train", "validation", "test")
CURVES = (
    "train_loss",
    "validation_loss",
    "train_accuracy",
    "validation_accuracy",
)


@dataclass(frozen=True)
class Version:
    """A file or a section of params.yaml, its SHA-256, and the section's values as JSON."""

    name: str
    sha256: str
    values: str = ""


@dataclass(frozen=True)
class Mistake:
    """A test row that the shown candidate took for something else; `loss` is in nats."""

    text: str
    label: str
    predicted: str
    probability: float
    loss: float


@dataclass(frozen=True)
class Contents:
    """What the report tells; mappings are by candidate key, `lengths` by split in tokens."""

    title: str
    provenance: Provenance
    leaks: Leaks
    augmentation: Augmentation
    evaluation: Evaluation
    training: Mapping[str, Training]
    curves: Mapping[str, pd.DataFrame]
    lengths: Mapping[str, pd.Series]
    mistakes: Sequence[Mistake]
    reasons: Reasons
    slices: Slices
    behaviour: Behaviour
    shortcuts: Shortcuts
    pairs: Pairs
    folds: Folds
    calibration: Calibration
    traces: Traces
    intended_use: str
    doubts: Doubts
    data_versions: Sequence[Version]
    params_versions: Sequence[Version]
    few_rows: int


def check_curves(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """See that learning curves have an epoch and nothing but numbers.

    Raises:
        DataError: a column is missing, no epoch, a value that is missing or not finite.
    """
    missing = [name for name in ("epoch", *CURVES) if name not in frame]
    if missing:
        raise DataError(f"{where}: column {missing[0]} is missing: {ADVICE}")
    if frame.empty:
        raise DataError(f"{where} has no epoch, so there is no curve to draw: {ADVICE}")
    for name in ("epoch", *CURVES):
        values = pd.to_numeric(frame[name], errors="coerce")
        broken = [row for row, value in enumerate(values) if not math.isfinite(value)]
        if broken:
            raise DataError(f"{where}: row {broken[0] + 1}: {name} is not a number: {ADVICE}")
    return frame


def pick_mistakes(ranked: pd.DataFrame, limit: int, where: str) -> list[Mistake]:
    """Take the first `limit` rows whose prediction is wrong, in the order of falling loss.

    Raises:
        DataError: a column is missing.
    """
    names = sorted({f"p_{label}" for label in ranked.get("predicted", [])})
    missing = [
        name for name in ("text", "label", "predicted", "loss", *names) if name not in ranked
    ]
    if missing:
        raise DataError(f"{where}: column {missing[0]} is missing: {ADVICE}")
    wrong = ranked[ranked["label"] != ranked["predicted"]].head(limit)
    return [
        Mistake(
            row["text"], row["label"], row["predicted"], row[f"p_{row['predicted']}"], row["loss"]
        )
        for row in wrong.to_dict("records")
    ]


def hash_sections(params: Mapping[str, Any]) -> list[Version]:
    """Give each section's SHA-256 over its canonical JSON (sorted keys, no spaces, UTF-8)."""
    versions = []
    for name, section in params.items():
        canonical = json.dumps(section, sort_keys=True, separators=(",", ":"), default=str)
        shown = json.dumps(section, indent=2, ensure_ascii=False, default=str)
        versions.append(Version(name, hashlib.sha256(canonical.encode()).hexdigest(), shown))
    return versions


def check_same_run(contents: Contents) -> Contents:
    """See that the files belong to one run: labels and test rows agree.

    Raises:
        DataError: they do not.
    """
    evaluation, rows = contents.evaluation, len(contents.lengths["test"])
    for name, found in (
        ("pairs", contents.pairs.verdicts),
        ("calibration", contents.calibration.models),
    ):
        if set(found) != set(evaluation.models):
            raise DataError(f"{name}.json and evaluation.json differ in candidates: {ADVICE}")
    asked = set(contents.behaviour.models) or set(evaluation.models)
    if not set(evaluation.models) == asked == set(contents.shortcuts.models):
        raise DataError(
            f"behaviour.json, shortcuts.json and evaluation.json differ in candidates: {ADVICE}"
        )
    if contents.reasons.model != evaluation.selected:
        raise DataError(f"explanations.json is not of the selected model: {ADVICE}")
    if evaluation.labels != contents.provenance.labels:
        raise DataError(f"evaluation.json and provenance.json differ in labels: {ADVICE}")
    if not evaluation.rows == rows == contents.leaks.rows.test:
        raise DataError(
            f"evaluation.json has {evaluation.rows} test rows, test.parquet {rows} and leaks.json "
            f"{contents.leaks.rows.test}: {ADVICE}"
        )
    return contents
