"""How far a model's sureness can be believed, as it is and after temperature scaling.

In: candidates with validation and test predictions. Out: calibration errors with intervals, bins of
a reliability diagram, and what a temperature fitted on validation rows changes on test rows.
It stops at the sureness of all answers: leaving some out is in `sluice.evaluation.abstention`.

A temperature treats all labels alike. It cannot undo what class weights do to probabilities, which
is to move them towards rare labels (docs/decisions/0007): `label_shares` shows how far they are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from sluice.evaluation.candidates import BootstrapParams
from sluice.evaluation.intervals import (
    CHUNK,
    Interval,
    basic_interval,
    bootstrap_each,
    percentile_interval,
)
from sluice.evaluation.metrics import row_losses
from sluice.evaluation.predictions import Floats, Integers
from sluice.evaluation.scaling import Answers, Scaled
from sluice.params import Section

SCORES = ("ece", "log_loss", "brier")


class CalibrationParams(Section):
    """How calibration is measured."""

    bins: int = Field(default=15, ge=2, le=100)
    """Bins of equal mass that rows are sorted into by the probability of the predicted label."""


def equal_mass_bins(confidence: Floats, bins: int) -> Integers:
    """Number the bin of each row, (rows,); bins hold equally many rows, equal values stay together.

    Naeini, Cooper & Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", section 2 (equal-frequency binning).
    """
    edges = np.quantile(confidence, np.arange(1, bins) / bins)
    return np.searchsorted(edges, confidence, side="right").astype(np.int64)


def calibration_columns(answers: Answers, bins: int) -> Floats:
    """Put what each row adds into columns, (rows, 3 * bins + 2).

    First rows, right rows and confidence of each bin, then log loss (nats) and Brier score (Brier
    1950: the squared distance of the probabilities from the truth, summed over labels).
    """
    rows, classes = answers.probabilities.shape
    place = equal_mass_bins(answers.confidence, bins)
    cells = np.zeros((rows, bins, 3))
    adds = np.column_stack([np.ones(rows), answers.right, answers.confidence])
    cells[np.arange(rows), place] = adds
    distance = answers.probabilities - np.eye(classes)[answers.true]
    losses = row_losses(answers.true, answers.probabilities)
    return np.column_stack([cells.reshape(rows, -1), losses, (distance**2).sum(axis=1)])


def calibration_scores(sums: Floats, bins: int) -> dict[str, Floats]:
    """Expected calibration error, log loss and Brier score of sums over rows, each (...).

    Guo et al. 2017, equation 3: ECE = sum over bins of rows_b / rows * |accuracy_b - confidence_b|,
    which is the sum of |right_b - confidence sum_b| over all rows.
    """
    cells = sums[..., : 3 * bins].reshape(*sums.shape[:-1], bins, 3)
    rows = cells[..., 0].sum(axis=-1)
    gaps = np.abs(cells[..., 1] - cells[..., 2]).sum(axis=-1)
    found = (gaps / rows, sums[..., -2] / rows, sums[..., -1] / rows)
    return dict(zip(SCORES, found, strict=True))


def reliability(sums: Floats, bins: int) -> list[dict[str, float | int]]:
    """Give rows, mean confidence and accuracy of each bin that has rows."""
    cells = sums[: 3 * bins].reshape(bins, 3)
    return [
        {"rows": int(rows), "confidence": float(sure / rows), "accuracy": float(right / rows)}
        for rows, right, sure in cells
        if rows
    ]


def label_shares(answers: Answers, label_names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Give each label's share of the rows, and the mean probability that it was given."""
    actual = np.bincount(answers.true, minlength=len(label_names)) / len(answers.true)
    given = answers.probabilities.mean(axis=0)
    return {
        label: {"actual": float(actual[place]), "given": float(given[place])}
        for place, label in enumerate(label_names)
    }


def draw_perfect(answers: Answers, draw: BootstrapParams, bins: int) -> Floats:
    """Draw the calibration errors that perfect calibration would show by chance, (resamples,).

    Consistency resampling (Bröcker & Smith 2007, "Increasing the Reliability of Reliability
    Diagrams", section 3): each answer is right with the probability that it claims. Between few
    rows and bins the error is never zero (Roelofs et al. 2022, "Mitigating Bias in Calibration
    Error Estimation"): a claimed 70% is seldom right in exactly 70 of 100.
    """
    sure, rows = answers.confidence, len(answers.true)
    cells = np.eye(bins)[equal_mass_bins(sure, bins)]
    generator = np.random.default_rng(draw.seed)
    size = max(1, CHUNK // rows)
    errors = []
    for start in range(0, draw.resamples, size):
        right = generator.random((min(size, draw.resamples - start), rows)) < sure
        errors.append(np.abs((right - sure) @ cells).sum(axis=1) / rows)
    return np.concatenate(errors)


def error_interval(
    value: float, samples: Floats, perfect: Floats, confidence: float
) -> tuple[Interval, dict[str, float]]:
    """Give the interval of a calibration error, and what chance alone gives (`mean`, `high`).

    The interval is the basic one; it reaches down to zero where the error is no larger than
    `confidence` of those that perfect calibration shows.
    """
    high = float(np.quantile(perfect, confidence))
    bounds = basic_interval(value, samples, confidence)
    low = 0.0 if value <= high else bounds.low
    return Interval(low, max(bounds.high, low)), {"mean": float(perfect.mean()), "high": high}


def _described(
    answers: Answers, columns: Floats, drawn: Floats, draw: BootstrapParams, bins: int
) -> dict[str, Any]:
    """Each score with its interval, the calibration error of chance, and the bins."""
    total = columns.sum(axis=0)
    values, samples = calibration_scores(total, bins), calibration_scores(drawn, bins)
    found: dict[str, Any] = {}
    for name in ("log_loss", "brier"):
        bounds = percentile_interval(samples[name], draw.confidence)
        found[name] = {"value": float(values[name]), **bounds._asdict()}
    perfect, error = draw_perfect(answers, draw, bins), float(values["ece"])
    bounds, chance = error_interval(error, samples["ece"], perfect, draw.confidence)
    found["ece"] = {"value": error, **bounds._asdict(), "chance": chance}
    return {**found, "bins": reliability(total, bins)}


def _gain(
    before: dict[str, Any], after: dict[str, Any], drawn: list[Floats], confidence: float, bins: int
) -> dict[str, float]:
    """What scaling takes off the log loss, with its paired interval."""
    first, second = (calibration_scores(sums, bins)["log_loss"] for sums in drawn)
    value = before["log_loss"]["value"] - after["log_loss"]["value"]
    return {"value": value, **percentile_interval(first - second, confidence)._asdict()}


def measure_calibration(
    scaled: dict[str, Scaled],
    groups: Integers,
    label_names: Sequence[str],
    draw: BootstrapParams,
    params: CalibrationParams,
) -> dict[str, dict[str, Any]]:
    """Measure all candidates on the same resamples of the test rows, before and after scaling.

    The bins are those of the test rows in every resample. For the interval of the calibration error
    see `error_interval`; all others are percentile intervals.

    Returns:
        By candidate: `temperature`, `before` and `after` (each score with `value`, `low` and
        `high`, and `bins`), `gain` in log loss, and `labels` (see `label_shares`).
    """
    bins = params.bins
    parts = [part for one in scaled.values() for part in (one.before, one.after)]
    columns = [calibration_columns(part, bins) for part in parts]
    sums = bootstrap_each(columns, groups, draw.resamples, draw.seed)
    described = [
        _described(part, values, samples, draw, bins)
        for part, values, samples in zip(parts, columns, sums, strict=True)
    ]
    found = {}
    for place, (key, one) in enumerate(scaled.items()):
        two = slice(2 * place, 2 * place + 2)
        before, after = described[two]
        found[key] = {
            "temperature": one.temperature,
            "before": before,
            "after": after,
            "gain": _gain(before, after, sums[two], draw.confidence, bins),
            "labels": label_shares(one.before, label_names),
        }
    return found
