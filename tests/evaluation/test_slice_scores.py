"""Scores of slices: against scikit-learn's, published p-values, and gaps planted by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score

from sluice.evaluation.candidates import Candidate
from sluice.evaluation.pairs import holm
from sluice.evaluation.predictions import prediction_frame
from sluice.evaluation.slice_scores import (
    SliceTerms,
    count_slices,
    slice_headline,
    summarise_slices,
)
from sluice.evaluation.slices import Slice

LABELS = ("no", "so", "yes")
ROWS = 300
GENERATOR = np.random.default_rng(4)
TRUE = GENERATOR.integers(3, size=ROWS)


def candidate(name: str, predicted: np.ndarray) -> Candidate:
    probabilities = np.where(np.eye(3)[predicted] == 1, 0.8, 0.1)
    labels = [LABELS[place] for place in TRUE]
    ids = [str(row) for row in range(ROWS)]
    frame = prediction_frame(ids, "test", labels, probabilities, LABELS)
    return Candidate("model", name, None, frame)


NOISY = np.where(GENERATOR.random(ROWS) < 0.3, (TRUE + 1) % 3, TRUE)
FIRST = np.arange(ROWS) < 100
BAD = np.where(FIRST & (np.arange(ROWS) % 2 == 0), (TRUE + 1) % 3, TRUE)


def summarise(predicted: np.ndarray, *parts: Slice, fairness: tuple[str, ...] = (), **terms):
    settings = {"resamples": 400, "seed": 0, "confidence": 0.95, "min_rows": 20, **terms}
    candidates = [candidate("lstm", predicted), candidate("svm", NOISY)]
    whole = SliceTerms(candidates, LABELS, np.arange(ROWS), **settings)
    return summarise_slices(parts, whole, fairness)


def halves(name: str = "half") -> tuple[Slice, Slice]:
    return Slice(name, "first", FIRST), Slice(name, "rest", ~FIRST)


def test_scores_are_those_of_scikit_learn_over_the_labels_present() -> None:
    lacking = FIRST & (TRUE != 1)
    found = summarise(NOISY, *halves(), Slice("label", "not so", lacking))
    for one, mask in zip(found["slices"], [FIRST, ~FIRST, lacking], strict=True):
        present = sorted(set(TRUE[mask]))
        scores = one["scores"]["lstm"]
        assert one["labels"] == [LABELS[place] for place in present]
        assert one["rows"] == mask.sum()
        assert scores["accuracy"]["value"] == pytest.approx(accuracy_score(TRUE[mask], NOISY[mask]))
        assert scores["macro_f1"]["value"] == pytest.approx(
            f1_score(TRUE[mask], NOISY[mask], labels=present, average="macro")
        )
        assert scores == one["scores"]["svm"]  # of equal predictions
    assert found["overall"]["lstm"]["macro_f1"]["value"] == pytest.approx(
        f1_score(TRUE, NOISY, average="macro")
    )


def test_the_interval_of_accuracy_is_that_of_a_binomial() -> None:
    found = summarise(NOISY, *halves(), resamples=4000)["slices"][1]
    accuracy = found["scores"]["lstm"]["accuracy"]
    rows = found["rows"]
    error = (accuracy["value"] * (1 - accuracy["value"]) / rows) ** 0.5  # of a mean of 0 and 1
    assert accuracy["high"] - accuracy["low"] == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_the_slice_with_the_planted_errors_is_weak_and_no_other() -> None:
    other = Slice("odd", "odd", np.arange(ROWS) % 2 == 1)
    found = summarise(BAD, *halves(), other)
    assert [one["weak"] for one in found["slices"]] == [True, False, False]
    weak = found["slices"][0]["difference"]
    assert weak["high"] < 0
    assert weak["p"] < weak["p_holm"] < 0.05


def test_pure_noise_names_nothing() -> None:
    parts = [Slice("fold", str(fold), np.arange(ROWS) % 6 == fold) for fold in range(6)]
    found = summarise(NOISY, *parts)
    assert not any(one["weak"] for one in found["slices"])


def test_a_perfect_slice_has_no_error_to_judge_by() -> None:
    found = summarise(TRUE.copy(), *halves())
    assert [one["difference"]["p"] for one in found["slices"]] == [1.0, 1.0]
    assert not any(one["weak"] for one in found["slices"])


def test_small_slices_are_listed_and_not_scored() -> None:
    small = Slice("country", "nowhere", np.arange(ROWS) < 19)
    found = summarise(NOISY, small, *halves())
    assert found["too_small"] == [{"dimension": "country", "value": "nowhere", "rows": 19}]
    assert [one["value"] for one in found["slices"]] == ["first", "rest"]


def test_the_largest_gap_is_between_the_groups_furthest_apart() -> None:
    parts = [Slice("sex", str(part), np.arange(ROWS) // 100 == part) for part in range(3)]
    gap = summarise(BAD, *parts, fairness=("sex",))["fairness"]["sex"]
    first = f1_score(TRUE[FIRST], BAD[FIRST], average="macro")
    assert gap["worst"] == "0"
    assert gap["value"] == pytest.approx(1 - first)
    assert 0 < gap["low"] < gap["value"] < gap["high"]
    assert gap["groups"] == 3


def test_one_group_has_no_gap() -> None:
    whole = Slice("sex", "f", np.ones(ROWS, dtype=bool))
    assert summarise(NOISY, whole, fairness=("sex",))["fairness"] == {"sex": None}


def test_groups_without_a_common_label_have_no_gap() -> None:
    parts = [Slice("sex", name, place == TRUE) for place, name in enumerate("abc")]
    assert summarise(NOISY, *parts, fairness=("sex",))["fairness"] == {"sex": None}


def test_p_values_are_adjusted_for_the_number_of_scored_slices() -> None:
    small = Slice("country", "nowhere", np.arange(ROWS) < 19)  # not scored, so not counted
    parts = [Slice("fold", str(fold), np.arange(ROWS) % 4 == fold) for fold in range(4)]
    found = summarise(BAD, small, *halves(), *parts)["slices"]
    p_values = [one["difference"]["p"] for one in found]
    assert len(p_values) == 6
    assert min(p_values) < max(p_values)
    assert [one["difference"]["p_holm"] for one in found] == holm(p_values)


def test_all_slices_are_counted_in_the_same_resamples() -> None:
    candidates = [candidate("lstm", BAD), candidate("svm", NOISY)]
    terms = SliceTerms(candidates, LABELS, np.arange(ROWS), 100, 3, 0.95, 20)
    whole, *both = count_slices([Slice("all", "all", np.ones(ROWS, bool)), *halves()], terms)
    np.testing.assert_array_equal(both[0].drawn + both[1].drawn, whole.drawn)
    np.testing.assert_array_equal(both[0].total + both[1].total, whole.total)
    (alone,) = count_slices(halves()[:1], terms)
    np.testing.assert_array_equal(alone.drawn, both[0].drawn)


def test_the_headline_is_flat() -> None:
    found = summarise(BAD, *halves("sex"), fairness=("sex",))
    numbers = slice_headline(found)
    assert (
        numbers["worst_slice_macro_f1"] == found["slices"][0]["scores"]["lstm"]["macro_f1"]["value"]
    )
    assert numbers["gap_of_sex"] == found["fairness"]["sex"]["value"]
    assert slice_headline(summarise(BAD)) == {}


def test_clusters_are_drawn_whole() -> None:
    groups = pd.factorize(np.arange(ROWS) // 10)[0]
    candidates = [candidate("lstm", BAD)]
    wide = summarise_slices(halves(), SliceTerms(candidates, LABELS, groups, 400, 0, 0.95, 20), ())
    rows = SliceTerms(candidates, LABELS, np.arange(ROWS), 400, 0, 0.95, 20)
    assert wide != summarise_slices(halves(), rows, ())
    assert wide["slices"][0]["scores"].keys() == {"lstm"}
