"""Sluice as a scikit-learn estimator: contracts, a pipeline, cross-validation, saved and loaded."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from sluice import Classifier
from sluice.errors import DataError, ParamsError

SMALL = {
    "tokens": {"kind": "words", "min_count": 1},
    "model": {"embedding_size": 8, "hidden_size": 8},
    "optimisation": {
        "max_epochs": 8,
        "batch_size": 8,
        "learning_rate": 0.03,
        "averaging_decay": None,
    },
}
TEXTS = ["what a lovely day", "i hate this awful rain", "lovely and good", "awful and bad"] * 10
LABELS = ["up", "down"] * 20


@pytest.fixture(scope="module")
def fitted() -> Classifier:
    return Classifier(**SMALL).fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_estimator_repr,
    ],
    ids=lambda check: check.__name__,
)
def test_the_checks_of_sklearn_that_need_no_numbers_pass(check) -> None:
    check("Classifier", Classifier())


def test_it_learns_and_says_what_it_learnt(fitted: Classifier) -> None:
    assert fitted.classes_.tolist() == ["down", "up"]
    assert fitted.predict(["a lovely thing", "an awful thing"]).tolist() == ["up", "down"]
    found = fitted.predict_proba(TEXTS)
    assert found.sum(axis=1) == pytest.approx(1)
    assert fitted.classes_[found.argmax(axis=1)].tolist() == fitted.predict(TEXTS).tolist()
    assert fitted.score(TEXTS, LABELS) == 1.0


def test_the_same_fit_gives_the_same_numbers(fitted: Classifier) -> None:
    again = clone(fitted)
    assert not hasattr(again, "bundle_")
    assert np.array_equal(
        again.fit(TEXTS, LABELS).predict_proba(TEXTS), fitted.predict_proba(TEXTS)
    )


def test_numbers_may_be_labels(fitted: Classifier) -> None:
    numbers = np.where(np.array(LABELS) == "up", 7, -3)
    model = make_pipeline(FunctionTransformer(), Classifier(**SMALL)).fit(TEXTS, numbers)
    assert model.predict(["lovely", "awful"]).tolist() == [7, -3]


def test_cross_validation_takes_it() -> None:
    scores = cross_val_score(Classifier(**SMALL), np.array(TEXTS), LABELS, cv=2)
    assert scores.tolist() == [1.0, 1.0]


def test_what_is_saved_is_loaded(fitted: Classifier, tmp_path) -> None:
    fitted.save(tmp_path / "bundle")
    loaded = Classifier.load(tmp_path / "bundle")
    assert np.array_equal(loaded.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    assert loaded.predict(TEXTS).tolist() == fitted.predict(TEXTS).tolist()
    with pytest.raises(DataError, match="is there already"):
        fitted.save(tmp_path / "bundle")


@pytest.mark.parametrize(
    ("texts", "labels", "says"),
    [
        ("one text", ["a"], "not one text"),
        ([["a"], ["b"]], ["a", "b"], "shape"),
        (["a", 3], ["a", "b"], "another type"),
        (["a", "b", "c"], ["a", "b"], "X has 3 texts, y has 2 labels"),
        (["a", "b"], ["a", "a"], "one class"),
        (["a", "b"], [0.5, 1.7], "Unknown label type"),
    ],
)
def test_what_cannot_be_learnt_is_refused(texts, labels, says) -> None:
    with pytest.raises(ValueError, match=says):
        Classifier(**SMALL).fit(texts, labels)


def test_wrong_settings_are_named_and_an_unfitted_one_says_so() -> None:
    with pytest.raises(ParamsError, match=r"model\.hiden_size: unknown key"):
        Classifier(model={"hiden_size": 3}).fit(TEXTS, LABELS)
    with pytest.raises(NotFittedError):
        Classifier().predict(["a"])


def test_importing_sluice_loads_no_torch() -> None:
    code = "import sys, sluice; print([m for m in ('torch', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
