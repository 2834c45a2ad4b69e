"""Every two candidates side by side: is one better, or can these test rows not tell?

In: judged candidates, already scored on the same resamples. Out: one plain value per pair, and for
each candidate a verdict in words. It stops at words: the table of the report is in `reporting`.

Two questions are asked of each pair, and each is corrected for being asked of all of them: is the
macro-F1 another (paired bootstrap), and is one right where the other is wrong more often than the
other way round (McNemar)?
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, norm

from sluice.evaluation.candidates import Judged, Terms
from sluice.evaluation.comparison import MAIN, compare
from sluice.evaluation.predictions import Floats, of_split, predicted_indices, true_indices


class Discordant(NamedTuple):
    """Test rows that only one of two candidates is right on."""

    first: int
    second: int


def mcnemar(rows: Discordant) -> float:
    """Give the two-sided p-value of McNemar's exact test.

    McNemar 1947, "Note on the sampling error of the difference between correlated proportions";
    exact form: if neither is better, the discordant rows are tosses of a fair coin. It takes rows
    for independent, which near duplicates are not, so its p-value is rather too small (Obuchowski
    1998, "On the comparison of correlated proportions for clustered data", has the variance for
    clusters, and only for large samples). It therefore decides nothing; see `compare_pairs`.
    """
    tosses = rows.first + rows.second
    return float(binomtest(rows.first, tosses).pvalue) if tosses else 1.0


def bootstrap_p(value: float, samples: Floats) -> float:
    """Give the two-sided p-value of a difference by its bootstrap standard error.

    Efron & Tibshirani 1993, "An Introduction to the Bootstrap", equation 12.13 turned round: the
    normal distribution reaches the small values that a correction over many pairs asks for, where
    shares of 2,000 resamples end at 0.0005.
    """
    error = float(samples.std(ddof=1))
    if error == 0.0:
        return 1.0 if value == 0.0 else 0.0
    return float(2.0 * norm.sf(abs(value) / error))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number by Holm's step-down method, in the order given.

    Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure": the smallest times n, the
    next times n - 1 and so on, never below one before it, never above 1. The chance of a single
    false verdict among all pairs stays below the level, whatever the dependence between them.
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = values[order] * np.arange(len(values), 0, -1)
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(stepped))
    return [float(value) for value in corrected]


def count_discordant(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> Discordant:
    """Count the rows that only the first or only the second is right on."""
    return Discordant(int((first & ~second).sum()), int((second & ~first).sum()))


def describe_rows(rows: Discordant, total: int) -> str:
    """Say the gap in words: "right on 12 of 3,438 rows more"."""
    more = rows.first - rows.second
    if not more:
        return f"right on as many of {total:,} rows"
    return f"right on {abs(more):,} of {total:,} rows {'more' if more > 0 else 'fewer'}"


def _right(one: Judged, label_names: Sequence[str]) -> npt.NDArray[np.bool_]:
    test = of_split(one.candidate.predictions, "test")
    hits: npt.NDArray[np.bool_] = predicted_indices(test, label_names) == true_indices(
        test, label_names
    )
    return hits


class _Ranked(NamedTuple):
    """A candidate and which test rows it is right on, (rows,)."""

    judged: Judged
    right: npt.NDArray[np.bool_]


def _compare_two(one: _Ranked, other: _Ranked, confidence: float) -> dict[str, Any]:
    first, second = one.judged, other.judged
    difference = compare(first, second, confidence)
    samples = first.samples[MAIN] - second.samples[MAIN]
    only = count_discordant(one.right, other.right)
    return {
        "first": first.candidate.key,
        "second": second.candidate.key,
        "gap": describe_rows(only, len(one.right)),
        MAIN: {**difference, "p": bootstrap_p(difference["value"], samples)},
        "mcnemar": {"only_first": only.first, "only_second": only.second, "p": mcnemar(only)},
    }


def compare_pairs(judged: Sequence[Judged], terms: Terms) -> dict[str, Any]:
    """Compare every two candidates, the one with the higher test macro-F1 first.

    Each pair has the difference in macro-F1 (`value`, `low`, `high`, `p`, `p_holm`), McNemar's test
    (`only_first`, `only_second`, `p`, `p_holm`), the gap in words, and `better`: whether the first
    is better, which it is if its interval lies above zero and the corrected p-value of macro-F1 is
    below 1 - confidence.

    Returns:
        `pairs`, a list in the order of rank; `rows`; `confidence`; and `verdicts` by candidate.
    """
    confidence = terms.bootstrap.confidence
    ranked = [
        _Ranked(one, _right(one, terms.label_names))
        for one in sorted(judged, key=lambda one: -one.test[MAIN])
    ]
    found = [_compare_two(one, other, confidence) for one, other in combinations(ranked, 2)]
    for test in (MAIN, "mcnemar"):
        for pair, p_value in zip(found, holm([pair[test]["p"] for pair in found]), strict=True):
            pair[test]["p_holm"] = p_value
    for pair in found:
        main = pair[MAIN]
        pair["better"] = main["low"] > 0.0 and main["p_holm"] < 1.0 - confidence
    keys = [one.candidate.key for one in judged]
    return {
        "rows": int(np.sum(judged[0].confusion)),
        "confidence": confidence,
        "pairs": found,
        "verdicts": {key: _verdict(key, found) for key in keys},
    }


def _verdict(key: str, pairs: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Sort the other candidates by what can be said of this one beside them, in their rank."""
    verdict: dict[str, list[str]] = {"better_than": [], "no_evidence_against": [], "worse_than": []}
    for pair in pairs:
        if key not in (pair["first"], pair["second"]):
            continue
        leads = key == pair["first"]
        other = pair["second"] if leads else pair["first"]
        side = "better_than" if leads else "worse_than"
        verdict[side if pair["better"] else "no_evidence_against"].append(other)
    return verdict


def describe_verdict(verdict: dict[str, list[str]]) -> str:
    """Say a verdict in one line: "no evidence against bilstm-0; better than vader"."""
    order = ("no_evidence_against", "better_than", "worse_than")
    return "; ".join(
        f"{side.replace('_', ' ')} {', '.join(verdict[side])}" for side in order if verdict[side]
    )


def list_verdicts(found: dict[str, Any]) -> list[str]:
    """Say the verdict of each candidate in one line, in the order of judging."""
    return [describe_verdict(verdict) for verdict in found["verdicts"].values()]
