import numpy as np
import pytest
from scipy.special import log_softmax

from sluice.temperature import apply_temperature, fit_temperature, scores_of


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


def test_log_probabilities_and_logits_have_the_same_temperature() -> None:
    generator = np.random.default_rng(2)
    logits, labels = 3 * generator.normal(size=(300, 3)), generator.integers(3, size=300)
    of_logits = fit_temperature(logits, labels)
    scores = scores_of(apply_temperature(logits, 1.0))
    assert fit_temperature(scores, labels) == pytest.approx(of_logits, rel=1e-6)
    np.testing.assert_allclose(
        apply_temperature(scores, of_logits), apply_temperature(logits, of_logits)
    )


def test_a_probability_of_zero_is_scaled_too() -> None:
    probabilities = np.array([[1.0, 0.0], [0.5, 0.5]])
    scaled = apply_temperature(scores_of(probabilities), 2.0)
    assert np.isfinite(scaled).all()
    # A ratio of probabilities r becomes r to the power of 1 / T.
    assert scaled[0, 1] / scaled[0, 0] == pytest.approx(np.finfo(float).eps ** 0.5)
    np.testing.assert_allclose(scaled[1], 0.5)
