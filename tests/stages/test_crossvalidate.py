"""The crossvalidate stage: its files, and every broken input it refuses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sluice.errors import DataError, ParamsError, SourceError
from sluice.evaluation.predictions import prediction_frame
from sluice.files import read_json, write_json, write_parquet
from sluice.stages.crossvalidate import crossvalidate

LABELS = ("bad", "good")
ROWS = 30


def held_out(fold: int) -> pd.DataFrame:
    labels = [LABELS[row % 2] for row in range(ROWS)]
    ids = [f"{fold}-{row}" for row in range(ROWS)]
    return pd.DataFrame({"id": ids, "label": labels, "cluster": [one[:-1] for one in ids]})


def write_run(folder: Path, key: str, fold: int, wrong: int) -> None:
    rows, parts = held_out(fold), []
    true = np.arange(ROWS) % 2
    for split in ("validation", "test"):
        taken = np.where(np.arange(ROWS) < wrong, 1 - true, true)
        probabilities = np.where(np.eye(2)[taken] == 1, 0.8, 0.2)
        ids = rows["id"] if split == "test" else "v" + rows["id"]
        parts.append(prediction_frame(ids, split, rows["label"], probabilities, LABELS))
    frame = pd.concat(parts, ignore_index=True)
    write_parquet(frame, folder / f"predictions/{key}-{fold}.parquet")


def set_params(folder: Path, **section: object) -> None:
    names = {"train": {"models": ["lstm"], "seeds": [0, 1]}, "baseline": {"names": ["svm"]}}
    section = {"folds": [0, 1, 2], "bootstrap": {"resamples": 100}} | section
    (folder / "params.yaml").write_text(yaml.safe_dump(names | {"crossvalidate": section}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "predictions").mkdir()
    for fold in range(3):
        (tmp_path / f"folds/{fold}").mkdir(parents=True)
        write_parquet(held_out(fold), tmp_path / f"folds/{fold}/test.parquet")
        write_parquet(held_out(fold), tmp_path / f"folds/{fold}/train.parquet")
        for key, wrong in (("lstm-0", 4 + fold), ("lstm-1", 5), ("svm", 6)):
            write_run(tmp_path, key, fold, wrong)
    write_json({"labels": list(LABELS)}, tmp_path / "provenance.json")
    set_params(tmp_path)
    return tmp_path


def run(folder: Path) -> dict:
    inputs = (folder / "predictions", folder / "folds", folder / "provenance.json")
    outputs = (folder / "folds.json", folder / "folds.csv")
    crossvalidate(*inputs, *outputs, params=folder / "params.yaml")
    return read_json(outputs[0])


def test_every_candidate_is_judged_on_every_fold(folder: Path, capsys) -> None:
    found = run(folder)
    assert capsys.readouterr().out == "3 candidates over 3 folds\n"
    assert found["folds"] == [0, 1, 2]
    assert found["rows"] == 3 * ROWS
    assert {name: one["seeds"] for name, one in found["models"].items()} == {"lstm": 2, "svm": 1}
    assert found["models"]["lstm"]["against_baseline"]["mean"] > 0
    table = pd.read_csv(folder / "folds.csv")
    assert list(table.columns) == ["name", "kind", "fold", "macro_f1"]
    assert len(table) == 6


def test_the_same_predictions_give_the_same_bytes(folder: Path) -> None:
    run(folder)
    first = (folder / "folds.json").read_bytes()
    run(folder)
    assert (folder / "folds.json").read_bytes() == first


def test_without_folds_it_says_so_and_reads_nothing(folder: Path, capsys) -> None:
    set_params(folder, folds=[])
    for path in (folder / "predictions").iterdir():
        path.write_text("of an older run")
    assert run(folder) == {"folds": [], "models": {}}
    assert "crossvalidate.folds is empty" in capsys.readouterr().out
    assert (folder / "folds.csv").read_text() == "name,kind,fold,macro_f1\n"


def test_rows_may_be_drawn_one_by_one(folder: Path) -> None:
    clusters = run(folder)["models"]["lstm"]["over_rows"]
    set_params(folder, bootstrap={"resamples": 100, "unit": "rows"})
    assert run(folder)["models"]["lstm"]["over_rows"] != clusters


@pytest.mark.parametrize("folds", [[0], [0, 0, 1], [-1, 0]])
def test_folds_that_cannot_be(folder: Path, folds: list[int]) -> None:
    set_params(folder, folds=folds)
    with pytest.raises(ParamsError, match=r"crossvalidate\.folds"):
        run(folder)


def test_a_fold_that_split_has_not_made(folder: Path) -> None:
    set_params(folder, folds=[0, 1, 2, 3])
    with pytest.raises(ParamsError, match=r"names 3, which split\.folds has not made"):
        run(folder)


def test_predictions_of_another_split(folder: Path) -> None:
    write_run(folder, "svm", 1, 6)
    rows = held_out(1).iloc[::-1]
    write_parquet(rows, folder / "folds/1/test.parquet")
    with pytest.raises(DataError, match="the split has changed since"):
        run(folder)


def test_missing_predictions_leave_the_old_files(folder: Path) -> None:
    run(folder)
    before = (folder / "folds.json").read_bytes()
    (folder / "predictions/lstm-1-2.parquet").unlink()
    with pytest.raises(SourceError, match=r"lstm-1-2\.parquet is missing"):
        run(folder)
    assert (folder / "folds.json").read_bytes() == before
