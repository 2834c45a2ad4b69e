"""Thresholds keep the rate of false alarms that they state, and catch a planted shift."""

import numpy as np
import pytest

from sluice.watching.judging import Reference, measure_batch, reference_thresholds
from sluice.watching.reading import Seen
from sluice.watching.settings import STATISTICS, Watch
from sluice.watching.statistics import fit_measure
from sluice.watching.thresholds import draw_batches, find_thresholds, simulate

ROWS, SIZE = 400, 80


def references(pool: Seen, count: int) -> list[tuple[Reference, Seen]]:
    """References drawn from a pool, each with the rows that are left."""
    found = []
    for seed in range(count):
        order = np.random.default_rng(seed).permutation(len(pool.words))
        seen, rest = pool.take(order[:ROWS]), pool.take(order[ROWS:])
        right = seen.confidence > np.random.default_rng(seed).random(ROWS)
        found.append((Reference([""] * ROWS, seen, fit_measure(seen, right)), rest))
    return found


def count_alarms(pool: Seen, false_alarms: float, each: int, other: Seen | None = None) -> float:
    """Share of batches that raise an alarm; with `other`, half the rows of each are its."""
    watch = Watch(false_alarms=false_alarms, resamples=400)
    alarms = 0
    for number, (reference, rest) in enumerate(references(pool, 8)):
        thresholds = reference_thresholds(reference, SIZE, watch)
        for turn in range(each):
            rows = np.random.default_rng((number, turn))
            batch = rest.take(rows.choice(len(rest.words), SIZE, replace=False))
            if other is not None:
                planted = rows.choice(len(other.words), SIZE // 2, replace=False)
                batch = batch.take(np.arange(SIZE // 2)).join(other.take(planted))
            alarms += bool((measure_batch(reference, batch) > thresholds).any())
    return alarms / (8 * each)


def test_batches_without_drift_raise_no_more_alarms_than_stated(pool) -> None:
    assert count_alarms(pool, 0.02, 30) <= 0.05
    often = count_alarms(pool, 0.2, 30)
    assert 0.08 <= often <= 0.25  # thresholds that nothing reaches would keep any rate


def test_a_topic_shift_of_half_the_rows_is_caught(pool, shifted) -> None:
    assert count_alarms(pool, 0.02, 5, shifted) == 1.0


def test_all_statistics_together_keep_the_rate() -> None:
    """Independent statistics of any scale; a new batch is a new draw."""
    generator = np.random.default_rng(5)
    scale = 10.0 ** np.arange(6)
    thresholds = find_thresholds(generator.normal(size=(4000, 6)) * scale, 0.05)
    new = generator.normal(size=(40_000, 6)) * scale
    share = (new > thresholds).any(axis=1).mean()
    assert 0.035 <= share <= 0.06
    each = (new > thresholds).mean(axis=0)
    assert each == pytest.approx(np.full(6, 1 - 0.95 ** (1 / 6)), rel=0.5)


def test_a_statistic_that_is_always_the_same_takes_nothing_from_the_others() -> None:
    generator = np.random.default_rng(6)
    null = np.column_stack([np.zeros(4000), generator.normal(size=4000)])
    thresholds = find_thresholds(null, 0.05)
    assert thresholds[0] == 0.0
    assert (null[:, 1] > thresholds[1]).mean() == pytest.approx(0.05, abs=0.002)


def test_batches_are_drawn_without_repetition_and_again_the_same() -> None:
    draws = draw_batches(50, 12, 30, seed=1)
    assert (draws.sum(axis=0) == 12).all()
    assert set(np.unique(draws)) == {0.0, 1.0}
    assert (draws == draw_batches(50, 12, 30, seed=1)).all()
    assert len(np.unique(draws, axis=1).T) == 30


def test_a_simulation_has_a_value_for_each_draw(pool) -> None:
    reference, _ = references(pool, 1)[0]
    found = simulate(reference.seen, reference.measure, 20, 100, 0)
    assert found.shape == (100, len(STATISTICS))
    assert np.isfinite(found).all()
