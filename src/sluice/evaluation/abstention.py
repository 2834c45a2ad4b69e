"""What a model may leave to people: how many rows it answers, and how often it is wrong there.

In: answers whose probabilities were scaled, on validation and test rows. Out: the risk-coverage
curve, the coverage at a chosen error rate, and a threshold per label with what it gives on test.
It stops at plain values; the sureness itself is judged in `sluice.evaluation.calibration`.

A row is answered if the probability of its predicted label is at least a threshold: the softmax
response of Geifman & El-Yaniv 2017, "Selective Classification for Deep Neural Networks".
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sluice.evaluation.candidates import BootstrapParams
from sluice.evaluation.intervals import bootstrap_sums, draw_times, percentile_interval
from sluice.evaluation.predictions import Floats, Integers
from sluice.evaluation.scaling import Answers, Scaled
from sluice.params import Section

# Points that are kept of a curve, at equal steps of coverage.
POINTS = 50


class AbstentionParams(Section):
    """What a model that may leave rows to people has to keep to."""

    error_rate: float = Field(default=0.1, gt=0.0, lt=1.0)
    """Highest share of wrong answers among the rows that are answered."""


class Ranked(NamedTuple):
    """Rows by falling confidence: their `order`, (rows,), and whether each is `wrong`, (rows,).

    `ends`, (thresholds,), are the last places of each confidence: rows of one confidence are
    answered together or not at all.
    """

    order: Integers
    wrong: Floats
    ends: Integers


class Curve(NamedTuple):
    """Share of rows answered and share of those that is wrong, each (..., thresholds)."""

    coverage: Floats
    risk: Floats


def rank(answers: Answers) -> Ranked:
    """Sort rows by falling confidence; of equal ones the first stays first."""
    order = np.argsort(-answers.confidence, kind="stable")
    sure = answers.confidence[order]
    ends = np.append(np.flatnonzero(np.diff(sure)), len(sure) - 1)
    return Ranked(order, 1.0 - answers.right[order], ends)


def trace(ranked: Ranked, weights: Floats) -> Curve:
    """Give coverage and risk at each threshold, the highest first.

    El-Yaniv & Wiener 2010, "On the Foundations of Noise-free Selective Classification", section 2.

    Args:
        ranked: the rows.
        weights: how often each row counts, in the order of the data, (..., rows).
    """
    sorted_weights = weights[..., ranked.order]
    answered = sorted_weights.cumsum(axis=-1)[..., ranked.ends]
    errors = (sorted_weights * ranked.wrong).cumsum(axis=-1)[..., ranked.ends]
    risk = np.divide(errors, answered, out=np.zeros_like(errors), where=answered > 0)
    return Curve(answered / answered[..., -1:], risk)


def coverage_at(curve: Curve, error_rate: float) -> Floats:
    """Give the largest coverage whose risk keeps to the error rate, (...); 0 where none does."""
    coverage: Floats = np.where(curve.risk <= error_rate, curve.coverage, 0.0).max(axis=-1)
    return coverage


def area_under(curve: Curve) -> Floats:
    """Give the mean risk over coverages, (...): the lower, the better errors are foreseen.

    Geifman, Uziel & El-Yaniv 2019, "Bias-Reduced Uncertainty Estimation", section 2 (AURC).
    """
    widths = np.diff(curve.coverage, axis=-1, prepend=0.0)
    area: Floats = (widths * curve.risk).sum(axis=-1)
    return area


def fit_thresholds(answers: Answers, error_rate: float) -> list[float | None]:
    """Find for each label the lowest threshold that keeps its answers to the error rate.

    For each predicted label the selective classifier of Geifman & El-Yaniv 2017 (algorithm 1) with
    the empirical risk in place of its bound: how well it holds is measured on test rows. None for
    a label that is never predicted, or never right often enough: it is not answered at all.
    """
    predicted = answers.probabilities.argmax(axis=1)
    found: list[float | None] = []
    for label in range(answers.probabilities.shape[1]):
        of_label = predicted == label
        threshold = None
        if of_label.any():
            part = Answers(answers.true[of_label], answers.probabilities[of_label])
            ranked = rank(part)
            risk = trace(ranked, np.ones(len(part.true))).risk
            kept = np.flatnonzero(risk <= error_rate)
            if kept.size:
                threshold = float(part.confidence[ranked.order[ranked.ends[kept[-1]]]])
        found.append(threshold)
    return found


def is_answered(answers: Answers, thresholds: Sequence[float | None]) -> npt.NDArray[np.bool_]:
    """Say of each row whether its predicted label's threshold is reached, (rows,)."""
    limits = np.array([np.inf if value is None else value for value in thresholds])
    reached: npt.NDArray[np.bool_] = (
        answers.confidence >= limits[answers.probabilities.argmax(axis=1)]
    )
    return reached


def _with_interval(value: float, samples: Floats, confidence: float) -> dict[str, float]:
    return {"value": value, **percentile_interval(samples, confidence)._asdict()}


def _on_test(
    answers: Answers, thresholds: list[float | None], groups: Integers, draw: BootstrapParams
) -> dict[str, Any]:
    """Coverage and error rate on test rows of thresholds that validation rows gave."""
    answered = is_answered(answers, thresholds).astype(np.float64)
    columns = np.column_stack([np.ones(len(answered)), answered, answered * (1 - answers.right)])
    rows, kept, wrong = columns.sum(axis=0).tolist()
    sums = bootstrap_sums(columns, groups, draw.resamples, draw.seed)
    found: dict[str, Any] = {
        "coverage": _with_interval(kept / rows, sums[:, 1] / sums[:, 0], draw.confidence),
        "error_rate": None,
    }
    some = sums[:, 1] > 0
    if kept:
        rates = sums[some, 2] / sums[some, 1]
        found["error_rate"] = _with_interval(wrong / kept, rates, draw.confidence)
    return found


def _thin(curve: Curve) -> dict[str, list[float]]:
    """Up to `POINTS` points at equal steps of coverage, the last one always."""
    steps = np.arange(1, POINTS + 1) / POINTS
    places = np.unique(np.searchsorted(curve.coverage, steps - 1e-9).clip(max=curve.risk.size - 1))
    return {"coverage": curve.coverage[places].tolist(), "risk": curve.risk[places].tolist()}


def _sample_curves(
    ranked: dict[str, Ranked], groups: Integers, draw: BootstrapParams, error_rate: float
) -> dict[str, tuple[Floats, Floats]]:
    """Coverage at the error rate and area under the curve of each candidate, (resamples,) each."""
    parts: dict[str, list[tuple[Floats, Floats]]] = {key: [] for key in ranked}
    for times in draw_times(int(groups.max()) + 1, draw.resamples, draw.seed):
        weights = times[:, groups]
        for key, one in ranked.items():
            curve = trace(one, weights)
            parts[key].append((coverage_at(curve, error_rate), area_under(curve)))
    return {
        key: (np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found]))
        for key, found in parts.items()
    }


def measure_abstention(
    scaled: dict[str, Scaled],
    groups: Integers,
    label_names: Sequence[str],
    draw: BootstrapParams,
    params: AbstentionParams,
) -> dict[str, dict[str, Any]]:
    """Measure what all candidates can answer, on the same resamples of the test rows.

    Returns:
        By candidate: `coverage` at the error rate with the best threshold in hindsight, `aurc`,
        `thresholds` by label from validation rows, `answered` (their `coverage` and `error_rate`
        on test rows), and `curve`.
    """
    ranked = {key: rank(one.after) for key, one in scaled.items()}
    samples = _sample_curves(ranked, groups, draw, params.error_rate)
    found = {}
    for key, one in scaled.items():
        curve = trace(ranked[key], np.ones(len(groups)))
        covered, area = samples[key]
        thresholds = fit_thresholds(one.validation, params.error_rate)
        at_rate = float(coverage_at(curve, params.error_rate))
        found[key] = {
            "coverage": _with_interval(at_rate, covered, draw.confidence),
            "aurc": _with_interval(float(area_under(curve)), area, draw.confidence),
            "thresholds": dict(zip(label_names, thresholds, strict=True)),
            "answered": _on_test(one.after, thresholds, groups, draw),
            "curve": _thin(curve),
        }
    return found
