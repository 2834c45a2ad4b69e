"""Learning-rate schedules."""

import itertools

import pytest

from sluice.models.schedules import SCHEDULES


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_start_at_one_and_never_rise(name) -> None:
    factors = [SCHEDULES[name](step / 100) for step in range(101)]
    assert factors[0] == pytest.approx(1)
    assert all(later <= earlier for earlier, later in itertools.pairwise(factors))
    assert min(factors) > 0


def test_half_way() -> None:
    assert SCHEDULES["linear"](0.5) == 0.5
    assert SCHEDULES["cosine"](0.5) == pytest.approx(0.51)
