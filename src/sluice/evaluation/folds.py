"""Cross-validated scores: each row outside test judged once by models that never met its fold.

In: predictions for held-out folds by candidate, seed and fold. Out: means, each with the intervals
over folds, over seeds and over rows. It stops at plain values; no test row comes near.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from sluice.evaluation.candidates import Terms
from sluice.evaluation.comparison import MAIN, seed_interval
from sluice.evaluation.intervals import Interval, bootstrap_sums, percentile_interval
from sluice.evaluation.metrics import headline_scores, row_columns
from sluice.evaluation.predictions import (
    Floats,
    Integers,
    of_split,
    probabilities_of,
    true_indices,
)


class Run(NamedTuple):
    """One training: which candidate, with which seed, and the fold that was held out."""

    kind: str
    name: str
    seed: int | None
    fold: int


class Fold(NamedTuple):
    """A fold's held-out rows: the number of each row's group, and the rows trained on beside."""

    groups: Integers
    trained: int


class Scores(NamedTuple):
    """Macro-F1 of one candidate.

    `test` and `validation` are (seeds, folds); `samples` are bootstrap resamples of the held-out
    rows, (resamples, folds), each the mean over seeds.
    """

    kind: str
    validation: Floats
    test: Floats
    samples: Floats


def corrected_interval(values: Sequence[float], ratio: float, confidence: float) -> Interval:
    """Give the corrected resampled t interval of a mean over K folds.

    mean ± t(K - 1) * s * sqrt(1 / K + ratio), by Nadeau & Bengio 2003, "Inference for the
    Generalization Error", equation 8. The plain t interval, with 1 / K alone, is too short: the
    training sets of two folds share most of their rows, so the folds' scores are not independent.

    Args:
        values: a score, or a difference, of each fold, (folds,); two at least.
        ratio: rows held out over rows trained on.
        confidence: of the interval.
    """
    count = len(values)
    spread = float(np.std(values, ddof=1)) * float(np.sqrt(1.0 / count + ratio))
    reach = float(t.ppf((1.0 + confidence) / 2.0, count - 1)) * spread
    mean = float(np.mean(values))
    return Interval(mean - reach, mean + reach)


def _columns(frame: pd.DataFrame, split: str, terms: Terms) -> Floats:
    rows = of_split(frame, split)
    true = true_indices(rows, terms.label_names)
    return row_columns(true, probabilities_of(rows, terms.label_names), None)


def _score(sums: Floats, terms: Terms) -> Any:
    return headline_scores(sums, len(terms.label_names))[MAIN]


def _judge_fold(
    runs: Sequence[Run],
    predictions: Mapping[Run, pd.DataFrame],
    fold: Fold,
    number: int,
    terms: Terms,
) -> dict[Run, tuple[float, float, Floats]]:
    """Validation and held-out macro-F1 of all runs of a fold, and resamples paired among them."""
    held = [_columns(predictions[run], "test", terms) for run in runs]
    draw = terms.bootstrap
    sums = bootstrap_sums(np.hstack(held), fold.groups, draw.resamples, draw.seed + number)
    found = {}
    for run, columns, drawn in zip(runs, held, np.split(sums, len(runs), axis=1), strict=True):
        validation = _columns(predictions[run], "validation", terms).sum(axis=0)
        found[run] = (
            float(_score(validation, terms)),
            float(_score(columns.sum(axis=0), terms)),
            _score(drawn, terms),
        )
    return found


def judge_folds(
    predictions: Mapping[Run, pd.DataFrame], folds: Mapping[int, Fold], terms: Terms
) -> dict[str, Scores]:
    """Score every candidate on every fold, by name.

    The bootstrap draws groups of rows within each fold, the same for all candidates, so that
    differences are paired; see `bootstrap_sums`.

    Args:
        predictions: by run; those of a fold have the same rows in the same order.
        folds: by number.
        terms: labels and how to draw.
    """
    found: dict[Run, tuple[float, float, Floats]] = {}
    for number, fold in folds.items():
        runs = [run for run in predictions if run.fold == number]
        found |= _judge_fold(runs, predictions, fold, number, terms)
    scores = {}
    for kind, name in dict.fromkeys((run.kind, run.name) for run in predictions):
        seeds = list(dict.fromkeys(run.seed for run in predictions if run.name == name))
        table = [[found[Run(kind, name, seed, fold)] for fold in folds] for seed in seeds]
        samples = np.stack([np.stack([one[2] for one in row], axis=1) for row in table])
        scores[name] = Scores(
            kind,
            np.array([[one[0] for one in row] for row in table]),
            np.array([[one[1] for one in row] for row in table]),
            samples.mean(axis=0),
        )
    return scores


def _by_intervals(
    values: Floats, samples: Floats, ratio: float, confidence: float
) -> dict[str, Any]:
    """Mean of (seeds, folds) with all its intervals; `samples` are (resamples, folds)."""
    by_fold = values.mean(axis=0)
    rows = percentile_interval(samples.mean(axis=1), confidence)
    found: dict[str, Any] = {
        "mean": float(values.mean()),
        "by_fold": by_fold.tolist(),
        "over_folds": corrected_interval(by_fold.tolist(), ratio, confidence)._asdict(),
        "over_rows": rows._asdict(),
    }
    if len(values) > 1:
        by_seed = values.mean(axis=1).tolist()
        found["over_seeds"] = seed_interval(by_seed, confidence)._asdict()
    return found


def _difference(first: Scores, second: Scores, ratio: float, confidence: float) -> dict[str, Any]:
    """First minus second. Seeds of two networks are paired; a baseline stands beside each seed."""
    seeds = {len(first.test), len(second.test)}
    paired = len(seeds) == 1 or 1 in seeds
    values = (
        first.test - second.test
        if paired
        else (first.test.mean(axis=0, keepdims=True) - second.test.mean(axis=0, keepdims=True))
    )
    found = _by_intervals(values, first.samples - second.samples, ratio, confidence)
    return found | {"folds_above": int((np.array(found["by_fold"]) > 0).sum())}


def _best(scores: Mapping[str, Scores], kind: str) -> str | None:
    """The candidate with the best mean on the validation folds; of equals the first."""
    means = {name: one.validation.mean() for name, one in scores.items() if one.kind == kind}
    return max(means, key=lambda name: means[name]) if means else None


def summarise_folds(
    scores: Mapping[str, Scores], folds: Mapping[int, Fold], terms: Terms
) -> dict[str, Any]:
    """Put what the folds say into one JSON-ready value.

    For each candidate the mean macro-F1 over folds (and seeds) with three intervals, which answer
    three questions: `over_folds`, other training rows (`corrected_interval`); `over_seeds`, other
    trainings on the same rows (`seed_interval`); `over_rows`, other rows to judge on (bootstrap).
    `selected` and `best_baseline` are picked on the validation folds, never on those held out.
    """
    confidence = terms.bootstrap.confidence
    ratio = float(np.mean([len(fold.groups) / fold.trained for fold in folds.values()]))
    selected, baseline = _best(scores, "model"), _best(scores, "baseline")
    summary: dict[str, Any] = {
        "folds": list(folds),
        "rows": int(sum(len(fold.groups) for fold in folds.values())),
        "confidence": confidence,
        "selected": selected,
        "best_baseline": baseline,
        "models": {},
    }
    for name, one in scores.items():
        found = _by_intervals(one.test, one.samples, ratio, confidence)
        found |= {"kind": one.kind, "seeds": len(one.test)}
        found["validation"] = float(one.validation.mean())
        if baseline is not None and name != baseline:
            found["against_baseline"] = _difference(one, scores[baseline], ratio, confidence)
        summary["models"][name] = found
    return summary


def tabulate_folds(summary: Mapping[str, Any]) -> pd.DataFrame:
    """Put the summary into one row for each candidate and fold, for plots and other tools."""
    columns = ["name", "kind", "fold", MAIN]
    rows = [
        (name, one["kind"], fold, score)
        for name, one in summary["models"].items()
        for fold, score in zip(summary["folds"], one["by_fold"], strict=True)
    ]
    return pd.DataFrame(rows, columns=columns)
