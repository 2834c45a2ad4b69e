"""Where a difference puts a model: by its interval, never by the bare difference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.reporting.verdict import place


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.02, -0.001, "below"),
        (-0.02, 0.0, "level with"),
        (-0.01, 0.01, "level with"),
        (0.0, 0.03, "level with"),
        (0.001, 0.03, "above"),
    ],
)
def test_place(low: float, high: float, expected: str) -> None:
    assert place(low, high) == expected


@given(st.floats(-1, 1), st.floats(0, 1))
def test_place_mirrors(low: float, width: float) -> None:
    mirror = {"below": "above", "above": "below", "level with": "level with"}
    assert place(-(low + width), -low) == mirror[place(low, low + width)]
