import numpy as np
import pandas as pd
import pytest

from sluice.evaluation.candidates import BootstrapParams, Candidate, Judged, Terms, judge
from sluice.evaluation.comparison import (
    choose,
    compare,
    intervals_of,
    seed_interval,
    summarise,
    summarise_seeds,
    tabulate,
)
from sluice.evaluation.predictions import prediction_frame

LABELS = ("no", "yes")
TERMS = Terms(LABELS, None, BootstrapParams(resamples=200, unit="rows"))
ROWS = 40


def candidate(kind: str, name: str, seed: int | None, validation: int, test: int) -> Candidate:
    """A candidate that takes so many of its 40 rows of each split for the other label."""
    true = np.arange(ROWS) % 2
    parts = []
    for split, wrong in (("validation", validation), ("test", test)):
        taken = np.where(np.arange(ROWS) < wrong, 1 - true, true)
        probabilities = np.where(np.eye(2)[taken] == 1, 0.8, 0.2)
        ids = [f"{split}-{row}" for row in range(ROWS)]
        labels = [LABELS[place] for place in true]
        parts.append(prediction_frame(ids, split, labels, probabilities, LABELS))
    return Candidate(kind, name, seed, pd.concat(parts, ignore_index=True))


@pytest.fixture
def judged() -> list[Judged]:
    candidates = [
        candidate("model", "lstm", 0, validation=8, test=2),
        candidate("model", "lstm", 1, validation=4, test=6),
        candidate("model", "gru", 0, validation=4, test=4),
        candidate("baseline", "svm", None, validation=10, test=8),
        candidate("baseline", "majority", None, validation=20, test=0),
    ]
    return judge(candidates, np.arange(ROWS), TERMS)


def test_scores_are_those_of_the_counted_errors(judged: list[Judged]) -> None:
    assert [one.test["accuracy"] for one in judged] == pytest.approx([0.95, 0.85, 0.9, 0.8, 1.0])
    assert judged[0].validation["accuracy"] == pytest.approx(0.8)
    assert judged[0].confusion == [[19, 1], [1, 19]]
    assert judged[0].by_class["yes"] == pytest.approx(
        {"precision": 0.95, "recall": 0.95, "f1": 0.95, "support": 20}
    )


def test_validation_alone_chooses_and_the_first_of_equals_wins(judged: list[Judged]) -> None:
    choice = choose(judged)
    assert choice.selected is judged[2]  # not lstm-0, which is the best on test
    assert choice.best_baseline is judged[3]  # not the one that is right on every test row


def test_a_lucky_seed_does_not_make_a_model_the_best() -> None:
    candidates = [
        candidate("model", "lucky", 0, validation=2, test=5),
        candidate("model", "lucky", 1, validation=12, test=5),
        candidate("model", "steady", 0, validation=6, test=5),
        candidate("model", "steady", 1, validation=5, test=5),
    ]
    judged = judge(candidates, np.arange(ROWS), TERMS)
    assert choose(judged).selected is judged[3]
    assert choose(judged[:2]).selected is judged[0]


def test_a_model_against_itself_differs_by_nothing(judged: list[Judged]) -> None:
    assert compare(judged[0], judged[0], 0.95) == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_pairing_narrows_the_difference_of_models_that_err_alike(judged: list[Judged]) -> None:
    paired = compare(judged[0], judged[2], 0.95)
    unpaired = np.hypot(*(judged[place].samples["macro_f1"].std() for place in (0, 2)))
    assert paired["value"] == pytest.approx(0.05)
    assert 0 <= paired["low"] <= paired["value"] <= paired["high"]
    assert paired["high"] - paired["low"] < 0.8 * 2 * 1.96 * unpaired


def test_the_summary_names_choice_gap_and_differences(judged: list[Judged]) -> None:
    summary = summarise(judged, TERMS)
    assert summary["selected"] == "gru-0"
    assert summary["best_baseline"] == "svm"
    assert summary["gap"]["value"] == pytest.approx(0.1)
    assert summary["gap"]["rows"] == ROWS
    assert list(summary["models"]) == ["lstm-0", "lstm-1", "gru-0", "svm", "majority"]
    model = summary["models"]["lstm-0"]
    assert model["against_baseline"]["value"] == pytest.approx(0.15)
    assert model["against_selected"]["value"] == pytest.approx(0.05)
    assert "against_selected" not in summary["models"]["gru-0"]
    interval = model["intervals"]["accuracy"]
    assert interval["low"] < model["test"]["accuracy"] < interval["high"]


def test_seeds_have_mean_and_sample_deviation(judged: list[Judged]) -> None:
    seeds = summarise_seeds(judged, 0.95)
    assert set(seeds) == {"lstm", "gru"}
    assert seeds["lstm"]["seeds"] == 2
    assert seeds["lstm"]["accuracy"]["mean"] == pytest.approx(0.9)
    assert seeds["lstm"]["accuracy"]["spread"] == pytest.approx(0.1 / np.sqrt(2))
    assert set(seeds["gru"]["accuracy"]) == {"mean", "over_rows"}


def test_the_interval_over_seeds_is_that_of_student() -> None:
    # By hand: mean 2, s = 1, t(0.975, 2) = 4.3027, so 2 ± 4.3027 / sqrt(3).
    assert seed_interval([1.0, 2.0, 3.0], 0.95) == pytest.approx((-0.4841, 4.4841), abs=1e-4)
    assert seed_interval([0.5, 0.5], 0.9) == (0.5, 0.5)


def test_the_two_intervals_of_a_mean_are_of_different_things(judged: list[Judged]) -> None:
    same_rows = [candidate("model", "lstm", seed, 4, 6) for seed in (0, 1)]
    found = summarise_seeds(judge(same_rows, np.arange(ROWS), TERMS), 0.95)["lstm"]["accuracy"]
    assert found["over_seeds"] == {"low": found["mean"], "high": found["mean"]}
    single = intervals_of(judge(same_rows, np.arange(ROWS), TERMS)[0], 0.95)["accuracy"]
    assert found["over_rows"] == single
    seeds = summarise_seeds(judged, 0.95)["lstm"]["accuracy"]
    # t(0.975, 1) = 12.706: two seeds say next to nothing.
    assert seeds["over_seeds"]["high"] == pytest.approx(0.9 + 12.706 * 0.05, abs=1e-3)


def test_the_table_has_one_row_for_each(judged: list[Judged]) -> None:
    table = tabulate(summarise(judged, TERMS)).set_index("model")
    assert table.index.tolist() == ["lstm-0", "lstm-1", "gru-0", "svm", "majority"]
    assert table["selected"].tolist() == [False, False, True, False, False]
    assert table.loc["lstm-0", "gap_value"] == pytest.approx(0.15)
    assert pd.isna(table.loc["svm", "gap_value"])
    assert table["seed"].isna().tolist() == [False, False, False, True, True]
    assert "polarity_mae" not in table
    assert table.loc["lstm-1", "seeds_macro_f1_mean"] == pytest.approx(0.9, abs=1e-3)
    assert table["seeds_macro_f1_low"].isna().tolist() == [False, False, True, True, True]


def test_without_baselines_there_is_no_gap(judged: list[Judged]) -> None:
    summary = summarise(judged[:2], TERMS)
    assert summary["best_baseline"] is None
    assert "gap" not in summary
    assert tabulate(summary)["gap_value"].isna().all()
