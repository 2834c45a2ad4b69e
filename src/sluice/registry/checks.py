"""The questions of the gate: each holds one measured figure against one threshold.

In: figures with their intervals, and section `gate`. Out: a `Check` each. Nothing is measured here,
so every boundary can be tested with plain numbers.

Where the challenger must prove something (floor, gain, non-inferiority), a bound of its interval is
held against the threshold: few test rows make it harder to pass. A slice has few rows by nature, so
there it must be shown that the challenger is worse.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.evaluation.rounding import rounded
from sluice.registry.decisions import Check, Verdict
from sluice.registry.settings import Gate

Figure = Mapping[str, float]
NO_CHAMPION = "there is no champion to compare with"


def _check(
    name: str,
    passed: bool,
    threshold: float,
    found: Figure,
    because: str,
    details: Sequence[str] = (),
) -> Check:
    verdict: Verdict = "passed" if passed else "failed"
    kept = {key: found[key] for key in ("value", "low", "high") if key in found}
    return Check(
        name=name,
        verdict=verdict,
        threshold=threshold,
        because=because,
        details=tuple(details),
        **kept,
    )


def not_asked(name: str, why: str) -> Check:
    """A check for want of whose figures nothing can be said."""
    return Check(name=name, verdict="not asked", because=why)


def check_floor(score: Figure, gate: Gate) -> Check:
    """Macro-F1 of the challenger: the lower bound reaches the floor."""
    passed = score["low"] >= gate.floor
    because = "lower bound of the challenger's macro-F1 against the floor"
    return _check("floor", passed, gate.floor, score, because)


def check_baseline(difference: Figure | None, baseline: str | None, gate: Gate) -> Check:
    """Challenger - best baseline in macro-F1: non-inferiority within the margin.

    Piaggio et al. 2012, "Reporting of Noninferiority and Equivalence Randomized Trials" (CONSORT):
    the interval of the paired difference must not reach below minus the margin.
    """
    if difference is None or baseline is None:
        why = "no linear baseline was run: name tfidf_svm or tfidf_logreg in baseline.names"
        return Check(name="baseline", verdict="failed", because=why)
    because = f"lower bound of challenger - {baseline} in macro-F1 against minus the margin"
    passed = difference["low"] >= -gate.baseline_margin
    return _check("baseline", passed, -gate.baseline_margin, difference, because)


def check_labels(challenger: Sequence[str], champion: Sequence[str]) -> Check:
    """Both answer with the same labels, in whatever order."""
    if set(challenger) == set(champion):
        return Check(name="labels", verdict="passed", because="labels are the champion's")
    theirs, ours = ", ".join(champion), ", ".join(challenger)
    why = f"the champion's labels are {theirs}; the challenger's are {ours}: it has another task"
    return Check(name="labels", verdict="failed", because=why)


def check_seen(seen: int | None, test_rows: int, gate: Gate) -> Check:
    """Test rows that the champion has learnt from: their share is at most what is allowed.

    On such rows a model is better than on new ones (Hastie et al. 2009, section 7.4: the optimism
    of the training error), so the comparison would favour the champion.
    """
    if seen is None:
        why = "the champion was stored without its rows, and the split has changed since"
        return not_asked("seen", f"{why}: what follows may favour it")
    share = float(rounded(seen / test_rows))
    because = f"{seen} of {test_rows} test rows were the champion's to learn from"
    more = "" if share <= gate.seen_share else ": it is favoured on them; see split.method: hash"
    found = {"value": share}
    return _check("seen", share <= gate.seen_share, gate.seen_share, found, because + more)


def check_champion(difference: Figure, gate: Gate) -> Check:
    """Challenger - champion in macro-F1: the lower bound lies above the gain; a tie does not."""
    because = "lower bound of challenger - champion in macro-F1 must lie above the gain"
    return _check("champion", difference["low"] > gate.gain, gate.gain, difference, because)


def _describe_slice(one: Mapping[str, Any]) -> str:
    bounds = f"[{100 * one['low']:+.1f}, {100 * one['high']:+.1f}]"
    return (
        f"{one['dimension']}: {one['slice']} {100 * one['value']:+.1f} {bounds} on "
        f"{one['rows']} rows"
    )


def check_slices(found: Sequence[Mapping[str, Any]], confidence: float, gate: Gate) -> Check:
    """No slice falls by more than its margin, unless chance may explain it.

    A slice fails if challenger - champion in its macro-F1 is below minus the margin and the p-value
    of the difference, corrected by Holm for the number of slices, is below 1 - confidence.
    """
    if not found:
        return not_asked("slices", "no slice has enough test rows (evaluate.slices.min_rows)")

    def room(one: Mapping[str, Any]) -> float:
        margin = gate.slice_margins.get(one["dimension"], gate.slice_margin)
        return float(rounded(one["value"] + margin))

    worse = [one for one in found if room(one) < 0 and one["p_holm"] < 1.0 - confidence]
    worst = min(worse or found, key=room)
    threshold = -gate.slice_margins.get(worst["dimension"], gate.slice_margin)
    because = f"{len(worse)} of {len(found)} slices are worse by more than margin and chance"
    shown = [f"worse on {_describe_slice(one)}" for one in worse]
    shown = shown or [f"nearest to its margin: {_describe_slice(worst)}"]
    return _check("slices", not worse, threshold, worst, because, shown)


def check_behaviour(rise: Figure, cases: int, gate: Gate) -> Check:
    """Rise of the failure rate over the champion's: the upper bound stays within the margin."""
    because = f"upper bound of challenger - champion in the failure rate of {cases} cases"
    passed = rise["high"] <= gate.behaviour_margin
    return _check("behaviour", passed, gate.behaviour_margin, rise, because)


def check_calibration(error: Figure, champion: float, gate: Gate) -> Check:
    """Calibration error after scaling: at most the champion's and the margin."""
    threshold = float(rounded(champion + gate.calibration_margin))
    because = f"calibration error against the champion's ({champion:.3f}) and the margin"
    return _check("calibration", error["value"] <= threshold, threshold, error, because)


def check_size(challenger: int, champion: int, gate: Gate) -> Check:
    """Bytes of the model's files as a multiple of the champion's."""
    ratio = float(rounded(challenger / champion))
    because = f"{challenger:,} bytes against the champion's {champion:,}"
    return _check("size", ratio <= gate.size_ratio, gate.size_ratio, {"value": ratio}, because)


def check_latency(ratio: Figure, gate: Gate) -> Check:
    """Median answering time as a multiple of the champion's, both measured in one run."""
    passed = ratio["value"] <= gate.latency.ratio
    because = "median time for single texts, as a multiple of the champion's in the same run"
    return _check("latency", passed, gate.latency.ratio, ratio, because)
