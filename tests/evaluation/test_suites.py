"""Behaviour suites: what is refused in words, and that those shipped are whole."""

import re
from pathlib import Path

import pytest
import yaml

from sluice.errors import ParamsError
from sluice.evaluation.edits import EDITS
from sluice.evaluation.suites import parse_suite, slots_of, why_skipped
from sluice.evaluation.templates import expand
from sluice.params import read_yaml

ROOT = Path(__file__).parents[2]
SHIPPED = {path.stem: path for path in sorted((ROOT / "suites").glob("*.yaml"))}
LABELS = ("negative", "neutral", "positive")


def suite(**test: object) -> dict:
    tests = [{"name": "one", "type": "MFT", "templates": ["a {thing}"], "expect": ["good"]} | test]
    slots = {"thing": ["film", "phone"]}
    return {"capability": "praise", "labels": ["good", "bad"], "slots": slots, "tests": tests}


def test_a_whole_suite_is_read() -> None:
    read = parse_suite(suite(), "suites/praise.yaml")
    assert read.tests[0].labels == ["good"]
    assert read.tests[0].margin == -0.1


PAIR = {"expect": [], "becomes": ["b {thing}"]}


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"expect": ["god"]}, r"x\.yaml: suite: .*unknown label god; valid: good, bad"),
        ({"templates": ["a {thng}"]}, r"unknown slot thng; valid: thing"),
        ({"templates": ["a {thing.__class__}"]}, "is not a slot's name"),
        ({"templates": ["a {thing!r}"]}, "is not a slot's name"),
        ({"templates": ["a {"]}, "x.yaml"),
        ({"expect": []}, r"suite\.tests\.0: .*MFT needs expect or refuse"),
        ({"refuse": ["bad"]}, "MFT needs expect or refuse"),
        ({"becomes": ["b"]}, "MFT needs expect or refuse"),
        ({"type": "INV"}, "INV needs becomes or edits"),
        ({"type": "DIR", **PAIR}, "DIR needs becomes or edits, label and change"),
        ({"type": "DIR", **PAIR, "label": "gut", "change": "up"}, "unknown label gut; valid: good"),
        ({"type": "INV", "expect": [], "becomes": ["b", "c"]}, "as many texts as templates"),
        ({"type": "INV", "expect": [], "edits": ["up"]}, r"unknown edit up; valid: swap_letters,"),
        ({"typ": "MFT"}, r"suite\.tests\.0\.typ: unknown key; valid keys: "),
        ({"type": "XYZ"}, r"suite\.tests\.0\.type"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_valid(test: dict, message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        parse_suite(suite(**test), "suites/x.yaml")


def test_two_tests_of_one_name_are_refused() -> None:
    content = suite()
    with pytest.raises(ParamsError, match="two tests are named 'one'"):
        parse_suite(content | {"tests": content["tests"] * 2}, "x")


def test_a_suite_without_its_labels_is_skipped_with_the_reason() -> None:
    read = parse_suite(suite(), "x")
    assert why_skipped(read, ["bad", "good", "mixed"]) is None
    reason = why_skipped(read, ["good", "mixed"])
    assert reason == "needs the label bad, and the data has good, mixed"


def test_slots_are_named_once_in_their_order() -> None:
    assert slots_of("{b} {{no}} {a} {b}") == ["b", "a"]


def test_the_shipped_suites_cover_what_was_asked_with_300_cases_and_more() -> None:
    read = {name: parse_suite(read_yaml(path), name) for name, path in SHIPPED.items()}
    assert {one.capability for one in read.values()} >= {
        "negation", "intensifiers", "typos", "case", "additions", "names", "contrast",
    }  # fmt: skip
    assert all(why_skipped(one, LABELS) is None for one in read.values())
    cases = [
        (name, case)
        for name, one in read.items()
        for test in one.tests
        for case in expand(test, one.slots, 30)
    ]
    assert len(cases) >= 300
    assert {test.type for one in read.values() for test in one.tests} == {"MFT", "INV", "DIR"}
    for _, case in cases:
        for text in filter(None, case):
            assert not re.search(r"[{}]|  |^\s|\s$", text), text
            assert not re.search(r"\b[Aa] [aeiou]", text), text


def test_the_suite_of_the_how_to_page_is_one() -> None:
    page = (ROOT / "docs/behaviour.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(capability:.*?)```", page, re.DOTALL)
    read = parse_suite(yaml.safe_load(block), "page")
    assert {test.type for test in read.tests} == {"MFT", "INV", "DIR"}
    assert all(edit in page for edit in EDITS)


def test_no_test_of_the_shipped_suites_is_without_cases() -> None:
    for name, path in SHIPPED.items():
        one = parse_suite(read_yaml(path), name)
        for test in one.tests:
            assert len(expand(test, one.slots, 30)) >= 10, f"{name}: {test.name}"
