"""Candidates side by side: which one is picked, what lies between two, what seeds change.

In: judged candidates. Out: choices, paired differences, the evaluation as one value and one table.
It stops at plain values and tables: drawing them is in `sluice.reporting`.

The choice is made on validation alone; test rows are looked at once, for all candidates.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from sluice.evaluation.candidates import Judged, Terms
from sluice.evaluation.intervals import Interval, percentile_interval

MAIN = "macro_f1"
COLUMNS = (
    "accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1", "log_loss",
    "polarity_mae", "polarity_mse",
)  # fmt: skip


def pick_best(judged: Iterable[Judged], kind: str) -> Judged | None:
    """Pick the model or baseline with the best macro-F1 on validation; of equals the first.

    A model with several seeds stands with their mean, and of the best model the best seed is
    picked: the best of many seeds would be too good by the luck of the best.
    """
    by_name: dict[str, list[Judged]] = {}
    for one in judged:
        if one.candidate.kind == kind:
            by_name.setdefault(one.candidate.name, []).append(one)
    if not by_name:
        return None
    best = max(by_name.values(), key=lambda runs: np.mean([one.validation[MAIN] for one in runs]))
    return max(best, key=lambda one: one.validation[MAIN])


def compare(first: Judged, second: Judged, confidence: float) -> dict[str, float]:
    """Give the difference first - second in test macro-F1, with its paired bootstrap interval.

    Both are scored on the same resamples (Koehn 2004, "Statistical Significance Tests for Machine
    Translation Evaluation"; Berg-Kirkpatrick et al. 2012).
    """
    low, high = percentile_interval(first.samples[MAIN] - second.samples[MAIN], confidence)
    return {"value": first.test[MAIN] - second.test[MAIN], "low": low, "high": high}


def intervals_of(one: Judged, confidence: float) -> dict[str, dict[str, float]]:
    """Give the bootstrap interval of each headline score on test."""
    return {
        name: percentile_interval(samples, confidence)._asdict()
        for name, samples in one.samples.items()
    }


def seed_interval(values: Sequence[float], confidence: float) -> Interval:
    """Give the interval of the mean over seeds: mean ± t(n - 1) * s / sqrt(n).

    Student 1908, "The Probable Error of a Mean". It says how far the mean would move with other
    seeds on the same rows. Two seeds at least.
    """
    error = float(np.std(values, ddof=1)) / np.sqrt(len(values))
    reach = float(t.ppf((1.0 + confidence) / 2.0, len(values) - 1)) * error
    mean = float(np.mean(values))
    return Interval(mean - reach, mean + reach)


def _over_seeds(runs: Sequence[Judged], confidence: float) -> dict[str, Any]:
    scores: dict[str, Any] = {"seeds": len(runs)}
    for name in runs[0].test:
        values = [one.test[name] for one in runs]
        rows = percentile_interval(np.mean([one.samples[name] for one in runs], axis=0), confidence)
        scores[name] = {"mean": float(np.mean(values)), "over_rows": rows._asdict()}
        if len(runs) > 1:
            scores[name]["spread"] = float(np.std(values, ddof=1))
            scores[name]["over_seeds"] = seed_interval(values, confidence)._asdict()
    return scores


def summarise_seeds(judged: Iterable[Judged], confidence: float) -> dict[str, Any]:
    """Give the mean of each test score over a model's seeds, and two intervals of that mean.

    `over_rows` is the bootstrap interval of the mean, the seeds as they are: what other test rows
    would change. `over_seeds` is the t interval, the rows as they are: what other trainings would
    change; with it stands the sample standard deviation (n - 1), `spread`. One seed has neither.
    """
    by_name: dict[str, list[Judged]] = {}
    for one in judged:
        if one.candidate.kind == "model":
            by_name.setdefault(one.candidate.name, []).append(one)
    return {name: _over_seeds(runs, confidence) for name, runs in by_name.items()}


class Choice(NamedTuple):
    """The model that validation picks, and the baseline that it picks."""

    selected: Judged | None
    best_baseline: Judged | None


def choose(judged: Sequence[Judged]) -> Choice:
    """Pick the best model and the best baseline, each on validation."""
    return Choice(pick_best(judged, "model"), pick_best(judged, "baseline"))


def _differences(one: Judged, choice: Choice, confidence: float) -> dict[str, Any]:
    against = {"baseline": choice.best_baseline, "selected": choice.selected}
    return {
        f"against_{name}": compare(one, other, confidence)
        for name, other in against.items()
        if other is not None and other is not one
    }


def _describe(one: Judged, choice: Choice, confidence: float) -> dict[str, Any]:
    return {
        "kind": one.candidate.kind,
        "name": one.candidate.name,
        "seed": one.candidate.seed,
        "validation": one.validation,
        "test": one.test,
        "intervals": intervals_of(one, confidence),
        "per_class": one.by_class,
        "confusion": one.confusion,
        **_differences(one, choice, confidence),
    }


def summarise(judged: Sequence[Judged], terms: Terms) -> dict[str, Any]:
    """Put everything that was found into one JSON-ready value.

    `models` holds, by key, validation and test scores, test intervals, scores per class, the
    confusion matrix (actual x predicted) and paired differences; `gap` is selected model minus
    best baseline in macro-F1.
    """
    choice, confidence = choose(judged), terms.bootstrap.confidence
    rows = int(np.sum(judged[0].confusion))
    summary: dict[str, Any] = {
        "labels": list(terms.label_names),
        "confidence": confidence,
        "rows": rows,
        "models": {one.candidate.key: _describe(one, choice, confidence) for one in judged},
        "over_seeds": summarise_seeds(judged, confidence),
    }
    for name, found in choice._asdict().items():
        summary[name] = None if found is None else found.candidate.key
    if choice.selected is not None and choice.best_baseline is not None:
        difference = compare(choice.selected, choice.best_baseline, confidence)
        summary["gap"] = {**difference, "rows": rows}
    return summary


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Put the few numbers that people compare from run to run into one flat value.

    The selected model's test scores with their interval, its distance to the best baseline with
    its interval (`gap_*`), and every candidate's test macro-F1 (`of_<key>`).
    """
    shown = summary["selected"] or summary["best_baseline"] or next(iter(summary["models"]))
    model = summary["models"][shown]
    found = {name: model["test"][name] for name in COLUMNS if name in model["test"]}
    found |= {f"{MAIN}_{side}": bound for side, bound in model["intervals"][MAIN].items()}
    found |= {f"validation_{MAIN}": model["validation"][MAIN]}
    gap = summary.get("gap", {})
    found |= {f"gap_{name}": gap[name] for name in ("value", "low", "high") if name in gap}
    scores = {f"of_{key}": one["test"][MAIN] for key, one in summary["models"].items()}
    return {"shown": shown, **found, **scores}


def _seed_columns(seeds: dict[str, Any]) -> dict[str, float | None]:
    """The model's mean over seeds and its t interval, where there are several."""
    found = seeds.get(MAIN, {})
    bounds = found.get("over_seeds", {})
    row = {f"seeds_{MAIN}_mean": found.get("mean") if bounds else None}
    return row | {f"seeds_{MAIN}_{side}": bounds.get(side) for side in ("low", "high")}


def tabulate(summary: dict[str, Any]) -> pd.DataFrame:
    """Put the summary's headline numbers into one row per candidate, in the order of judging."""
    rows = []
    for key, model in summary["models"].items():
        interval, gap = model["intervals"][MAIN], model.get("against_baseline", {})
        row = {"model": key, "kind": model["kind"], "name": model["name"], "seed": model["seed"]}
        row |= {"selected": key == summary["selected"]}
        row |= {"validation_macro_f1": model["validation"][MAIN]}
        row |= {name: model["test"][name] for name in COLUMNS if name in model["test"]}
        row |= {"macro_f1_low": interval["low"], "macro_f1_high": interval["high"]}
        row |= {f"gap_{name}": gap.get(name) for name in ("value", "low", "high")}
        row |= _seed_columns(summary["over_seeds"].get(model["name"], {}))
        rows.append(row)
    return pd.DataFrame(rows).astype({"seed": "Int64"})
