"""Behaviour tests judged: each kind by hand, and Wilson's interval by published values."""

import numpy as np
import pandas as pd
import pytest

from sluice.evaluation.behaviour import (
    EXAMPLES,
    behaviour_headline,
    failed,
    failure_rate,
    judge_behaviour,
)

LABELS = ["negative", "neutral", "positive"]
TEST = {"type": "MFT", "expect": [], "refuse": [], "label": None, "change": None, "margin": -0.1}
NONE = np.zeros((0, 3))


@pytest.mark.parametrize(
    ("failures", "cases", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
)
def test_intervals_are_those_of_newcombe_1998(failures, cases, low, high) -> None:
    # "Two-sided confidence intervals for the single proportion", table I, method 3.
    rate = failure_rate(failures, cases, 0.95)
    assert rate["low"] == pytest.approx(low, abs=5e-5)
    assert rate["high"] == pytest.approx(high, abs=5e-5)
    assert rate["rate"] == failures / cases


def said(*labels: str) -> np.ndarray:
    return np.array([np.where(np.array(LABELS) == label, 0.8, 0.1) for label in labels])


def test_minimum_functionality_is_a_label_expected_or_refused() -> None:
    answers = said("positive", "neutral", "negative")
    one = TEST | {"expect": ["positive"]}
    assert failed(one, answers, NONE, LABELS).tolist() == [False, True, True]
    two = TEST | {"expect": ["positive", "neutral"]}
    assert failed(two, answers, NONE, LABELS).tolist() == [False, False, True]
    three = TEST | {"refuse": ["negative"]}
    assert failed(three, answers, NONE, LABELS).tolist() == [False, False, True]


def test_invariance_is_about_the_label_alone() -> None:
    before, after = said("positive", "neutral"), np.array([[0.3, 0.3, 0.4], [0.4, 0.3, 0.3]])
    assert failed(TEST | {"type": "INV"}, before, after, LABELS).tolist() == [False, True]


@pytest.mark.parametrize(
    ("change", "margin", "expected"),
    [
        ("up", -0.1, [False, False, True]),
        ("up", 0.1, [False, True, True]),
        ("down", -0.1, [True, False, False]),
        ("down", 0.1, [True, True, False]),
    ],
)
def test_directions_move_by_the_margin(change, margin, expected) -> None:
    test = TEST | {"type": "DIR", "label": "positive", "change": change, "margin": margin}
    before = np.array([[0.5, 0.1, 0.4]] * 3)
    after = np.array([[0.2, 0.1, 0.7], [0.5, 0.1, 0.4], [0.8, 0.1, 0.1]])
    assert failed(test, before, after, LABELS).tolist() == expected


def test_a_move_of_exactly_the_margin_passes() -> None:
    test = TEST | {"type": "DIR", "label": "positive", "change": "up", "margin": -0.1}
    before, after = np.array([[0.2, 0.1, 0.7]]), np.array([[0.3, 0.1, 0.6]])
    assert not failed(test, before, after, LABELS).any()


def questions() -> tuple[pd.DataFrame, list[dict]]:
    rows = [("a/m", "before", f"m{case}") for case in range(4)]
    rows += [("b/i", role, f"{role}{case}") for role in ("before", "after") for case in range(2)]
    tests = [
        TEST | {"key": "a/m", "capability": "one", "cases": 4, "expect": ["positive"]},
        TEST | {"key": "b/i", "capability": "two", "cases": 2, "type": "INV"},
        TEST | {"key": "b/none", "capability": "two", "cases": 0, "type": "INV"},
    ]
    return pd.DataFrame(rows, columns=["test", "role", "text"]), tests


def test_rates_are_by_test_capability_and_in_all() -> None:
    rows, tests = questions()
    good = said("positive", "positive", "positive", "positive", *["neutral"] * 4)
    poor = said("positive", *["negative"] * 3, "positive", "neutral", "negative", "neutral")
    found = judge_behaviour(rows, tests, {"good": good, "poor": poor}, "poor", LABELS, 0.95)
    assert [test["key"] for test in found["tests"]] == ["a/m", "b/i"]
    assert found["models"]["good"]["all"]["failed"] == 0
    rates = found["models"]["poor"]
    assert rates["capabilities"]["one"]["rate"] == 0.75
    assert rates["capabilities"]["two"] == rates["tests"]["b/i"] == failure_rate(1, 2, 0.95)
    assert rates["all"]["rate"] == 4 / 6
    assert behaviour_headline(found) == {
        "behaviour_failures": 4 / 6,
        "behaviour_failures_one": 0.75,
        "behaviour_failures_two": 0.5,
    }


def test_examples_are_the_first_failures_with_both_texts() -> None:
    rows, tests = questions()
    poor = said("positive", *["negative"] * 3, "positive", "neutral", "negative", "neutral")
    found = judge_behaviour(rows, tests, {"poor": poor}, "poor", LABELS, 0.95)
    texts = [[said["text"] for said in one["texts"]] for one in found["examples"]]
    assert texts == [["m1"], ["m2"], ["before0", "after0"]]
    assert len([one for one in found["examples"] if one["test"] == "a/m"]) == EXAMPLES
    last = found["examples"][-1]["texts"]
    assert [said["predicted"] for said in last] == ["positive", "negative"]
    assert last[1]["probability"] == 0.8


def test_without_tests_there_is_nothing_to_say() -> None:
    rows = pd.DataFrame({"test": [], "role": [], "text": []}, dtype="str")
    found = judge_behaviour(rows, [], {"poor": NONE}, "poor", LABELS, 0.95)
    assert found["models"] == {}
    assert behaviour_headline(found) == {}
