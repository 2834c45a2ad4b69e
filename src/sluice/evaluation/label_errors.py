"""Rows whose given label is probably wrong, by confident learning.

In: given labels and out-of-fold probabilities. Out: suspects by falling doubt, and how often which
label seems to stand for which. It stops at suspicion: nothing is changed, people decide.

Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels",
JAIR 70, with its notation: thresholds t_j (equation 2), the confident joint C (equation 1), its
calibration to the joint Q (equation 3), suspects where C is off its diagonal, ranked by margin.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, PositiveFloat

from sluice.params import Section

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

UNSURE = -1
"""The confident label of a row that reaches no label's threshold."""


class LabelErrorParams(Section):
    """How suspect labels are looked for among the training rows."""

    folds: int = Field(default=5, ge=2, le=20)
    """Folds of whole clusters; each row is judged by a model that saw no row like it."""
    c: PositiveFloat = 1.0
    """Inverse strength of the L2 penalty of the logistic regression that judges."""
    min_rows: int = Field(default=2, ge=1)
    """An n-gram in fewer training rows than this is no feature."""
    seed: int = Field(default=0, ge=0)
    """Seed of the folds."""
    top: int = Field(default=30, ge=0, le=1000)
    """How many suspects the report shows with their texts."""


def find_thresholds(labels: Integers, probabilities: Floats) -> Floats:
    """Mean probability of each label over the rows that are given it, (labels,).

    A label that no row is given has an infinite threshold: no row is confidently of it.
    """
    classes = probabilities.shape[1]
    given = probabilities[np.arange(len(labels)), labels]
    rows = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, weights=given, minlength=classes)
    return np.where(rows > 0, sums / np.maximum(rows, 1), np.inf)


def confident_labels(labels: Integers, probabilities: Floats) -> Integers:
    """The most probable of the labels whose threshold a row reaches, or `UNSURE`, (rows,)."""
    # Sums of equal numbers must not miss the threshold that is their mean.
    reached = probabilities >= find_thresholds(labels, probabilities) - 1e-12
    best = np.where(reached, probabilities, -1.0).argmax(axis=1).astype(np.int64)
    return np.where(reached.any(axis=1), best, UNSURE)


def count_joint(labels: Integers, confident: Integers, classes: int) -> Integers:
    """Rows by given label and confident label, (labels, labels)."""
    sure = confident != UNSURE
    cells = labels[sure] * classes + confident[sure]
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def calibrate_joint(counts: Integers, labels: Integers) -> Floats:
    """Estimate the joint distribution of given and true labels, (labels, labels), sum 1.

    Each given label gets back its own share of the rows; one without a confident row is taken to
    be right.
    """
    classes = len(counts)
    rows = np.bincount(labels, minlength=classes).astype(np.float64)
    totals = counts.sum(axis=1)
    known = np.where(totals[:, None] > 0, counts, np.eye(classes))
    shares = known / known.sum(axis=1, keepdims=True)
    joint: Floats = shares * (rows / rows.sum())[:, None]
    return joint


def find_suspects(labels: Integers, probabilities: Floats) -> pd.DataFrame:
    """Rows that are confidently of another, more probable label than the given one.

    These are the ones that cleanlab's `confident_learning` finds.

    Args:
        labels: given labels, (rows,).
        probabilities: out of fold, (rows, labels).

    Returns:
        `row` (position), `suggested` (label number), `margin`: probability of the given label
        minus that of the suggested one, negative; the lowest, the most doubtful, come first.
    """
    confident = confident_labels(labels, probabilities)
    rows = np.flatnonzero((confident != UNSURE) & (confident != labels))
    suggested = confident[rows]
    margin = probabilities[rows, labels[rows]] - probabilities[rows, suggested]
    frame = pd.DataFrame({"row": rows, "suggested": suggested, "margin": margin})
    frame = frame[frame["margin"] < 0]
    return frame.sort_values("margin", kind="stable", ignore_index=True)


def tabulate_suspects(
    rows: pd.DataFrame, labels: Integers, probabilities: Floats, label_names: Sequence[str]
) -> pd.DataFrame:
    """Give every suspect its id, given and suggested label, both probabilities and text."""
    found = find_suspects(labels, probabilities)
    place, suggested = found["row"].to_numpy(), found["suggested"].to_numpy()
    names = np.array(label_names, dtype=object)
    taken = rows.iloc[place].reset_index(drop=True)
    return pd.DataFrame(
        {
            "id": taken["id"],
            "given": names[labels[place]],
            "suggested": names[suggested],
            "margin": found["margin"],
            "p_given": probabilities[place, labels[place]],
            "p_suggested": probabilities[place, suggested],
            "text": taken["text"],
        }
    )


def describe_suspects(
    suspects: pd.DataFrame,
    labels: Integers,
    probabilities: Floats,
    label_names: Sequence[str],
    params: LabelErrorParams,
) -> dict[str, Any]:
    """Say how many labels are suspect, which stand for which, and name the top ones by id."""
    classes = len(label_names)
    counts = count_joint(labels, confident_labels(labels, probabilities), classes)
    joint = calibrate_joint(counts, labels)
    columns = ["id", "given", "suggested", "margin"]
    return {
        "rows": len(labels),
        "suspects": len(suspects),
        "estimated_share": round(float(1.0 - np.trace(joint)), 6),
        "accuracy": round(float((probabilities.argmax(axis=1) == labels).mean()), 6),
        "folds": params.folds,
        "labels": list(label_names),
        "joint": counts.tolist(),
        "top": suspects[columns].round({"margin": 6}).head(params.top).to_dict("records"),
    }
