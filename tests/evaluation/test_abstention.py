import numpy as np
import pytest

from sluice.evaluation.abstention import (
    POINTS,
    AbstentionParams,
    area_under,
    coverage_at,
    fit_thresholds,
    is_answered,
    measure_abstention,
    rank,
    trace,
)
from sluice.evaluation.candidates import BootstrapParams
from sluice.evaluation.scaling import Answers, Scaled

DRAW = BootstrapParams(resamples=200, unit="rows")


def answers(sure: list[float], right: list[bool]) -> Answers:
    """Answers of two labels, always the first."""
    values = np.array(sure)
    return Answers(np.where(right, 0, 1), np.column_stack([values, 1 - values]))


FIVE = answers([0.6, 0.95, 0.9, 0.7, 0.8], [False, True, True, True, False])


def curve_of(part: Answers):
    return trace(rank(part), np.ones(len(part.true)))


def test_the_curve_by_hand() -> None:
    curve = curve_of(FIVE)
    assert curve.coverage == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert curve.risk == pytest.approx([0.0, 0.0, 1 / 3, 1 / 4, 2 / 5])
    assert area_under(curve) == pytest.approx((1 / 3 + 1 / 4 + 2 / 5) / 5)


def test_the_largest_coverage_that_keeps_to_the_rate() -> None:
    curve = curve_of(FIVE)
    # At 0.8 the curve comes back under 0.3 after it was above.
    found = [float(coverage_at(curve, rate)) for rate in (0.1, 0.3, 0.4)]
    assert found == pytest.approx([0.4, 0.8, 1.0])
    assert coverage_at(curve_of(answers([0.9], [False])), 0.5) == 0.0


def test_equal_confidence_is_answered_together() -> None:
    curve = curve_of(answers([0.7, 0.7, 0.9], [True, False, True]))
    assert curve.coverage == pytest.approx([1 / 3, 1.0])
    assert curve.risk == pytest.approx([0.0, 1 / 3])


def test_errors_that_are_foreseen_have_the_area_of_the_paper() -> None:
    # El-Yaniv & Wiener: with error r and all errors last, risk is 0 up to 1 - r and then
    # (c - (1 - r)) / c; its integral is r + (1 - r) ln(1 - r).
    rows, error = 5000, 0.2
    part = answers(list(np.linspace(1.0, 0.5, rows)), list(np.arange(rows) < rows * (1 - error)))
    assert area_under(curve_of(part)) == pytest.approx(error + 0.8 * np.log(0.8), abs=1e-3)


def test_errors_that_nothing_foresees_have_the_area_of_their_share() -> None:
    generator = np.random.default_rng(0)
    part = answers(list(generator.uniform(0.5, 1, 20_000)), list(generator.random(20_000) < 0.7))
    assert area_under(curve_of(part)) == pytest.approx(0.3, abs=0.02)


def test_rows_that_are_drawn_twice_count_twice() -> None:
    weights = np.array([[1.0, 2.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0, 5.0]])
    first, second = (trace(rank(FIVE), weights).risk[row] for row in (0, 1))
    repeated = curve_of(answers([0.6, 0.95, 0.95, 0.7, 0.8], [False, True, True, True, False]))
    assert first[[1, 2, 3, 4]] == pytest.approx(repeated.risk)
    assert second[-1] == 1.0


def test_each_label_has_a_threshold_of_its_own() -> None:
    true = np.array([0, 0, 1, 1, 1, 0])
    first = np.array([0.9, 0.8, 0.7, 0.1, 0.2, 0.4])
    part = Answers(true, np.column_stack([first, 1 - first]))
    # Of the first label 0.9 and 0.8 are right, 0.7 is wrong; of the second 0.9 and 0.8 are right,
    # 0.6 is wrong, and a third may be wrong.
    assert fit_thresholds(part, 0.1) == pytest.approx([0.8, 0.8])
    assert fit_thresholds(part, 0.34) == pytest.approx([0.7, 0.6])
    assert is_answered(part, [0.8, None]).tolist() == [True, True, False, False, False, False]


def test_a_label_that_is_never_right_enough_is_not_answered() -> None:
    assert fit_thresholds(answers([0.9, 0.8], [False, False]), 0.1) == [None, None]


def measured(validation: Answers, test: Answers) -> dict:
    scaled = {"model": Scaled(1.0, test, validation, test)}
    groups = np.arange(len(test.true))
    found = measure_abstention(scaled, groups, ("no", "yes"), DRAW, AbstentionParams())
    return found["model"]


def simulated(seed: int, rows: int = 2000) -> Answers:
    generator = np.random.default_rng(seed)
    sure = generator.uniform(0.5, 1.0, rows)
    return answers(list(sure), list(generator.random(rows) < sure))


def test_thresholds_of_validation_rows_hold_on_test_rows() -> None:
    found = measured(simulated(0), simulated(1))
    # Right with probability u, uniform in 0.5 to 1: above t the error is (1 - t) / 2, which is a
    # tenth at t = 0.8, and two fifths of the rows lie above.
    assert found["thresholds"]["no"] == pytest.approx(0.8, abs=0.05)
    assert found["thresholds"]["yes"] is None
    assert found["coverage"]["low"] < 0.4 < found["coverage"]["high"]
    error = found["answered"]["error_rate"]
    assert error["low"] < 0.1 + 0.03
    assert found["answered"]["coverage"]["value"] == pytest.approx(0.4, abs=0.1)
    assert found["aurc"]["low"] < found["aurc"]["value"] < found["aurc"]["high"]


def test_a_curve_is_thinned_but_keeps_its_end() -> None:
    curve = measured(simulated(0), simulated(1))["curve"]
    assert len(curve["coverage"]) == len(curve["risk"]) == POINTS
    assert curve["coverage"][-1] == 1.0
    assert curve["risk"][-1] == pytest.approx(0.25, abs=0.03)
    assert len(measured(FIVE, FIVE)["curve"]["coverage"]) == 5


def test_where_nothing_is_answered_there_is_no_error_rate() -> None:
    never = answers([0.9, 0.8], [False, False])
    found = measured(never, never)["answered"]
    assert found == {"coverage": {"value": 0.0, "low": 0.0, "high": 0.0}, "error_rate": None}
