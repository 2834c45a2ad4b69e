"""Confident learning: against numbers worked out by hand, and on planted flips."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.evaluation.label_errors import (
    UNSURE,
    LabelErrorParams,
    calibrate_joint,
    confident_labels,
    count_joint,
    describe_suspects,
    find_suspects,
    find_thresholds,
    tabulate_suspects,
)

# Six rows by hand. Thresholds: (.9 + .7 + .2) / 3 = .6 and (.8 + .6 + .1) / 3 = .5.
LABELS = np.array([0, 0, 0, 1, 1, 1])
FIRST = np.array([0.9, 0.7, 0.2, 0.2, 0.4, 0.9])
PROBABILITIES = np.column_stack([FIRST, 1 - FIRST])


def test_by_hand() -> None:
    assert find_thresholds(LABELS, PROBABILITIES) == pytest.approx([0.6, 0.5])
    confident = confident_labels(LABELS, PROBABILITIES)
    assert confident.tolist() == [0, 0, 1, 1, 1, 0]
    counts = count_joint(LABELS, confident, 2)
    assert counts.tolist() == [[2, 1], [1, 2]]
    joint = calibrate_joint(counts, LABELS)
    assert joint == pytest.approx(np.array([[2, 1], [1, 2]]) / 6)
    suspects = find_suspects(LABELS, PROBABILITIES)
    assert suspects["row"].tolist() == [5, 2]
    assert suspects["suggested"].tolist() == [0, 1]
    assert suspects["margin"].tolist() == pytest.approx([-0.8, -0.6])


def test_a_row_below_all_thresholds_is_not_counted() -> None:
    labels = np.array([0, 0, 1, 1])
    first = np.array([0.9, 0.5, 0.1, 0.1])
    found = confident_labels(labels, np.column_stack([first, 1 - first]))
    assert found.tolist() == [0, UNSURE, 1, 1]


def test_calibration_gives_each_label_its_share_back() -> None:
    """The paper's equation 3: rows are scaled to the given labels' counts, then to 1."""
    counts = np.array([[8, 2], [0, 5]])
    labels = np.repeat([0, 1], [30, 10])
    assert calibrate_joint(counts, labels) == pytest.approx(np.array([[0.6, 0.15], [0.0, 0.25]]))


def test_a_label_without_rows_is_suggested_to_nobody() -> None:
    probabilities = np.array([[0.1, 0.0, 0.9], [0.6, 0.4, 0.0]])
    labels = np.array([0, 1])
    assert find_thresholds(labels, probabilities)[2] == np.inf
    assert 2 not in confident_labels(labels, probabilities)
    counts = count_joint(labels, confident_labels(labels, probabilities), 3)
    assert calibrate_joint(counts, labels).sum() == pytest.approx(1.0)


@given(st.integers(2, 4), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_suspects_are_what_they_say(classes: int, rows: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(classes), rows)
    labels = generator.integers(classes, size=rows)
    found = find_suspects(labels, probabilities)
    assert found["row"].is_unique
    assert (found["suggested"].to_numpy() != labels[found["row"]]).all()
    assert (found["margin"] < 0).all()
    assert found["margin"].is_monotonic_increasing
    counts = count_joint(labels, confident_labels(labels, probabilities), classes)
    joint = calibrate_joint(counts, labels)
    assert joint.sum() == pytest.approx(1.0)
    assert joint.sum(axis=1) == pytest.approx(np.bincount(labels, minlength=classes) / rows)


def test_certain_rows_raise_no_doubt() -> None:
    labels = np.arange(12) % 3
    assert find_suspects(labels, np.eye(3)[labels]).empty


def test_tables_name_rows_and_labels() -> None:
    rows = pd.DataFrame({"id": list("abcdef"), "text": [f"text {n}" for n in range(6)]})
    names = ("no", "yes")
    table = tabulate_suspects(rows, LABELS, PROBABILITIES, names)
    assert table.iloc[0].to_dict() == {
        "id": "f",
        "given": "yes",
        "suggested": "no",
        "margin": pytest.approx(-0.8),
        "p_given": pytest.approx(0.1),
        "p_suggested": pytest.approx(0.9),
        "text": "text 5",
    }
    facts = describe_suspects(table, LABELS, PROBABILITIES, names, LabelErrorParams(top=1))
    assert (facts["rows"], facts["suspects"]) == (6, 2)
    assert facts["estimated_share"] == pytest.approx(2 / 6, abs=1e-6)
    assert facts["accuracy"] == pytest.approx(4 / 6, abs=1e-6)
    assert [one["id"] for one in facts["top"]] == ["f"]
