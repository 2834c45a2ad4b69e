import numpy as np
import pytest
from scipy.special import log_softmax

from sluice.models.outcomes import calibrate, fit_temperature


def test_the_temperature_of_two_labels_has_a_closed_form() -> None:
    # Score +1 for the label taken, -1 for the other, right with share p: the least loss is where
    # the softmax says p, that is 2 / T = ln(p / (1 - p)).
    share, rows = 0.8, 1000
    labels = np.zeros(rows, dtype=np.int64)
    scores = np.tile([1.0, -1.0], (rows, 1))
    scores[int(share * rows) :] *= -1
    temperature = fit_temperature(scores, labels)
    assert temperature == pytest.approx(2 / np.log(share / (1 - share)), rel=1e-4)


def test_no_other_temperature_has_less_loss() -> None:
    generator = np.random.default_rng(0)
    scores, labels = generator.normal(size=(200, 3)), generator.integers(3, size=200)
    scores[np.arange(200), labels] += 1.0

    def loss(temperature: float) -> float:
        return -log_softmax(scores / temperature, axis=1)[np.arange(200), labels].mean()

    best = fit_temperature(scores, labels)
    assert loss(best) <= min(loss(best * 1.01), loss(best / 1.01))


def test_calibration_changes_no_decision_and_sums_to_one() -> None:
    generator = np.random.default_rng(1)
    validation, test = generator.normal(size=(2, 50, 3))
    labels = generator.integers(3, size=50)
    outcome = calibrate(validation, test, labels, {"c": 1.0})
    np.testing.assert_array_equal(outcome.test.argmax(axis=1), test.argmax(axis=1))
    np.testing.assert_allclose(outcome.validation.sum(axis=1), 1.0)
    assert set(outcome.facts) == {"c", "temperature"}
