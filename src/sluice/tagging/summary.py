"""What all candidates are worth: scores with intervals, differences, types, and kinds of errors.

In: a corpus and the tags that each candidate and seed gave. Out: one summary as JSON. The test part
is scored here and nowhere else; nothing is chosen by it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sluice.errors import DataError
from sluice.evaluation.intervals import percentile_interval
from sluice.tagging.corpus import Corpus, Part, to_sentences
from sluice.tagging.schemes import Span, read_spans
from sluice.tagging.scores import (
    Floats,
    Tagged,
    accuracy,
    count_entities,
    count_tags,
    count_tokens,
    entity_scores,
    kinds_of,
    resample,
    score_tags,
)
from sluice.tagging.settings import Evaluation, Kind

NETWORK = "tagger"
"""Name of the network among the candidates."""
_DIGITS = 6
_SHOWN = 12
ERRORS = ("right", "wrong type", "wrong bounds", "both wrong", "missed", "invented")


def _number(value: float | np.floating[Any]) -> float:
    return round(float(value), _DIGITS)


def _scores(units: Floats, tokens: Floats, kind: Kind) -> dict[str, Floats]:
    """Scores of counts of units (..., types, 3) and of tokens (..., 2)."""
    found = entity_scores(units.sum(axis=-2)) if kind == "entities" else {}
    return found | {"accuracy": accuracy(tokens)}


def _part(
    truth: Tagged, given: Mapping[int, Tagged], names: Sequence[str], corpus: Corpus
) -> tuple[dict[int, Floats], dict[int, Floats]]:
    count = count_entities if corpus.kind == "entities" else count_tags
    units = {seed: count(truth, rows, names) for seed, rows in given.items()}
    return units, {seed: count_tokens(truth, rows) for seed, rows in given.items()}


def _with_intervals(
    units: dict[int, Floats], tokens: dict[int, Floats], kind: Kind, settings: Evaluation
) -> tuple[dict[str, Any], dict[str, Floats]]:
    """Each score with its interval, mean over seeds; and the drawings, for differences."""
    own = {seed: _scores(units[seed].sum(axis=0), tokens[seed].sum(axis=0), kind) for seed in units}
    draws = resample(units, settings.resamples, settings.seed)
    words = resample(tokens, settings.resamples, settings.seed)
    drawn = {seed: _scores(draws[seed], words[seed], kind) for seed in units}
    found, means = {}, {}
    for name in next(iter(own.values())):
        by_seed = [_number(float(one[name])) for one in own.values()]
        means[name] = np.mean([one[name] for one in drawn.values()], axis=0)
        low, high = percentile_interval(means[name], settings.confidence)
        found[name] = {
            "value": _number(float(np.mean([float(one[name]) for one in own.values()]))),
            "low": _number(low),
            "high": _number(high),
            "by_seed": by_seed,
        }
    return found, means


def _by_type(units: dict[int, Floats], names: Sequence[str]) -> dict[str, dict[str, float]]:
    """F1, precision and recall of each type on a part, mean over seeds."""
    scores = [entity_scores(one.sum(axis=0)) for one in units.values()]
    true = next(iter(units.values())).sum(axis=0)[:, 2]
    return {
        name: {"true": int(true[at])}
        | {key: _number(float(np.mean([one[key][at] for one in scores]))) for key in scores[0]}
        for at, name in enumerate(names)
    }


def _meets(span: Span, other: Span) -> bool:
    return span.start < other.end and other.start < span.end


def _kind_of_error(span: Span, said: Sequence[Span]) -> str:
    if span in said:
        return "right"
    met = [one for one in said if _meets(span, one)]
    if any((one.start, one.end) == (span.start, span.end) for one in met):
        return "wrong type"
    if any(one.kind == span.kind for one in met):
        return "wrong bounds"
    return "both wrong" if met else "missed"


def count_errors(truth: Tagged, given: Tagged) -> dict[str, int]:
    """Say what became of each true entity, and how many given ones meet no true one.

    After the kinds of errors of Chinchor & Sundheim 1993 (MUC-5).
    """
    found = dict.fromkeys(ERRORS, 0)
    for actual, guessed in zip(truth, given, strict=True):
        there, said = read_spans(actual, "drop"), read_spans(guessed, "drop")
        for span in there:
            found[_kind_of_error(span, said)] += 1
        found["invented"] += sum(not any(_meets(one, span) for span in there) for one in said)
    return found


def count_confusions(truth: Tagged, given: Mapping[int, Tagged]) -> list[dict[str, Any]]:
    """The most frequent wrong tags over all seeds: true tag, given tag, how often per seed."""
    counts = Counter(
        (a, b)
        for rows in given.values()
        for actual, found in zip(truth, rows, strict=True)
        for a, b in zip(actual, found, strict=True)
        if a != b
    )
    most = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_SHOWN]
    return [
        {"true": pair[0], "given": pair[1], "count": round(count / len(given), 1)}
        for pair, count in most
    ]


def _unseen(corpus: Corpus, given: Mapping[int, Tagged]) -> float | None:
    """Share of right tags among test tokens that training never met, mean over seeds."""
    known = {word for row in corpus.tokens["train"] for word in row}
    flat = [word not in known for row in corpus.tokens["test"] for word in row]
    truth = [tag for row in corpus.tags["test"] for tag in row]
    if not any(flat):
        return None
    shares = []
    for rows in given.values():
        right = [a == b for a, b in zip(truth, (t for row in rows for t in row), strict=True)]
        shares.append(float(np.mean(np.array(right)[np.array(flat)])))
    return _number(float(np.mean(shares)))


def _given(runs: pd.DataFrame, part: Part, corpus: Corpus, name: str) -> dict[int, list[list[str]]]:
    """Tags by seed.

    Raises:
        DataError: they are not those of the corpus's sentences.
    """
    found = {}
    lengths = [len(row) for row in corpus.tags[part]]
    for seed, own in runs.groupby("seed", sort=True):
        rows = to_sentences(own, part, "tag")
        if [len(row) for row in rows] != lengths:
            raise DataError(
                f"the tags of {name} are not those of the sentences that are there now: run dvc "
                "repro"
            )
        found[int(str(seed))] = rows
    return found


def summarise(
    corpus: Corpus, runs: Mapping[str, pd.DataFrame], settings: Evaluation
) -> dict[str, Any]:
    """Score all candidates.

    Args:
        corpus: what is true.
        runs: for each candidate a table with seed, part, sentence and tag.
        settings: section `evaluate`.

    Raises:
        DataError: a table is of other sentences.
    """
    main = "f1" if corpus.kind == "entities" else "accuracy"
    candidates: dict[str, Any] = {}
    drawn: dict[str, Floats] = {}
    for name, table in runs.items():
        given = {part: _given(table, part, corpus, name) for part in ("validation", "test")}
        every = [row for one in given["test"].values() for row in one] + corpus.tags["test"]
        names = (
            kinds_of(every) if corpus.kind == "entities"
            else sorted({tag for row in every for tag in row})
        )  # fmt: skip
        units, tokens = _part(corpus.tags["test"], given["test"], names, corpus)
        scores, draws = _with_intervals(units, tokens, corpus.kind, settings)
        drawn[name] = draws[main]
        candidates[name] = {
            "test": scores,
            "validation": _number(
                np.mean(
                    [
                        score_tags(corpus.tags["validation"], rows, corpus.kind)
                        for rows in given["validation"].values()
                    ]
                )
            ),
            "types": _by_type(units, names),
            "confusions": count_confusions(corpus.tags["test"], given["test"]),
            "unseen_accuracy": _unseen(corpus, given["test"]),
        }
        if corpus.kind == "entities":
            errors = [count_errors(corpus.tags["test"], rows) for rows in given["test"].values()]
            candidates[name]["errors"] = {
                key: round(float(np.mean([one[key] for one in errors])), 1) for key in ERRORS
            }
    return {
        "kind": corpus.kind,
        "score": main,
        "confidence": settings.confidence,
        "candidates": candidates,
        "differences": _differences(candidates, drawn, main, settings),
    }


def _differences(
    candidates: Mapping[str, Any], drawn: Mapping[str, Floats], main: str, settings: Evaluation
) -> dict[str, dict[str, float]]:
    """How much better the network is than each baseline on the test part, paired by sentence."""
    found = {}
    for name in candidates if NETWORK in candidates else ():
        if name != NETWORK:
            low, high = percentile_interval(drawn[NETWORK] - drawn[name], settings.confidence)
            own, other = (candidates[one]["test"][main]["value"] for one in (NETWORK, name))
            found[name] = {
                "value": _number(own - other), "low": _number(low), "high": _number(high)
            }  # fmt: skip
    return found
