import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.evaluation.candidates import BootstrapParams, Candidate, Terms, judge
from sluice.evaluation.pairs import (
    Discordant,
    bootstrap_p,
    compare_pairs,
    describe_rows,
    describe_verdict,
    holm,
    mcnemar,
)
from sluice.evaluation.predictions import prediction_frame

LABELS = ("no", "yes")
ROWS = 400
TERMS = Terms(LABELS, None, BootstrapParams(resamples=300, unit="rows"))


def candidate(name: str, wrong: slice, kind: str = "model") -> Candidate:
    """A candidate that is wrong on a slice of its rows."""
    true = np.arange(ROWS) % 2
    taken = true.copy()
    taken[wrong] = 1 - taken[wrong]
    parts = [
        prediction_frame(
            [f"{split}-{row}" for row in range(ROWS)],
            split,
            [LABELS[place] for place in true],
            np.where(np.eye(2)[taken] == 1, 0.8, 0.2),
            LABELS,
        )
        for split in ("validation", "test")
    ]
    seed = 0 if kind == "model" else None
    return Candidate(kind, name, seed, pd.concat(parts, ignore_index=True))


@pytest.fixture(scope="module")
def compared() -> dict:
    candidates = [
        candidate("good", slice(0, 40)),
        candidate("level", slice(30, 74)),
        candidate("poor", slice(100, 250), "baseline"),
    ]
    return compare_pairs(judge(candidates, np.arange(ROWS), TERMS), TERMS)


def test_mcnemar_is_that_of_the_textbook() -> None:
    # Agresti 2013, "Categorical Data Analysis", section 11.1: 86 and 150 discordant answers give
    # z^2 = 17.36 with McNemar's statistic; its p-value is 3.1e-5, and the exact one lies near it.
    assert mcnemar(Discordant(150, 86)) == pytest.approx(3.7e-5, rel=0.1)
    # By hand: P(at most 1 or at least 9 heads in 10 tosses) = 2 * (1 + 10) / 1024.
    assert mcnemar(Discordant(1, 9)) == pytest.approx(22 / 1024)
    assert mcnemar(Discordant(0, 0)) == mcnemar(Discordant(4, 4)) == 1.0


def test_holm_is_that_of_the_paper() -> None:
    # By hand: 0.005 * 4, 0.01 * 3, 0.03 * 2, and 0.04 * 1 is raised to the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_lies_between_nothing_and_bonferroni(values: list[float]) -> None:
    corrected = holm(values)
    for value, result in zip(values, corrected, strict=True):
        assert value <= result <= 1.0
        assert result <= max(min(1.0, one * len(values)) for one in values if one <= value)
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.array(corrected)[order]) >= 0).all()


def test_the_p_value_of_a_difference_is_the_normal_one() -> None:
    samples = np.random.default_rng(0).normal(0.05, 0.02, size=20_000)
    # Two standard errors and a half from zero: 2 * (1 - Phi(2.5)) = 0.01242.
    assert bootstrap_p(0.05, samples) == pytest.approx(0.01242, rel=0.1)
    assert bootstrap_p(0.0, np.zeros(10)) == 1.0
    assert bootstrap_p(0.1, np.full(10, 0.1)) == pytest.approx(0.0, abs=1e-9)


def test_the_gap_is_in_words() -> None:
    assert describe_rows(Discordant(112, 100), 3438) == "right on 12 of 3,438 rows more"
    assert describe_rows(Discordant(1, 3), 1000) == "right on 2 of 1,000 rows fewer"
    assert describe_rows(Discordant(5, 5), 10) == "right on as many of 10 rows"


def test_every_pair_is_there_once_the_better_first(compared: dict) -> None:
    names = [(pair["first"], pair["second"]) for pair in compared["pairs"]]
    assert names == [("good-0", "level-0"), ("good-0", "poor"), ("level-0", "poor")]
    assert compared["rows"] == ROWS
    assert all(pair["macro_f1"]["value"] >= 0 for pair in compared["pairs"])


def test_discordant_rows_are_counted(compared: dict) -> None:
    first, second, _ = compared["pairs"]
    # Rows 0 to 29 only `level` has right, 40 to 73 only `good`.
    exact = first["mcnemar"]
    assert (exact["only_first"], exact["only_second"]) == (34, 30)
    assert first["gap"] == "right on 4 of 400 rows more"
    assert exact["p"] == mcnemar(Discordant(34, 30))
    assert (second["mcnemar"]["only_first"], second["mcnemar"]["only_second"]) == (150, 40)


def test_the_correction_is_over_all_pairs(compared: dict) -> None:
    for test in ("macro_f1", "mcnemar"):
        raw = [pair[test]["p"] for pair in compared["pairs"]]
        assert [pair[test]["p_holm"] for pair in compared["pairs"]] == holm(raw)


def test_ties_are_called_ties(compared: dict) -> None:
    assert [pair["better"] for pair in compared["pairs"]] == [False, True, True]
    assert compared["verdicts"]["good-0"] == {
        "better_than": ["poor"],
        "no_evidence_against": ["level-0"],
        "worse_than": [],
    }
    assert compared["verdicts"]["poor"]["worse_than"] == ["good-0", "level-0"]
    words = describe_verdict(compared["verdicts"]["good-0"])
    assert words == "no evidence against level-0; better than poor"


def test_an_interval_above_zero_is_not_enough_among_many() -> None:
    # One pair alone is told apart; among the 45 of ten candidates it is not.
    pair = [candidate("first", slice(0, 20)), candidate("second", slice(100, 138))]
    many = [candidate(f"other{place}", slice(0, 20 + place)) for place in range(8)]
    alone, *_ = compare_pairs(judge(pair, np.arange(ROWS), TERMS), TERMS)["pairs"]
    assert alone["better"]
    among = compare_pairs(judge(pair + many, np.arange(ROWS), TERMS), TERMS)["pairs"]
    (same,) = [one for one in among if {one["first"], one["second"]} == {"first-0", "second-0"}]
    assert same["macro_f1"] == {**alone["macro_f1"], "p_holm": same["macro_f1"]["p_holm"]}
    assert same["macro_f1"]["low"] > 0
    assert not same["better"]


def test_one_candidate_has_no_pair() -> None:
    found = compare_pairs(judge([candidate("only", slice(0, 4))], np.arange(ROWS), TERMS), TERMS)
    assert found["pairs"] == []
    assert describe_verdict(found["verdicts"]["only-0"]) == ""
