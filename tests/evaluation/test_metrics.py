import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    precision_recall_fscore_support,
)

from sluice.errors import ParamsError
from sluice.evaluation.metrics import (
    class_scores,
    confusion_of,
    headline_scores,
    polarity_values,
    row_columns,
    row_losses,
)

POLARITY = np.array([-1.0, 0.0, 1.0])


def random_model(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.integers(3, size=rows), generator.dirichlet([0.5, 0.5, 0.5], size=rows)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 40))
def test_scores_are_those_of_scikit_learn(seed: int, rows: int) -> None:
    true, probabilities = random_model(seed, rows)
    predicted = probabilities.argmax(axis=1)
    sums = row_columns(true, probabilities, POLARITY).sum(axis=0)
    scores = headline_scores(sums, 3)
    for average in ("macro", "weighted"):
        expected = precision_recall_fscore_support(
            true, predicted, labels=[0, 1, 2], average=average, zero_division=0
        )
        for name, value in zip(("precision", "recall", "f1"), expected[:3], strict=True):
            assert scores[f"{average}_{name}"] == pytest.approx(value)
    by_class = class_scores(confusion_of(sums, 3))
    expected = precision_recall_fscore_support(true, predicted, labels=[0, 1, 2], zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        np.testing.assert_allclose(by_class[name], values)
    np.testing.assert_array_equal(
        confusion_of(sums, 3), confusion_matrix(true, predicted, labels=[0, 1, 2])
    )
    expectation = probabilities @ POLARITY
    assert scores["accuracy"] == pytest.approx(accuracy_score(true, predicted))
    assert scores["log_loss"] == pytest.approx(log_loss(true, probabilities, labels=[0, 1, 2]))
    assert scores["polarity_mae"] == pytest.approx(mean_absolute_error(true - 1, expectation))
    assert scores["polarity_mse"] == pytest.approx(mean_squared_error(true - 1, expectation))


def test_the_example_in_scikit_learns_documentation() -> None:
    # precision_recall_fscore_support and f1_score, "Examples": macro 0.22, 0.33, 0.26.
    true, predicted = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 2, 1, 0, 0, 1])
    scores = headline_scores(row_columns(true, np.eye(3)[predicted], None).sum(axis=0), 3)
    assert scores["macro_precision"] == pytest.approx(2 / 9)
    assert scores["macro_recall"] == pytest.approx(1 / 3)
    assert scores["macro_f1"] == pytest.approx(4 / 15)


def test_many_sums_at_once_give_what_each_gives_alone() -> None:
    columns = row_columns(*random_model(0, 60), POLARITY)
    sums = np.stack([columns[:20].sum(axis=0), columns[20:].sum(axis=0)])
    both = headline_scores(sums, 3)
    for place in range(2):
        for name, value in headline_scores(sums[place], 3).items():
            assert both[name][place] == value


def test_a_certain_error_has_a_finite_loss() -> None:
    losses = row_losses(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]))
    assert losses[0] == pytest.approx(-np.log(np.finfo(float).eps))
    assert losses[1] == 0.0


def test_labels_without_polarity_have_no_polarity_error() -> None:
    scores = headline_scores(row_columns(*random_model(1, 10), None).sum(axis=0), 3)
    assert "log_loss" in scores
    assert not any(name.startswith("polarity") for name in scores)


def test_polarity_follows_the_order_of_the_labels() -> None:
    values = polarity_values({"up": 1.0, "down": -1.0}, ("down", "up"))
    assert values is not None
    assert values.tolist() == [-1.0, 1.0]
    assert polarity_values(None, ("a", "b")) is None


@pytest.mark.parametrize("polarity", [{"up": 1.0}, {"up": 1.0, "down": -1.0, "flat": 0.0}])
def test_polarity_must_cover_exactly_the_labels(polarity: dict[str, float]) -> None:
    with pytest.raises(ParamsError, match=r"evaluate\.polarity has the labels up"):
        polarity_values(polarity, ("down", "up"))
