import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from sluice.evaluation.calibration import (
    CalibrationParams,
    calibration_columns,
    calibration_scores,
    draw_perfect,
    equal_mass_bins,
    error_interval,
    label_shares,
    measure_calibration,
    reliability,
)
from sluice.evaluation.candidates import BootstrapParams
from sluice.evaluation.scaling import Answers, Scaled

DRAW = BootstrapParams(resamples=300, unit="rows")


def claims(sure: np.ndarray, right: np.ndarray) -> Answers:
    """Answers of two labels, always the first, of which some are right."""
    return Answers(np.where(right, 0, 1), np.column_stack([sure, 1 - sure]))


def perfect(rows: int, seed: int = 0) -> Answers:
    generator = np.random.default_rng(seed)
    sure = generator.uniform(0.5, 1.0, rows)
    return claims(sure, generator.random(rows) < sure)


def error_of(answers: Answers, bins: int) -> float:
    sums = calibration_columns(answers, bins).sum(axis=0)
    return float(calibration_scores(sums, bins)["ece"])


def test_the_error_of_two_bins_by_hand() -> None:
    # Bin 1: 4 rows at 0.6, 1 right: gap 0.35. Bin 2: 4 rows at 0.9, 4 right: gap 0.1.
    answers = claims(np.repeat([0.6, 0.9], 4), np.array([1, 0, 0, 0, 1, 1, 1, 1], dtype=bool))
    assert error_of(answers, 2) == pytest.approx((0.35 + 0.1) / 2)
    assert reliability(calibration_columns(answers, 2).sum(axis=0), 2) == [
        {"rows": 4, "confidence": pytest.approx(0.6), "accuracy": 0.25},
        {"rows": 4, "confidence": pytest.approx(0.9), "accuracy": 1.0},
    ]


def test_one_claim_for_all_rows_is_one_bin() -> None:
    answers = claims(np.full(100, 0.8), np.arange(100) < 50)
    for bins in (2, 15):
        assert error_of(answers, bins) == pytest.approx(0.3)
    assert set(equal_mass_bins(answers.confidence, 15)) == {14}


def test_bins_hold_equally_many_rows() -> None:
    sure = np.random.default_rng(0).uniform(0.4, 1.0, 1000) ** 3
    counts = np.bincount(equal_mass_bins(sure, 10), minlength=10)
    assert counts.tolist() == [100] * 10


def test_log_loss_and_brier_score_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    answers = Answers(generator.integers(3, size=200), generator.dirichlet([1, 1, 1], 200))
    found = calibration_scores(calibration_columns(answers, 5).sum(axis=0), 5)
    expected = log_loss(answers.true, answers.probabilities, labels=[0, 1, 2])
    assert found["log_loss"] == pytest.approx(expected)
    expected = brier_score_loss(
        answers.true, answers.probabilities, labels=[0, 1, 2], scale_by_half=False
    )
    assert found["brier"] == pytest.approx(expected)


def test_chance_alone_is_the_mean_of_half_normal_gaps() -> None:
    # One bin of n rows at p: E |gap| = sqrt(2 / pi) * sqrt(p (1 - p) / n).
    rows, share = 2000, 0.7
    answers = claims(np.full(rows, share), np.ones(rows, dtype=bool))
    drawn = draw_perfect(answers, BootstrapParams(resamples=4000), 1)
    expected = np.sqrt(2 / np.pi) * np.sqrt(share * (1 - share) / rows)
    assert drawn.mean() == pytest.approx(expected, rel=0.05)


def test_perfect_calibration_is_mostly_not_told_from_chance() -> None:
    # Of 40 perfect models about two lie beyond 95% of chance; more than six would be a defect.
    beyond = 0
    for seed in range(40):
        answers = perfect(500, seed)
        drawn = draw_perfect(answers, DRAW, 10)
        beyond += error_of(answers, 10) > np.quantile(drawn, 0.95)
    assert beyond <= 6


def test_an_error_within_chance_may_be_none_at_all() -> None:
    samples, chance = np.linspace(0.02, 0.04, 101), np.linspace(0.0, 0.03, 101)
    within, told = error_interval(0.025, samples, chance, 0.95)
    assert within == pytest.approx((0.0, 0.0295))
    assert told == pytest.approx({"mean": 0.015, "high": 0.0285})
    beyond, _ = error_interval(0.03, samples, chance, 0.95)
    # The basic interval: 2 * 0.03 less the percentiles 0.0205 and 0.0395.
    assert beyond == pytest.approx((0.0205, 0.0395))


def test_label_shares_show_what_class_weights_move() -> None:
    answers = Answers(np.array([0, 0, 0, 1]), np.tile([0.5, 0.5], (4, 1)))
    assert label_shares(answers, ("no", "yes")) == {
        "no": {"actual": 0.75, "given": 0.5},
        "yes": {"actual": 0.25, "given": 0.5},
    }


def test_scaling_that_helps_is_seen_and_its_gain_is_paired() -> None:
    after = perfect(3000)
    odds = after.probabilities[:, 0] / after.probabilities[:, 1]
    before = claims(odds**3 / (1 + odds**3), after.right.astype(bool))
    scaled = {"model": Scaled(3.0, before, after, after), "same": Scaled(1.0, after, after, after)}
    found = measure_calibration(
        scaled, np.arange(3000), ("a", "b"), DRAW, CalibrationParams(bins=10)
    )
    one = found["model"]
    assert one["before"]["ece"]["low"] > one["before"]["ece"]["chance"]["high"]
    assert one["after"]["ece"]["low"] == 0.0
    assert one["gain"]["low"] > 0.0
    assert one["gain"]["value"] == pytest.approx(
        one["before"]["log_loss"]["value"] - one["after"]["log_loss"]["value"]
    )
    assert found["same"]["gain"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert sum(part["rows"] for part in one["before"]["bins"]) == 3000
