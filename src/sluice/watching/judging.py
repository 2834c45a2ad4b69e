"""A batch against the reference: every statistic, its threshold, the verdict.

In: the champion, its reference and a batch. Out: a `Judgement`. Nothing is read or written here.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from sluice.evaluation.rounding import rounded
from sluice.serving.model import Model
from sluice.watching.batch import Batch
from sluice.watching.findings import Accuracy, Counts, Finding, Statistic, Verdict
from sluice.watching.reading import Seen, see
from sluice.watching.settings import STATISTICS, Watch
from sluice.watching.statistics import Measure, compare, estimate_right, fit_measure
from sluice.watching.thresholds import TIMES, find_thresholds, simulate

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.95


class Reference(NamedTuple):
    """What batches are held against, seen by the champion."""

    cleaned: list[str]
    """Cleaned texts, each once."""
    seen: Seen
    """The same as the champion sees them."""
    measure: Measure
    """What every comparison needs of them."""


class Judgement(NamedTuple):
    """What is said of a batch, and what it was said from."""

    finding: Finding
    seen: Seen
    """The texts that were scored."""
    cleaned: list[str]
    """These texts."""


class Champion(NamedTuple):
    """The model that watches."""

    version: int
    key: str
    model: Model


def _draw(count: int, size: int, seed: int) -> npt.NDArray[np.int64]:
    """Places of `size` of `count` rows, in their order."""
    if count <= size:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, size, replace=False))


def make_reference(
    model: Model, texts: Sequence[str], labels: Sequence[str], watch: Watch
) -> Reference:
    """See labelled rows that the model did not learn from; texts that come again count once."""
    cleaned = model.clean(list(texts))
    first = {text: place for place, text in reversed(list(enumerate(cleaned)))}
    places = np.array(sorted(first.values()), np.int64)
    places = places[_draw(len(places), TIMES * watch.max_rows, watch.seed)]
    kept = [cleaned[place] for place in places]
    seen = see(model, kept)
    said = [model.config.labels[label] for label in seen.said]
    right = np.array([labels[place] == label for place, label in zip(places, said, strict=True)])
    return Reference(kept, seen, fit_measure(seen, right))


def measure_batch(reference: Reference, batch: Seen) -> Floats:
    """All statistics of a batch against the whole reference, (statistics,)."""
    sizes = len(reference.seen.words), len(batch.words)
    draw = np.repeat([0.0, 1.0], sizes)[:, None]
    found: Floats = compare(reference.seen.join(batch), reference.measure, draw)[0]
    return found


def reference_thresholds(reference: Reference, size: int, watch: Watch) -> Floats:
    """Thresholds for batches of `size` rows, (statistics,)."""
    null = simulate(reference.seen, reference.measure, size, watch.resamples, watch.seed)
    return find_thresholds(null, watch.false_alarms)


def estimate_accuracy(reference: Reference, batch: Seen) -> Accuracy:
    """Estimate the accuracy on unlabelled rows, with Wilson's interval (1927)."""
    right = estimate_right(batch, reference.measure)
    bounds = binomtest(int(right.sum()), len(right)).proportion_ci(CONFIDENCE, method="wilson")
    return Accuracy(
        estimate=float(right.mean()),
        low=float(bounds.low),
        high=float(bounds.high),
        confidence=float(batch.confidence.mean()),
        reference=reference.measure.accuracy,
    )


def _figures(rows: Seen, measure: Measure) -> dict[str, float]:
    """What one figure says of rows; a distance between two batches is none of one."""
    return {
        "unknown": float(rows.unknown_share.mean()),
        "length": float(rows.words.mean()),
        "confidence": float(rows.confidence.mean()),
        "accuracy": float(estimate_right(rows, measure).mean()),
    }


def _statistics(
    reference: Reference, batch: Seen, values: Floats, thresholds: Floats | None
) -> tuple[Statistic, ...]:
    ours, theirs = (_figures(rows, reference.measure) for rows in (reference.seen, batch))
    found = []
    for place, name in enumerate(STATISTICS):
        limit = None if thresholds is None else float(thresholds[place])
        found.append(
            Statistic(
                name=name,
                value=float(values[place]),
                threshold=limit,
                alarm=limit is not None and float(values[place]) > limit,
                reference=ours.get(name),
                batch=theirs.get(name),
            )
        )
    return tuple(found)


def _mix(champion: Champion, reference: Reference, batch: Seen) -> dict[str, tuple[float, float]]:
    names = champion.model.config.labels
    ours, theirs = (
        np.bincount(rows.said, minlength=len(names)) / len(rows.said)
        for rows in (reference.seen, batch)
    )
    return {name: (float(ours[i]), float(theirs[i])) for i, name in enumerate(names)}


def judge_batch(champion: Champion, reference: Reference, batch: Batch, watch: Watch) -> Judgement:
    """Score a batch and say whether it has drifted away from the reference.

    Texts that are the same once cleaned count once, as in the reference; of many, some are drawn.
    A batch is never larger than a quarter of the reference, so that one can be drawn from it.
    """
    cleaned = list(dict.fromkeys(champion.model.clean(batch.texts)))
    different, size = len(cleaned), len(reference.cleaned) // TIMES
    cleaned = [
        cleaned[place] for place in _draw(different, max(1, min(watch.max_rows, size)), watch.seed)
    ]
    seen = see(champion.model, cleaned)
    enough = different >= watch.min_rows
    thresholds = reference_thresholds(reference, len(cleaned), watch) if enough else None
    statistics = _statistics(reference, seen, measure_batch(reference, seen), thresholds)
    alarm = any(one.alarm for one in statistics)
    verdict: Verdict = "too few rows" if not enough else "drift" if alarm else "quiet"
    finding = Finding(
        verdict=verdict,
        champion=champion.version,
        model=champion.key,
        batch=batch.name,
        files=batch.files,
        sha256=batch.digest,
        counts=Counts(
            read=batch.rows,
            empty=batch.rows - len(batch.texts),
            repeated=len(batch.texts) - different,
            scored=len(cleaned),
        ),
        reference_rows=len(reference.cleaned),
        false_alarms=watch.false_alarms,
        statistics=statistics,
        accuracy=estimate_accuracy(reference, seen),
        labels=_mix(champion, reference, seen),
    )
    return Judgement(Finding.model_validate(rounded(finding.model_dump())), seen, cleaned)
