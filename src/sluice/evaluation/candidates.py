"""Models and baselines, each judged on exactly the same rows and the same resamples of them.

In: checked predictions of all candidates. Out: one `Judged` for each, with its bootstrap samples.
It stops at single candidates: choosing and differences are in `sluice.evaluation.comparison`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from pydantic import Field

from sluice.errors import DataError
from sluice.evaluation.intervals import bootstrap_each
from sluice.evaluation.metrics import class_scores, confusion_of, headline_scores, row_columns
from sluice.evaluation.predictions import (
    Floats,
    Integers,
    of_split,
    probabilities_of,
    true_indices,
)
from sluice.params import Section


class BootstrapParams(Section):
    """How intervals are drawn."""

    resamples: int = Field(default=2000, ge=100)
    """Bootstrap resamples of the test rows."""
    confidence: float = Field(default=0.95, gt=0.0, lt=1.0)
    """Share of the resamples that an interval holds."""
    unit: Literal["clusters", "rows"] = "clusters"
    """What is drawn: groups of near duplicates (column `cluster`), or single rows."""
    seed: int = Field(default=0, ge=0)
    """Seed of the drawing."""


def candidate_key(name: str, seed: int | None) -> str:
    """Name and, where there is one, seed: what files and tables call a candidate."""
    return name if seed is None else f"{name}-{seed}"


@dataclass(frozen=True)
class Candidate:
    """A model or a baseline with its predictions, validation and test."""

    kind: Literal["model", "baseline"]
    name: str
    seed: int | None
    predictions: pd.DataFrame

    @property
    def key(self) -> str:
        """See `candidate_key`."""
        return candidate_key(self.name, self.seed)


@dataclass(frozen=True)
class Judged:
    """What is known of a candidate; `samples` are test scores by resample, (resamples,) each."""

    candidate: Candidate
    validation: dict[str, float]
    test: dict[str, float]
    samples: dict[str, Floats]
    by_class: dict[str, dict[str, float]]
    confusion: list[list[int]]


@dataclass(frozen=True)
class Terms:
    """On what terms all candidates are judged."""

    label_names: tuple[str, ...]
    polarity: Floats | None
    bootstrap: BootstrapParams


def check_labels_present(frame: pd.DataFrame, label_names: Sequence[str], where: str) -> None:
    """See that every label is there: macro-F1 over a label without rows means nothing.

    Raises:
        DataError: a label has no row.
    """
    missing = [name for name in label_names if not (frame["label"] == name).any()]
    if missing:
        raise DataError(
            f"{where} has no row with the label {', '.join(missing)}: its precision, recall and F1 "
            "are undefined; give section split larger shares, or drop the label from ingest.labels"
        )


def _columns(frame: pd.DataFrame, terms: Terms) -> Floats:
    true = true_indices(frame, terms.label_names)
    return row_columns(true, probabilities_of(frame, terms.label_names), terms.polarity)


def _scores(sums: Floats, classes: int) -> dict[str, float]:
    return {name: float(value) for name, value in headline_scores(sums, classes).items()}


def _by_class(confusion: Floats, label_names: Sequence[str]) -> dict[str, dict[str, float]]:
    scores = class_scores(confusion)
    return {
        label: {name: float(values[place]) for name, values in scores.items()}
        for place, label in enumerate(label_names)
    }


def judge(candidates: Sequence[Candidate], groups: Integers, terms: Terms) -> list[Judged]:
    """Judge all candidates on the same rows and, for intervals, on the same resamples.

    Args:
        candidates: their predictions have the same rows in the same order.
        groups: number of each test row's group, from 0 without gaps, (test rows,).
        terms: labels, polarity values and how to draw.
    """
    classes, draw = len(terms.label_names), terms.bootstrap
    tests = [_columns(of_split(one.predictions, "test"), terms) for one in candidates]
    drawn = bootstrap_each(tests, groups, draw.resamples, draw.seed)
    judged = []
    for one, test, sums in zip(candidates, tests, drawn, strict=True):
        validation = _columns(of_split(one.predictions, "validation"), terms).sum(axis=0)
        total = test.sum(axis=0)
        confusion = confusion_of(total, classes)
        judged.append(
            Judged(
                candidate=one,
                validation=_scores(validation, classes),
                test=_scores(total, classes),
                samples=headline_scores(sums, classes),
                by_class=_by_class(confusion, terms.label_names),
                confusion=confusion.astype(int).tolist(),
            )
        )
    return judged
