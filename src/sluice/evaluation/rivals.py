"""Two candidates part by part: on which slice, and in which behaviour, is the first one worse?

In: two candidates on the same rows, or their failures on the same cases. Out: paired differences
with intervals. Which difference is too much is for `sluice.registry` to say.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sluice.evaluation.behaviour import Flags
from sluice.evaluation.candidates import BootstrapParams
from sluice.evaluation.intervals import bootstrap_sums, percentile_interval
from sluice.evaluation.pairs import bootstrap_p, holm
from sluice.evaluation.slice_scores import Counted, SliceTerms, count_slices
from sluice.evaluation.slices import Slice


def _difference(one: Counted, confidence: float) -> dict[str, Any]:
    """First - second in macro-F1 over the labels of the slice."""
    values, samples = one.scores(one.labels)
    value, drawn = float(values[0, 0] - values[1, 0]), samples[:, 0, 0] - samples[:, 1, 0]
    return {
        "dimension": one.part.dimension,
        "slice": one.part.value,
        "rows": int(one.part.mask.sum()),
        "value": value,
        **percentile_interval(drawn, confidence)._asdict(),
        "p": bootstrap_p(value, drawn),
    }


def compare_slices(parts: Sequence[Slice], terms: SliceTerms) -> list[dict[str, Any]]:
    """Compare two candidates on each slice that is large enough, on the same resamples.

    Args:
        parts: the slices.
        terms: how to draw; `candidates` are the two.

    Returns:
        For each slice `dimension`, `slice`, `rows`, `value` (first - second in macro-F1), `low`,
        `high`, `p` and `p_holm`, which is corrected for the number of slices.
    """
    large = [part for part in parts if int(part.mask.sum()) >= terms.min_rows]
    found = [_difference(one, terms.confidence) for one in count_slices(large, terms)]
    corrected = holm([one["p"] for one in found]) if found else []
    return [one | {"p_holm": p} for one, p in zip(found, corrected, strict=True)]


def compare_failures(
    first: Mapping[str, Flags], second: Mapping[str, Flags], draw: BootstrapParams
) -> dict[str, float]:
    """Give the difference first - second in the failure rate over all cases, with its interval.

    Both were asked the same cases, and a resample draws cases (the paired bootstrap of Efron &
    Tibshirani 1993, section 8.3). It takes cases for independent; those of one template are alike.

    Args:
        first: failures by test, (cases,) each; see `behaviour.find_failures`.
        second: of the same tests.
        draw: how many resamples, their seed, and the confidence.
    """
    flags = [np.concatenate([one[key] for key in first]) for one in (first, second)]
    gaps = (flags[0].astype(np.float64) - flags[1].astype(np.float64))[:, np.newaxis]
    drawn = bootstrap_sums(gaps, np.arange(len(gaps)), draw.resamples, draw.seed)[:, 0] / len(gaps)
    low, high = percentile_interval(drawn, draw.confidence)
    return {"value": float(gaps.mean()), "low": low, "high": high}
