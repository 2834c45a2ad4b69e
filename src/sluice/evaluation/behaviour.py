"""What a model can do, and how often it fails at it: answers to behaviour tests, judged.

In: tests, their rows, and each model's probabilities for them. Out: failure rates with intervals
per capability and per test, and examples. It draws nothing.

Failure rates are those of CheckList (Ribeiro et al. 2020, ACL, section 2.2 and table 1).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EXAMPLES = 2
"""Failures of one test that are shown."""
ROUNDING = 1e-9


def failed(
    test: Mapping[str, Any], before: Floats, after: Floats, label_names: Sequence[str]
) -> Flags:
    """Say of each case whether the model fails it, (cases,).

    MFT: the most probable label is not expected, or is refused. INV: the most probable label
    changes. DIR: the probability of `label` does not move by `margin` in the direction asked for.

    Args:
        test: type and expectation, as `sluice.evaluation.probes` describes them.
        before: probabilities of the texts, (cases, labels).
        after: probabilities of the changed texts, (cases, labels), or (0, labels) for MFT.
        label_names: the labels in the order of the columns.
    """
    chosen = before.argmax(axis=1)
    if test["type"] == "MFT":
        named = [label_names.index(name) for name in (test["expect"] or test["refuse"])]
        wrong: Flags = np.isin(chosen, named, invert=bool(test["expect"]))
        return wrong
    if test["type"] == "INV":
        moved: Flags = chosen != after.argmax(axis=1)
        return moved
    place = label_names.index(test["label"])
    sign = 1.0 if test["change"] == "up" else -1.0
    short: Flags = sign * (after[:, place] - before[:, place]) < test["margin"] - ROUNDING
    return short


def failure_rate(failures: int, cases: int, confidence: float) -> dict[str, float | int]:
    """Give the share of failures with its score interval (Wilson 1927, JASA 22, 209-212)."""
    bounds = binomtest(failures, cases).proportion_ci(confidence, method="wilson")
    return {
        "cases": cases,
        "failed": failures,
        "rate": failures / cases,
        "low": float(bounds.low),
        "high": float(bounds.high),
    }


def _answers_to(test: Mapping[str, Any], rows: pd.DataFrame, role: str, answers: Floats) -> Floats:
    where = ((rows["test"] == test["key"]) & (rows["role"] == role)).to_numpy()
    taken: Floats = answers[where]
    return taken


def find_failures(
    tests: Iterable[Mapping[str, Any]],
    rows: pd.DataFrame,
    answers: Floats,
    label_names: Sequence[str],
) -> dict[str, Flags]:
    """Say of each test with cases, by its key, which of them the model fails, (cases,) each."""
    return {
        test["key"]: failed(
            test,
            _answers_to(test, rows, "before", answers),
            _answers_to(test, rows, "after", answers),
            label_names,
        )
        for test in tests
    }


def _rates(
    tests: Sequence[Mapping[str, Any]], failures: Mapping[str, Flags], confidence: float
) -> dict[str, Any]:
    def rate(parts: Iterable[Mapping[str, Any]]) -> dict[str, float | int]:
        flags = np.concatenate([failures[test["key"]] for test in parts])
        return failure_rate(int(flags.sum()), len(flags), confidence)

    names = dict.fromkeys(test["capability"] for test in tests)
    return {
        "all": rate(tests),
        "capabilities": {
            name: rate(test for test in tests if test["capability"] == name) for name in names
        },
        "tests": {test["key"]: rate([test]) for test in tests},
    }


def _example(
    test: Mapping[str, Any], texts: Sequence[str], said: Floats, label_names: Sequence[str]
) -> dict[str, Any]:
    """Texts of one failed case with what was said to each, (texts, labels)."""
    chosen = said.argmax(axis=1)
    watched = [label_names.index(test["label"])] * len(texts) if test["label"] else chosen
    return {
        "capability": test["capability"],
        "test": test["key"],
        "texts": [
            {
                "text": text,
                "predicted": label_names[int(label)],
                "label": label_names[int(place)],
                "probability": float(row[place]),
            }
            for text, label, place, row in zip(texts, chosen, watched, said, strict=True)
        ],
    }


def _examples(
    test: Mapping[str, Any],
    rows: pd.DataFrame,
    answers: Floats,
    flags: Flags,
    label_names: Sequence[str],
) -> list[dict[str, Any]]:
    """The first failed cases of a test."""
    own = np.flatnonzero((rows["test"] == test["key"]).to_numpy())
    # The rows of a test are all its texts before the change, then all those after it.
    places = own.reshape(-1, len(flags)).T  # (cases, texts of a case)
    return [
        _example(test, rows["text"].iloc[place].to_list(), answers[place], label_names)
        for place in places[np.flatnonzero(flags)[:EXAMPLES]]
    ]


def judge_behaviour(
    rows: pd.DataFrame,
    tests: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Floats],
    shown: str,
    label_names: Sequence[str],
    confidence: float,
) -> dict[str, Any]:
    """Judge every model by every test.

    Args:
        rows: the questions, columns `test`, `role`, `text`.
        tests: what is expected; tests without a case are passed over.
        answers: probabilities by model, (questions, labels) each.
        shown: the model whose failures are given as examples.
        label_names: the labels in the order of the columns.
        confidence: of the intervals.
    """
    held = [test for test in tests if test["cases"]]
    failures = {key: find_failures(held, rows, said, label_names) for key, said in answers.items()}
    models = {key: _rates(held, flags, confidence) for key, flags in failures.items() if held}
    examples = [
        example
        for test in held
        for example in _examples(
            test, rows, answers[shown], failures[shown][test["key"]], label_names
        )
    ]
    return {
        "confidence": confidence,
        "shown": shown,
        "tests": [dict(test) for test in held],
        "models": models,
        "examples": examples,
    }


def behaviour_headline(behaviour: Mapping[str, Any]) -> dict[str, float]:
    """Give the shown model's failure rate per capability, and over all, as flat numbers."""
    shown = behaviour["models"].get(behaviour["shown"])
    if shown is None:
        return {}
    rates = {name: found["rate"] for name, found in shown["capabilities"].items()}
    flat = {f"behaviour_failures_{name}": rate for name, rate in rates.items()}
    return {"behaviour_failures": shown["all"]["rate"], **flat}
