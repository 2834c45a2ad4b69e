"""Scores of parts of the test rows: what a single number for all of them hides.

In: slices and candidates' predictions. Out: each slice with its rows, scores and intervals, the
weak ones named. It stops at plain values: drawing is in `sluice.reporting`.

Macro-F1 of a slice is the mean over the labels that it has rows of, and it is compared with the
macro-F1 of all rows over the same labels: a slice without neutral rows has another task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from sluice.evaluation.candidates import Candidate
from sluice.evaluation.intervals import bootstrap_each, percentile_interval
from sluice.evaluation.pairs import holm
from sluice.evaluation.predictions import (
    Floats,
    Integers,
    of_split,
    predicted_indices,
    true_indices,
)
from sluice.evaluation.slices import Slice

SCORES = ("macro_f1", "accuracy")


@dataclass(frozen=True)
class SliceTerms:
    """On what terms slices are scored; `candidates` begins with the one that is shown."""

    candidates: Sequence[Candidate]
    label_names: Sequence[str]
    groups: Integers
    """Number of each test row's group, (rows,)."""
    resamples: int
    seed: int
    confidence: float
    min_rows: int


def _counts(candidate: Candidate, label_names: Sequence[str]) -> Floats:
    """Hits, rows and predictions of each label, by row: (rows, 3 * labels)."""
    frame, eye = of_split(candidate.predictions, "test"), np.eye(len(label_names))
    true = eye[true_indices(frame, label_names)]
    predicted = eye[predicted_indices(frame, label_names)]
    return np.hstack([true * predicted, true, predicted])


def _scores(sums: Floats, labels: Integers) -> Floats:
    """Macro-F1 over `labels` and accuracy from summed counts: (..., 3 * all) to (..., 2).

    F1 = 2 TP / (2 TP + FP + FN); a label that a resample neither has nor predicts counts as 0, as
    in `sluice.evaluation.metrics`.
    """
    hits, rows, predicted = np.split(sums, 3, axis=-1)
    both, total = (rows + predicted)[..., labels], rows.sum(axis=-1)
    f1 = np.divide(2 * hits[..., labels], both, out=np.zeros_like(both), where=both > 0)
    right = np.divide(hits.sum(axis=-1), total, out=np.zeros_like(total), where=total > 0)
    return np.stack([f1.mean(axis=-1), right], axis=-1)


@dataclass(frozen=True)
class Counted:
    """A slice with its counts, and those of its resamples."""

    part: Slice
    total: Floats
    """(candidates, 3 * labels)."""
    drawn: Floats
    """(resamples, candidates, 3 * labels)."""

    @property
    def labels(self) -> Integers:
        """Numbers of the labels that the slice has rows of."""
        rows = np.split(self.total[0], 3)[1]
        return np.flatnonzero(rows).astype(np.int64)

    def scores(self, labels: Integers) -> tuple[Floats, Floats]:
        """Scores with macro-F1 over `labels`: (candidates, 2), (resamples, candidates, 2)."""
        return _scores(self.total, labels), _scores(self.drawn, labels)


def count_slices(parts: Sequence[Slice], terms: SliceTerms) -> list[Counted]:
    """Count what slices hold, in the test rows and in the same resamples for all.

    So any two slices and any two candidates are paired. Groups of rows are drawn (Field & Welsh
    2007); a slice is one product of the resamples with its rows' counts.
    """
    counts = np.hstack([_counts(one, terms.label_names) for one in terms.candidates])
    taken = [counts * part.mask[:, np.newaxis] for part in parts]
    drawn = bootstrap_each(taken, terms.groups, terms.resamples, terms.seed)
    shape = (-1, len(terms.candidates), 3 * len(terms.label_names))
    return [
        Counted(part, own.sum(axis=0).reshape(shape)[0], sums.reshape(shape))
        for part, own, sums in zip(parts, taken, drawn, strict=True)
    ]


def _interval(value: float, samples: Floats, confidence: float) -> dict[str, float]:
    return {"value": float(value), **percentile_interval(samples, confidence)._asdict()}


def _difference(one: Counted, whole: Counted, confidence: float) -> dict[str, float]:
    """Slice - all rows in macro-F1 of the first candidate, paired, with a two-sided p-value.

    The p-value is that of a normal difference with the bootstrap's standard error (Efron &
    Tibshirani 1993, equation 6.6): unlike a share of resamples it can be smaller than one of them.
    """
    (part, drawn), (rest, redrawn) = one.scores(one.labels), whole.scores(one.labels)
    value, samples = part[0, 0] - rest[0, 0], drawn[:, 0, 0] - redrawn[:, 0, 0]
    error = float(samples.std(ddof=1))
    p_value = 2 * float(norm.sf(abs(value) / error)) if error > 0 else 1.0
    return {**_interval(value, samples, confidence), "p": p_value}


def _scores_of(one: Counted, terms: SliceTerms) -> dict[str, dict[str, dict[str, float]]]:
    values, samples = one.scores(one.labels)
    return {
        candidate.key: {
            name: _interval(values[place, score], samples[:, place, score], terms.confidence)
            for score, name in enumerate(SCORES)
        }
        for place, candidate in enumerate(terms.candidates)
    }


def _describe(
    one: Counted, difference: dict[str, float], p_value: float, terms: SliceTerms
) -> dict[str, Any]:
    return {
        "dimension": one.part.dimension,
        "value": one.part.value,
        "rows": int(one.part.mask.sum()),
        "labels": [terms.label_names[place] for place in one.labels],
        "scores": _scores_of(one, terms),
        "difference": {**difference, "p_holm": p_value},
        "weak": difference["value"] < 0 and p_value < 1 - terms.confidence,
    }


def largest_gap(groups: Sequence[Counted], confidence: float) -> dict[str, Any] | None:
    """Give the largest difference in the first candidate's macro-F1 between two groups.

    The two are those furthest apart on the test rows, macro-F1 over the labels that all groups
    have; the interval is the paired one of these two. As the largest of several, the gap is rather
    too large than too small. None where there is nothing to compare.
    """
    if len(groups) < 2:
        return None
    shared = np.flatnonzero(np.all([one.total[0].reshape(3, -1)[1] for one in groups], axis=0))
    if not len(shared):
        return None
    scores = [one.scores(shared) for one in groups]
    values = [float(value[0, 0]) for value, _ in scores]
    worst, best = int(np.argmin(values)), int(np.argmax(values))
    samples = scores[best][1][:, 0, 0] - scores[worst][1][:, 0, 0]
    return {
        **_interval(values[best] - values[worst], samples, confidence),
        "best": groups[best].part.value,
        "worst": groups[worst].part.value,
        "groups": len(groups),
    }


def summarise_slices(
    parts: Sequence[Slice], terms: SliceTerms, fairness: Sequence[str]
) -> dict[str, Any]:
    """Score all slices that are large enough; put what was found into one JSON-ready value.

    A slice is weak if the first candidate's macro-F1 there lies below that of all rows over the
    same labels, and the p-value of the difference, adjusted by Holm for the number of slices, is
    below 1 - confidence.

    Args:
        parts: the slices.
        terms: candidates and how to draw.
        fairness: dimensions whose largest gap between groups is given.
    """
    everything = Slice("all", "all test rows", np.ones(len(terms.groups), dtype=bool))
    sizes = [int(part.mask.sum()) for part in parts]
    large = [part for part, size in zip(parts, sizes, strict=True) if size >= terms.min_rows]
    whole, *scored = count_slices([everything, *large], terms)
    differences = [_difference(one, whole, terms.confidence) for one in scored]
    adjusted = holm([one["p"] for one in differences])
    return {
        "candidates": [one.key for one in terms.candidates],
        "confidence": terms.confidence,
        "rows": len(terms.groups),
        "min_rows": terms.min_rows,
        "overall": _scores_of(whole, terms),
        "slices": [
            _describe(*found, terms) for found in zip(scored, differences, adjusted, strict=True)
        ],
        "too_small": [
            {"dimension": part.dimension, "value": part.value, "rows": size}
            for part, size in zip(parts, sizes, strict=True)
            if size < terms.min_rows
        ],
        "fairness": {
            name: largest_gap(
                [one for one in scored if one.part.dimension == name], terms.confidence
            )
            for name in fairness
        },
    }


def slice_headline(found: Mapping[str, Any]) -> dict[str, float]:
    """The few numbers of slices to compare from run to run, flat."""
    shown = found["candidates"][0]
    scores = [one["scores"][shown]["macro_f1"]["value"] for one in found["slices"]]
    numbers = {"worst_slice_macro_f1": min(scores)} if scores else {}
    gaps = {name: gap["value"] for name, gap in found["fairness"].items() if gap}
    return numbers | {f"gap_of_{name}": value for name, value in gaps.items()}
