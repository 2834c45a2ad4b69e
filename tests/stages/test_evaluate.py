"""The evaluate stage: its files and command line, and every broken input it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sluice.errors import DataError, ParamsError, SourceError
from sluice.evaluation.answers import answer_frame
from sluice.evaluation.predictions import prediction_frame, temperature_of
from sluice.files import write_parquet
from sluice.stages.evaluate import evaluate

LABELS = ("negative", "neutral", "positive")
ROWS = 30
OUTPUTS = ("evaluation.json", "scores.json", "table.csv", "confusion.csv", "errors.parquet")
OUTPUTS += ("slices.json", "pairs.json", "calibration.json")
OUTPUTS += ("behaviour.json", "shortcuts.json")
SECTION = {
    "polarity": {"negative": -1.0, "neutral": 0.0, "positive": 1.0},
    "bootstrap": {"resamples": 100, "unit": "clusters"},
}


def make_rows() -> pd.DataFrame:
    labels = [LABELS[row % 3] for row in range(ROWS)]
    return pd.DataFrame(
        {
            "id": [f"test-{row}" for row in range(ROWS)],
            "text": [f"=text {row}" for row in range(ROWS)],
            "cleaned": [f"= text {row % 4 * 'not '}" for row in range(ROWS)],
            "label": labels,
            "cluster": [f"c{row // 2}" for row in range(ROWS)],
        }
    )


def predictions(wrong: int) -> pd.DataFrame:
    """Predictions of which the first few of each split are wrong."""
    parts = []
    for split in ("validation", "test"):
        true = np.arange(ROWS) % 3
        taken = np.where(np.arange(ROWS) < wrong, (true + 1) % 3, true)
        probabilities = np.where(np.eye(3)[taken] == 1, 0.8, 0.1)
        ids, labels = [f"{split}-{row}" for row in range(ROWS)], [LABELS[place] for place in true]
        parts.append(prediction_frame(ids, split, labels, probabilities, LABELS))
    return pd.concat(parts, ignore_index=True)


NAMES = {
    "train": {"models": ["lstm"], "seeds": [0, 1], "model": {"hidden_size": 4}},
    "baseline": {"names": ["svm"], "seed": 0},
}


def write_params(folder: Path, names: dict = NAMES, **params: object) -> None:
    content = {**names, "evaluate": {**SECTION, **params}}
    (folder / "params.yaml").write_text(yaml.safe_dump(content))


def write_probes(folder: Path, *keys: str) -> None:
    """One behaviour case, at which all fail but svm, and one masked row, whose label is lost."""
    for name in ("probes", "answers"):
        (folder / name).mkdir()
    rows = [("b/0", "behaviour", "s/t", "before", None, "not bad")]
    rows += [("masked/test-7", "masked", None, None, "test-7", "<masked>")]
    columns = ["id", "kind", "test", "role", "row", "text"]
    write_parquet(pd.DataFrame(rows, columns=columns), folder / "probes/probes.parquet")
    test = {"key": "s/t", "name": "t", "capability": "negation", "type": "MFT", "cases": 1}
    test |= {"expect": [], "refuse": ["negative"], "label": None, "change": None, "margin": -0.1}
    facts = {"tests": [test], "skipped": {}, "tokens": []}
    facts["masked"] = {"words": ["good"], "rows": 1, "test_rows": ROWS}
    (folder / "probes/facts.json").write_text(json.dumps(facts))
    for key in keys:
        said = np.array([[0.2, 0.2, 0.6] if key == "svm" else [0.6, 0.2, 0.2], [0.6, 0.2, 0.2]])
        answers = answer_frame(pd.Series(["b/0", "masked/test-7"]), said, LABELS)
        write_parquet(answers, folder / f"answers/{key}.parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_parquet(make_rows(), tmp_path / "test.parquet")
    (tmp_path / "provenance.json").write_text(json.dumps({"labels": LABELS}))
    write_params(tmp_path)
    (tmp_path / "predictions").mkdir()
    for name, wrong in {"lstm-0": 6, "lstm-1": 3, "svm": 9, "forgotten-7": 0}.items():
        write_parquet(predictions(wrong), tmp_path / f"predictions/{name}.parquet")
    write_probes(tmp_path, "lstm-0", "lstm-1", "svm")
    return tmp_path


def paths(folder: Path) -> list[Path]:
    inputs = [folder / "predictions", folder / "test.parquet", folder / "provenance.json"]
    inputs += [folder / "probes", folder / "answers"]
    return inputs + [folder / "out" / name for name in OUTPUTS]


def run(folder: Path) -> dict:
    evaluate(*paths(folder), params=folder / "params.yaml")
    return json.loads((folder / "out/evaluation.json").read_text())


def test_only_the_named_candidates_are_judged(folder: Path) -> None:
    summary = run(folder)
    assert set(summary["models"]) == {"lstm-0", "lstm-1", "svm"}
    assert summary["selected"] == "lstm-1"
    assert summary["best_baseline"] == "svm"
    assert summary["models"]["lstm-1"]["test"]["accuracy"] == 0.9
    assert summary["gap"]["rows"] == ROWS
    assert summary["gap"]["value"] == pytest.approx(0.2)
    seeds = summary["over_seeds"]["lstm"]["accuracy"]
    assert (seeds["mean"], seeds["spread"]) == (0.85, 0.070711)
    assert seeds["over_seeds"] == {"low": 0.214690, "high": 1.485310}


def test_behaviour_and_shortcuts_are_judged_for_all(folder: Path) -> None:
    run(folder)
    behaviour, shortcuts, scores = (
        json.loads((folder / f"out/{name}.json").read_text())
        for name in ("behaviour", "shortcuts", "scores")
    )
    rates = {key: model["all"]["rate"] for key, model in behaviour["models"].items()}
    assert rates == {"lstm-0": 1.0, "lstm-1": 1.0, "svm": 0.0}
    assert [one["texts"][0]["text"] for one in behaviour["examples"]] == ["not bad"]
    assert scores["behaviour_failures_negation"] == 1.0
    lost = shortcuts["models"]["lstm-1"]
    assert lost["changed_decisions"] == 1
    assert scores["masked_drop_value"] == lost["drop"]["value"] > 0
    assert lost["drop"]["value"] == pytest.approx(
        lost["macro_f1"] - lost["masked_macro_f1"], abs=2e-6
    )


@pytest.mark.parametrize("lost", ["probes/facts.json", "answers/svm.parquet"])
def test_missing_probes_and_answers_are_named(folder: Path, lost: str) -> None:
    (folder / lost).unlink()
    with pytest.raises(SourceError, match=f"{lost} is missing"):
        run(folder)


def test_answers_to_other_questions_are_refused(folder: Path) -> None:
    path = folder / "answers/svm.parquet"
    write_parquet(pd.read_parquet(path).iloc[::-1], path)
    with pytest.raises(DataError, match=r"svm\.parquet: these are answers to other questions"):
        run(folder)


def test_the_tables_are_of_the_selected_model(folder: Path) -> None:
    run(folder)
    table = pd.read_csv(folder / "out/table.csv")
    assert table["model"].tolist() == ["lstm-0", "lstm-1", "svm"]
    confusion = pd.read_csv(folder / "out/confusion.csv")
    assert len(confusion) == ROWS
    assert set(confusion["model"]) == {"lstm-1"}
    assert (confusion["actual"] != confusion["predicted"]).sum() == 3
    errors = pd.read_parquet(folder / "out/errors.parquet")
    assert errors["id"].tolist()[:3] == ["test-0", "test-1", "test-2"]
    assert errors["text"].iloc[0] == "=text 0"
    assert errors["loss"].is_monotonic_decreasing


def test_the_numbers_to_compare_are_few_and_flat(folder: Path) -> None:
    summary = run(folder)
    scores = json.loads((folder / "out/scores.json").read_text())
    assert scores["shown"] == "lstm-1"
    assert scores["macro_f1"] == summary["models"]["lstm-1"]["test"]["macro_f1"]
    assert scores["macro_f1_low"] == summary["models"]["lstm-1"]["intervals"]["macro_f1"]["low"]
    assert scores["gap_value"] == summary["gap"]["value"]
    assert scores["of_svm"] == summary["models"]["svm"]["test"]["macro_f1"]
    assert all(isinstance(value, float | str) for value in scores.values())
    assert len(scores) < 40


def read(folder: Path, name: str) -> dict:
    return json.loads((folder / f"out/{name}.json").read_text())


def test_every_pair_is_compared_and_the_table_says_ties(folder: Path) -> None:
    summary = run(folder)
    found = read(folder, "pairs")
    assert [(pair["first"], pair["second"]) for pair in found["pairs"]] == [
        ("lstm-1", "lstm-0"), ("lstm-1", "svm"), ("lstm-0", "svm"),
    ]  # fmt: skip
    assert found["pairs"][1]["gap"] == "right on 6 of 30 rows more"
    assert found["pairs"][1]["macro_f1"]["low"] == summary["gap"]["low"]
    table = pd.read_csv(folder / "out/table.csv").set_index("model")
    tied = [key for key, one in found["verdicts"].items() if one["no_evidence_against"]]
    assert tied
    for key in tied:
        others = ", ".join(found["verdicts"][key]["no_evidence_against"])
        assert f"no evidence against {others}" in table.loc[key, "verdict"]


def test_sureness_is_fitted_on_validation_and_measured_on_test(folder: Path) -> None:
    run(folder)
    found = read(folder, "calibration")
    assert set(found["models"]) == {"lstm-0", "lstm-1", "svm"}
    one = found["models"]["lstm-1"]
    frame = pd.read_parquet(folder / "predictions/lstm-1.parquet")
    assert one["temperature"] == pytest.approx(temperature_of(frame, LABELS), abs=1e-6)
    # Three of thirty are wrong, each claims 0.8.
    assert one["before"]["ece"]["value"] == pytest.approx(0.1)
    assert one["after"]["ece"]["value"] == pytest.approx(0.0, abs=1e-3)
    assert one["coverage"]["value"] == 1.0
    assert found["models"]["svm"]["coverage"]["value"] == 0.0
    assert read(folder, "scores")["ece"] == one["before"]["ece"]["value"]


def test_the_error_rate_of_abstention_is_a_parameter(folder: Path) -> None:
    write_params(folder, abstention={"error_rate": 0.3})
    run(folder)
    assert read(folder, "calibration")["models"]["svm"]["coverage"]["value"] == 1.0


def test_two_runs_give_the_same_bytes(folder: Path) -> None:
    run(folder)
    first = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    run(folder)
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == first
    assert set(first) == set(OUTPUTS)


def test_clusters_widen_intervals_and_rows_need_none(folder: Path) -> None:
    clustered = run(folder)["models"]["svm"]["intervals"]["accuracy"]
    write_parquet(make_rows().drop(columns="cluster"), folder / "test.parquet")
    with pytest.raises(DataError, match="no column cluster"):
        run(folder)
    write_params(folder, bootstrap={"resamples": 100, "unit": "rows"})
    single = run(folder)["models"]["svm"]["intervals"]["accuracy"]
    assert clustered["high"] - clustered["low"] > single["high"] - single["low"]


def test_without_polarity_there_is_no_polarity_error(folder: Path) -> None:
    write_params(folder, polarity=None)
    assert "polarity_mae" not in run(folder)["models"]["svm"]["test"]
    assert "polarity_mae" not in pd.read_csv(folder / "out/table.csv")


def change_predictions(folder: Path, **change: object) -> None:
    write_parquet(predictions(9).assign(**change), folder / "predictions/svm.parquet")


def with_value(column: str, row: int, value: object) -> list:
    values = predictions(9)[column].tolist()
    values[row] = value
    return values


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("p_neutral", 40, float("nan"), r"svm\.parquet: row 41 \(id 'test-10'\).*NaN"),
        ("id", 31, "other", r"svm\.parquet \(test rows\): row 2 has the id 'other' instead of"),
        ("id", 0, "other", r"svm\.parquet \(validation rows, against lstm-0\.parquet\): row 1"),
        ("label", 59, "negative", r"row 30 has the label 'negative' instead of 'positive'"),
        ("split", 59, "validation", r"\(test rows\): 29 rows instead of 30"),
    ],
)
def test_other_rows_are_refused_by_file(folder: Path, column, row, value, message) -> None:
    run(folder)
    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    change_predictions(folder, **{column: with_value(column, row, value)})
    with pytest.raises(DataError, match=message):
        run(folder)
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == before


def test_another_order_of_rows_is_refused(folder: Path) -> None:
    shuffled = predictions(9).iloc[::-1].reset_index(drop=True)
    write_parquet(shuffled, folder / "predictions/svm.parquet")
    with pytest.raises(DataError, match=r"svm\.parquet \(test rows\): row 1 has the id 'test-29'"):
        run(folder)


def test_missing_predictions_are_named(folder: Path) -> None:
    (folder / "predictions/lstm-1.parquet").unlink()
    with pytest.raises(SourceError, match=r"lstm-1\.parquet is missing"):
        run(folder)


def test_a_label_that_the_test_rows_lack_is_named(folder: Path) -> None:
    rows = make_rows()
    write_parquet(rows[rows["label"] != "neutral"], folder / "test.parquet")
    with pytest.raises(DataError, match=r"test\.parquet has no row with the label neutral"):
        run(folder)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"polarity": {"negative": -1.0}}, r"evaluate\.polarity has the labels negative, and"),
        ({"bootstrap": {"resample": 10}}, r"bootstrap\.resample: unknown key; valid keys: conf"),
        ({"bootstrap": {"confidence": 95}}, r"bootstrap\.confidence"),
    ],
)
def test_bad_params_are_named_by_key(folder: Path, params: dict, message: str) -> None:
    write_params(folder, **params)
    with pytest.raises(ParamsError, match=message):
        run(folder)


def test_nothing_to_evaluate_is_an_error(folder: Path) -> None:
    write_params(folder, names={})
    with pytest.raises(ParamsError, match=r"train\.models or baseline\.names"):
        evaluate(*paths(folder), params=folder / "params.yaml")


def command(folder: Path) -> subprocess.CompletedProcess[str]:
    """The stage as DVC calls it."""
    words = [sys.executable, "-m", "sluice.stages.evaluate", *map(str, paths(folder))]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_line_gives_the_same_bytes(folder: Path) -> None:
    done = command(folder)
    assert (done.returncode, done.stderr) == (0, "")
    by_command = (folder / "out/evaluation.json").read_bytes()
    run(folder)
    assert (folder / "out/evaluation.json").read_bytes() == by_command


def test_the_command_line_fails_in_one_line(folder: Path) -> None:
    write_params(folder, names={"train": {"models": ["gru"], "seeds": [0]}})
    done = command(folder)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not (folder / "out").exists()


def test_names_of_a_wrong_type_are_named_by_key(folder: Path) -> None:
    write_params(folder, names={"train": {"models": "lstm", "seeds": [0]}})
    with pytest.raises(ParamsError, match=r"train\.models"):
        run(folder)
