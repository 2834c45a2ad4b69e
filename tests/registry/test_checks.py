"""Boundaries of the checks: what lies on a threshold, and one millionth beside it."""

from typing import Any

import pytest

from sluice.registry import checks
from sluice.registry.settings import Gate

STEP = 1e-6
GATE = Gate(floor=0.7, slice_margins={"platform": 0.1})


def figure(low: float, high: float = 1.0, value: float = 0.5) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def part(value: float, p_holm: float, dimension: str = "length") -> dict[str, Any]:
    return {
        "dimension": dimension, "slice": "5 tokens", "rows": 60, "p_holm": p_holm,
        **figure(value - 0.01, value + 0.01, value),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("passes", "fails"),
    [
        (lambda: checks.check_floor(figure(0.7), GATE),
         lambda: checks.check_floor(figure(0.7 - STEP), GATE)),
        (lambda: checks.check_baseline(figure(-0.02), "svm", GATE),
         lambda: checks.check_baseline(figure(-0.02 - STEP), "svm", GATE)),
        (lambda: checks.check_champion(figure(STEP), GATE),
         lambda: checks.check_champion(figure(0.0), GATE)),
        (lambda: checks.check_slices([part(-0.03, 0.0)], 0.95, GATE),
         lambda: checks.check_slices([part(-0.03 - STEP, 0.0)], 0.95, GATE)),
        (lambda: checks.check_slices([part(-0.1, 0.0, "platform")], 0.95, GATE),
         lambda: checks.check_slices([part(-0.1 - STEP, 0.0, "platform")], 0.95, GATE)),
        (lambda: checks.check_slices([part(-0.5, 0.06)], 0.95, GATE),
         lambda: checks.check_slices([part(-0.5, 0.04)], 0.95, GATE)),
        (lambda: checks.check_behaviour(figure(0.0, 0.05), 30, GATE),
         lambda: checks.check_behaviour(figure(0.0, 0.05 + STEP), 30, GATE)),
        (lambda: checks.check_calibration(figure(0.0, value=0.05), 0.03, GATE),
         lambda: checks.check_calibration(figure(0.0, value=0.05 + STEP), 0.03, GATE)),
        (lambda: checks.check_size(200, 100, GATE), lambda: checks.check_size(201, 100, GATE)),
        (lambda: checks.check_latency(figure(1.0, value=1.5), GATE),
         lambda: checks.check_latency(figure(1.0, value=1.5 + STEP), GATE)),
        (lambda: checks.check_labels(("a", "b"), ("b", "a")),
         lambda: checks.check_labels(("a", "b"), ("a", "b", "c"))),
    ],
)  # fmt: skip
def test_boundaries(passes, fails) -> None:
    assert passes().verdict == "passed"
    assert fails().verdict == "failed"


def test_all_slices_that_are_worse_are_named() -> None:
    found = checks.check_slices([part(-0.2, 0.0), part(0.1, 1.0), part(-0.3, 0.0)], 0.95, GATE)
    assert found.because.startswith("2 of 3 slices")
    assert len(found.details) == 2
    assert found.value == -0.3


def test_no_slices_are_not_asked() -> None:
    assert checks.check_slices([], 0.95, GATE).verdict == "not asked"


def test_no_baseline_fails() -> None:
    assert checks.check_baseline(None, None, GATE).verdict == "failed"
