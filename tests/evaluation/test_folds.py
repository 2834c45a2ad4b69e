import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from sluice.evaluation.candidates import BootstrapParams, Terms
from sluice.evaluation.comparison import seed_interval
from sluice.evaluation.folds import (
    Fold,
    Run,
    corrected_interval,
    judge_folds,
    summarise_folds,
    tabulate_folds,
)
from sluice.evaluation.predictions import prediction_frame

LABELS = ("no", "yes")
ROWS = 40
TERMS = Terms(LABELS, None, BootstrapParams(resamples=300, unit="rows"))
FOLDS = {fold: Fold(np.arange(ROWS), 80) for fold in range(3)}


def predictions(validation: int, held_out: int) -> pd.DataFrame:
    """Predictions that take so many of the 40 rows of each split for the other label."""
    true = np.arange(ROWS) % 2
    parts = []
    for split, wrong in (("validation", validation), ("test", held_out)):
        taken = np.where(np.arange(ROWS) < wrong, 1 - true, true)
        probabilities = np.where(np.eye(2)[taken] == 1, 0.8, 0.2)
        ids = [f"{split}-{row}" for row in range(ROWS)]
        parts.append(
            prediction_frame(ids, split, [LABELS[one] for one in true], probabilities, LABELS)
        )
    return pd.concat(parts, ignore_index=True)


def f1(wrong: int) -> float:
    true = np.arange(ROWS) % 2
    taken = np.where(np.arange(ROWS) < wrong, 1 - true, true)
    return float(f1_score(true, taken, average="macro"))


WRONG = {("lstm", 0): (2, 4, 6), ("lstm", 1): (4, 4, 10), ("gru", 0): (1, 1, 1)}
BASE = (8, 6, 12)


@pytest.fixture(scope="module")
def summary() -> dict:
    runs = {}
    for fold in range(3):
        for (name, seed), wrong in WRONG.items():
            validation = 9 if name == "gru" else 3  # gru is the best only where nothing is picked
            runs[Run("model", name, seed, fold)] = predictions(validation, wrong[fold])
        runs[Run("baseline", "svm", None, fold)] = predictions(5, BASE[fold])
        runs[Run("baseline", "vader", None, fold)] = predictions(20, 2)
    return summarise_folds(judge_folds(runs, FOLDS, TERMS), FOLDS, TERMS)


def test_the_corrected_interval_is_nadeau_and_bengios() -> None:
    # s = 1; t(0.975, 2) = 4.302653; sqrt(1/3 + 1/4) = 0.7637626
    low, high = corrected_interval([1.0, 2.0, 3.0], 0.25, 0.95)
    assert (low, high) == pytest.approx((2 - 3.286206, 2 + 3.286206), abs=1e-5)
    # Without the correction it is Student's.
    assert corrected_interval([1, 2, 4], 0.0, 0.9) == pytest.approx(seed_interval([1, 2, 4], 0.9))
    assert corrected_interval([0.5, 0.5], 0.3, 0.95) == (0.5, 0.5)


def test_the_corrected_interval_covers_where_the_plain_one_does_not() -> None:
    """Fold scores that share a part, as those of overlapping training sets do."""
    random = np.random.default_rng(0)
    # Correlation r between folds: variance of the mean is (1/K + r/(1-r)) s2; r = n2/(n1+n2).
    held, trained = 1, 4
    r = held / (held + trained)
    shared = random.normal(size=(4000, 1)) * np.sqrt(r)
    scores = shared + random.normal(size=(4000, 5)) * np.sqrt(1 - r)
    ratios = {"corrected": held / trained, "plain": 0.0}
    covered = {}
    for name, ratio in ratios.items():
        bounds = [corrected_interval(row, ratio, 0.95) for row in scores]
        covered[name] = np.mean([low <= 0 <= high for low, high in bounds])
    assert covered["corrected"] == pytest.approx(0.95, abs=0.012)
    assert covered["plain"] < 0.87


def test_means_are_those_of_the_folds(summary: dict) -> None:
    lstm = summary["models"]["lstm"]
    expected = [np.mean([f1(WRONG["lstm", seed][fold]) for seed in (0, 1)]) for fold in range(3)]
    assert lstm["by_fold"] == pytest.approx(expected)
    assert lstm["mean"] == pytest.approx(np.mean(expected))
    assert lstm["seeds"] == 2
    seeds = [np.mean([f1(wrong) for wrong in WRONG["lstm", seed]]) for seed in (0, 1)]
    assert tuple(lstm["over_seeds"].values()) == pytest.approx(seed_interval(seeds, 0.95))
    folds = corrected_interval(expected, ROWS / 80, 0.95)
    assert tuple(lstm["over_folds"].values()) == pytest.approx(folds)
    assert lstm["over_rows"]["low"] < lstm["mean"] < lstm["over_rows"]["high"]
    assert "over_seeds" not in summary["models"]["gru"]
    assert summary["rows"] == 3 * ROWS


def test_validation_folds_choose_and_held_out_ones_do_not(summary: dict) -> None:
    assert summary["selected"] == "lstm"  # gru is better on the rows held out
    assert summary["best_baseline"] == "svm"  # and so is vader


def test_differences_are_paired_by_fold(summary: dict) -> None:
    difference = summary["models"]["lstm"]["against_baseline"]
    by_fold = np.array(summary["models"]["lstm"]["by_fold"]) - [f1(wrong) for wrong in BASE]
    assert difference["by_fold"] == pytest.approx(by_fold)
    assert difference["folds_above"] == (by_fold > 0).sum() == 3
    # The wrong rows are the same first ones, so a paired interval is shorter than both its parts.
    width = difference["over_rows"]["high"] - difference["over_rows"]["low"]
    rows = summary["models"]["svm"]["over_rows"]
    assert width < rows["high"] - rows["low"]
    assert "against_baseline" not in summary["models"]["svm"]


def test_a_model_beside_itself_is_no_better_in_any_fold() -> None:
    runs = {}
    for fold in range(3):
        runs[Run("model", "lstm", 0, fold)] = predictions(5, 6)
        runs[Run("baseline", "svm", None, fold)] = predictions(5, 6)
    found = summarise_folds(judge_folds(runs, FOLDS, TERMS), FOLDS, TERMS)
    difference = found["models"]["lstm"]["against_baseline"]
    assert difference["mean"] == difference["folds_above"] == 0
    assert difference["over_rows"] == difference["over_folds"] == {"low": 0, "high": 0}


def test_groups_widen_the_interval_over_rows() -> None:
    runs = {Run("model", "lstm", 0, fold): predictions(5, 10) for fold in range(3)}
    widths = []
    for groups in (np.arange(ROWS), np.arange(ROWS) // 10):
        folds = {fold: Fold(groups, 80) for fold in range(3)}
        rows = summarise_folds(judge_folds(runs, folds, TERMS), folds, TERMS)["models"]["lstm"]
        widths.append(rows["over_rows"]["high"] - rows["over_rows"]["low"])
    assert widths[1] > 1.5 * widths[0]


def test_the_table_has_a_row_for_each_fold(summary: dict) -> None:
    table = tabulate_folds(summary)
    assert len(table) == 3 * 4
    assert table.groupby("name")["macro_f1"].mean()["lstm"] == pytest.approx(
        summary["models"]["lstm"]["mean"]
    )
    assert tabulate_folds({"folds": [], "models": {}}).empty
