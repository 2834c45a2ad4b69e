import numpy as np

from sluice.models.outcomes import calibrate


def test_calibration_changes_no_decision_and_sums_to_one() -> None:
    generator = np.random.default_rng(1)
    validation, test = generator.normal(size=(2, 50, 3))
    labels = generator.integers(3, size=50)
    outcome = calibrate(validation, test, labels, {"c": 1.0})
    np.testing.assert_array_equal(outcome.test.argmax(axis=1), test.argmax(axis=1))
    np.testing.assert_allclose(outcome.validation.sum(axis=1), 1.0)
    assert set(outcome.facts) == {"c", "temperature"}
