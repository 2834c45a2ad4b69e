"""Baseline: the rows of a split in, the predictions of one simple model out.

Beside them what was picked on validation and (in a file of its own) the seconds. It compares
nothing: that is `evaluate`.
"""

import time
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import field_validator

from sluice.command import run_stage
from sluice.errors import DataError
from sluice.evaluation.answers import answer_frame
from sluice.evaluation.metrics import headline_scores, row_columns
from sluice.evaluation.predictions import (
    Floats,
    of_split,
    prediction_frame,
    probabilities_of,
    temperature_of,
    true_indices,
)
from sluice.files import read_json, read_parquet, staged, write_json, write_parquet
from sluice.models.baselines import BASELINES, run_baseline
from sluice.models.linear import LinearParams
from sluice.models.outcomes import Outcome, Tables
from sluice.params import read_section


class Baseline(LinearParams):
    """Section `baseline` of params.yaml."""

    names: tuple[str, ...] = ()
    """Baselines to run: majority, vader, tfidf_svm, tfidf_logreg."""

    @field_validator("names")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in BASELINES]
        if unknown:
            raise ValueError(
                f"unknown baseline {', '.join(unknown)}; valid: {', '.join(BASELINES)}"
            )
        return names


def _read_part(path: Path, label_names: tuple[str, ...]) -> pd.DataFrame:
    frame = read_parquet(path)
    if frame.empty:
        raise DataError(f"{path} has no rows: check the shares of section split")
    unknown = ~frame["label"].isin(label_names)
    if unknown.any():
        row = int(unknown.to_numpy().argmax())
        raise DataError(
            f"{path}: row {row + 1} has the unknown label {frame['label'].iloc[row]!r}; "
            f"labels: {', '.join(label_names)}"
        )
    return frame


def _predictions(tables: Tables, outcome: Outcome) -> pd.DataFrame:
    parts: list[tuple[str, pd.DataFrame, Floats]] = [
        ("validation", tables.validation, outcome.validation),
        ("test", tables.test, outcome.test),
    ]
    frames = [
        prediction_frame(part["id"], split, part["label"], probabilities, tables.label_names)
        for split, part, probabilities in parts
    ]
    return pd.concat(frames, ignore_index=True)


def _metrics(tables: Tables, outcome: Outcome, predictions: pd.DataFrame) -> dict[str, Any]:
    names = tables.label_names
    rows = of_split(predictions, "validation")
    columns = row_columns(true_indices(rows, names), probabilities_of(rows, names), None)
    scores = headline_scores(columns.sum(axis=0), len(names))
    return outcome.facts | {
        "calibration_temperature": temperature_of(predictions, names),
        "train_rows": len(tables.train),
        "validation_accuracy": float(scores["accuracy"]),
        "validation_loss": float(scores["log_loss"]),
        "validation_macro_f1": float(scores["macro_f1"]),
    }


def baseline(
    name: str,
    augmented: Path,
    validation: Path,
    test: Path,
    provenance: Path,
    probes: Path,
    predictions: Path,
    metrics: Path,
    timing: Path,
    answers: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Fit the baseline NAME and predict validation rows, test rows and probes with it."""
    section = read_section(params, "baseline", Baseline)
    label_names = tuple(read_json(provenance)["labels"])
    rows, validation_rows, test_rows = (
        _read_part(path, label_names) for path in (augmented, validation, test)
    )
    questions = read_parquet(probes, ["id", "text", "cleaned"])
    # A baseline only predicts the test rows, so texts without a label may stand behind them.
    asked = pd.concat([test_rows, questions], ignore_index=True)
    started = time.perf_counter()
    whole = run_baseline(name, Tables(rows, validation_rows, asked, label_names), section)
    seconds = time.perf_counter() - started
    tables = Tables(rows, validation_rows, test_rows, label_names)
    outcome = whole._replace(test=whole.test[: len(test_rows)])
    said = answer_frame(questions["id"], whole.test[len(test_rows) :], label_names)
    predicted = _predictions(tables, outcome)
    with staged(predictions, metrics, timing, answers) as parts:
        write_parquet(predicted, parts[0])
        write_json(_metrics(tables, outcome, predicted), parts[1])
        write_json({"seconds": round(seconds, 3)}, parts[2])
        write_parquet(said, parts[3])


if __name__ == "__main__":
    run_stage(baseline)
