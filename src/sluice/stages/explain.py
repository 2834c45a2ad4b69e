"""Explain: stored models and ranked test rows in, what each word added to the worst errors out.

It explains the answers of the model that `evaluate` selected, by the stored model itself. Nothing
is scored here; how words are coloured is the report's.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel

from sluice.command import run_stage
from sluice.errors import DataError
from sluice.explain_settings import Explain
from sluice.files import read_json, read_parquet, staged, write_json
from sluice.params import read_section
from sluice.serving.explain import explain_text
from sluice.serving.explanation import MOST_WORDS, Explanation
from sluice.serving.model import Model, load_model
from sluice.temperature import apply_temperature, scores_of

DIGITS = 4
TOLERANCE = 0.01
"""How far a probability may move by the order of sums."""


class Candidate(BaseModel):
    """Where a candidate of evaluation.json is stored."""

    name: str
    seed: int


def _check_same_answer(row: dict[str, Any], found: Explanation, model: Model, where: Path) -> None:
    """See that the stored model still gives the probability that evaluate ranked the row by.

    Raises:
        DataError: it does not.
    """
    if len(found.words) == MOST_WORDS:
        return  # the rest of the text is not explained, so its probability is another one
    labels = model.config.labels
    lost = [label for label in labels if f"p_{label}" not in row]
    if not lost:
        given = np.array([[row[f"p_{label}"] for label in labels]])
        expected = apply_temperature(scores_of(given), model.config.temperature)[0]
        if abs(expected[labels.index(found.label)] - found.probability) <= TOLERANCE:
            return
    raise DataError(
        f"{where}: the row {row['id']!r} was predicted by another model than the stored one: "
        "run train and evaluate again (dvc repro)"
    )


def _describe(row: dict[str, Any], found: Explanation) -> dict[str, Any]:
    return {
        "id": row["id"],
        "label": row["label"],
        "predicted": row["predicted"],
        "words": found.words,
        "parts": [round(part, DIGITS) + 0.0 for part in found.parts],
        "logit": round(found.logit, DIGITS),
        "empty": round(found.empty, DIGITS),
    }


def _explain_rows(wrong: pd.DataFrame, folder: Path, where: Path) -> list[dict[str, Any]]:
    """Explain why each row was given the label that it was given, in the order of the rows."""
    if wrong.empty:
        return []
    torch.set_num_threads(1)  # sums in one order
    model = load_model(folder)
    described = []
    for record in wrong.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        found = explain_text(model, row["text"], row["predicted"])
        _check_same_answer(row, found, model, where)
        described.append(_describe(row, found))
    return described


def explain(
    models: Path,
    evaluation: Path,
    errors: Path,
    explanations: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Explain the worst errors of the selected model; no row where no model was selected."""
    section = read_section(params, "explain", Explain)
    facts = read_json(evaluation)
    selected = facts["selected"]
    rows: list[dict[str, Any]] = []
    if selected is not None:
        candidate = Candidate.model_validate(facts["models"][selected])
        ranked = read_parquet(errors)
        wrong = ranked[ranked["label"] != ranked["predicted"]].head(section.errors)
        folder = models / candidate.name / str(candidate.seed)
        rows = _explain_rows(wrong, folder, errors)
    with staged(explanations) as (part,):
        write_json({"model": selected, "rows": rows}, part)


if __name__ == "__main__":
    run_stage(explain)
