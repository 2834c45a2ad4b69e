"""Suspect labels in the report: texts by id, hostile ones escaped, other runs refused."""

from pathlib import Path

import pandas as pd
import pytest
from finished_run import change_json, paths, write_run

from sluice.errors import DataError
from sluice.files import write_parquet
from sluice.stages.report import report

NAME = "metrics/label_errors.json"


def run(folder: Path) -> str:
    report(*paths(folder), params=folder / "params.yaml")
    return (folder / "out/report.html").read_text()


def test_the_top_suspects_stand_with_text_and_both_labels(tmp_path: Path) -> None:
    folder = write_run(tmp_path, texts=("<script>alert(1)</script>",))
    page = run(folder).split('id="table-suspects"')[1].split("</table>")[0]
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page
    assert "negative" in page
    assert "neutral" in page
    assert "−50.0" in page


def test_none_is_said(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    change_json(folder / NAME, "top", value=[])
    assert "No label is in doubt" in run(folder)


@pytest.mark.parametrize("key", ["rows", "suspects", "estimated_share", "joint", "top"])
def test_a_missing_number_fails(tmp_path: Path, key: str) -> None:
    folder = write_run(tmp_path)
    change_json(folder / NAME, key, value=...)
    with pytest.raises(DataError, match=rf"label_errors\.json: {key}"):
        run(folder)


def test_rows_of_another_run_are_refused(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    train = pd.read_parquet(folder / "split/train.parquet")
    write_parquet(train.assign(id="other-" + train["id"]), folder / "split/train.parquet")
    with pytest.raises(DataError, match=r"other rows than label_errors\.json"):
        run(folder)
