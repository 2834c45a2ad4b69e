"""What hiding label words and hashtags costs a model on the test rows.

In: judged candidates and their answers to the masked rows. Out: macro-F1 before and after, and the
drop with its paired interval. Which words are hidden is decided in `sluice.evaluation.masking`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sluice.evaluation.candidates import Judged, Terms
from sluice.evaluation.intervals import bootstrap_each, percentile_interval
from sluice.evaluation.metrics import headline_scores, row_columns
from sluice.evaluation.predictions import (
    Floats,
    Integers,
    of_split,
    probabilities_of,
    true_indices,
)


def _masked(test: pd.DataFrame, rows: pd.Series, answers: Floats, terms: Terms) -> Floats:
    """Probabilities of the test rows, (rows, labels), with the masked ones in their places."""
    probabilities = probabilities_of(test, terms.label_names).copy()
    probabilities[pd.Index(test["id"]).get_indexer(pd.Index(rows))] = answers
    return probabilities


def judge_shortcuts(
    judged: Sequence[Judged],
    rows: pd.Series,
    answers: Mapping[str, Floats],
    groups: Integers,
    terms: Terms,
) -> dict[str, Any]:
    """Score every candidate on the same test rows with the masked ones in their places.

    The resamples are those that the candidates were judged on, so the drop is paired by row
    (Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapter 8).

    Args:
        judged: candidates with their bootstrap samples, drawn by `terms`.
        rows: ids of the test rows that masking changes, (masked,).
        answers: probabilities of the masked texts by candidate, (masked, labels) each.
        groups: number of each test row's group, (test rows,).
        terms: labels and how to draw.
    """
    classes, draw = len(terms.label_names), terms.bootstrap
    tests = [of_split(one.candidate.predictions, "test") for one in judged]
    true = true_indices(tests[0], terms.label_names)
    said = [
        _masked(test, rows, answers[one.candidate.key], terms)
        for one, test in zip(judged, tests, strict=True)
    ]
    columns = [row_columns(true, values, None) for values in said]
    drawn = bootstrap_each(columns, groups, draw.resamples, draw.seed)
    found = {}
    for one, test, values, own, sums in zip(judged, tests, said, columns, drawn, strict=True):
        masked = float(headline_scores(own.sum(axis=0), classes)["macro_f1"])
        lost = one.samples["macro_f1"] - headline_scores(sums, classes)["macro_f1"]
        before = probabilities_of(test, terms.label_names).argmax(axis=1)
        found[one.candidate.key] = {
            "macro_f1": one.test["macro_f1"],
            "masked_macro_f1": masked,
            "drop": {
                "value": one.test["macro_f1"] - masked,
                **percentile_interval(lost, draw.confidence)._asdict(),
            },
            "changed_decisions": int((before != values.argmax(axis=1)).sum()),
        }
    return found
