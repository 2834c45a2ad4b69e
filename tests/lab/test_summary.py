"""Intervals: against closed forms, and what must hold for any trial."""

import numpy as np
import pytest

from sluice.lab.experiment import Score, Trial
from sluice.lab.summary import resample_crossed, weigh, weigh_all


def trial(honest: np.ndarray, leaky: np.ndarray, seed: int = 0, mistake: str = "random_split"):
    clusters = np.arange(len(honest))
    scores = (Score(right, clusters, 0.5) for right in (honest, leaky))
    return Trial(mistake, seed, *scores, train_rows=10)


def test_equal_arms_are_worth_nothing_for_sure() -> None:
    right = np.arange(50) % 2
    worth = weigh([trial(right, right), trial(right, right, 1)])
    assert (worth.honest, worth.gain) == (0.5, 0.0)
    assert worth.gain_bounds == (0.0, 0.0)
    assert worth.by_seed == (0.0, 0.0)


def test_variance_over_crossed_draws_is_the_one_of_the_paper() -> None:
    """Owen 2007, theorem 3: for row and column effects the variances of both means add up."""
    generator = np.random.default_rng(0)
    rows, seeds = generator.normal(size=400), generator.normal(size=8)
    cells = (rows[:, None] + seeds[None, :])[:, :, None]
    columns = np.concatenate([cells, np.ones_like(cells)], axis=2)
    drawn = resample_crossed(columns, 4000, 1)
    found = (drawn[:, 0] / drawn[:, 1]).var()
    assert found == pytest.approx(rows.var() / 400 + seeds.var() / 8, rel=0.08)


def test_one_seed_gives_the_bootstrap_of_rows() -> None:
    honest, leaky = np.zeros(100, np.int64), (np.arange(100) < 20).astype(np.int64)
    worth = weigh([trial(honest, leaky)])
    assert worth.gain == pytest.approx(0.2)
    spread = 1.96 * np.sqrt(0.2 * 0.8 / 100)
    assert worth.gain_bounds == pytest.approx((0.2 - spread, 0.2 + spread), abs=0.015)


def test_each_mistake_has_a_row_in_order() -> None:
    right = np.ones(10, np.int64)
    trials = [trial(right, right, seed, name) for seed in (0, 1) for name in ("b", "a")]
    assert [(one.mistake, one.seeds) for one in weigh_all(trials)] == [("b", 2), ("a", 2)]
