"""The report's account of folds: what is shown, what is refused, silence where there is none."""

from pathlib import Path

import pytest
from finished_run import change_json, paths, write_run

from sluice.errors import DataError
from sluice.files import read_json, write_json
from sluice.stages.report import report


def make(folder: Path) -> str:
    report(*paths(folder), params=folder / "params.yaml")
    return (folder / "out/report.html").read_text()


def test_every_candidate_stands_with_its_three_intervals(tmp_path: Path) -> None:
    html = make(write_run(tmp_path))
    found = read_json(tmp_path / "metrics/folds.json")["models"]
    table = html.split('id="table-folds"')[1].split("</table>")[0]
    for name, one in found.items():
        row = next(line for line in table.splitlines() if f">{name}" in line)
        assert f"{100 * one['mean']:.1f}" in row
        assert f"{100 * one['over_folds']['low']:.1f}" in row
        assert f"{100 * one['over_rows']['high']:.1f}" in row
    assert "best model" in table
    assert "best baseline" in table
    differences = html.split('id="table-fold-differences"')[1].split("</table>")[0]
    assert "3 of 3" in differences
    assert '<a href="#folds">' in html
    for suffix in ("png", "svg"):
        assert (tmp_path / f"out/plots/folds.{suffix}").stat().st_size > 1000


def test_a_run_without_folds_is_silent_of_them(tmp_path: Path) -> None:
    write_run(tmp_path)
    write_json({"folds": [], "models": {}}, tmp_path / "metrics/folds.json")
    html = make(tmp_path)
    assert "#folds" not in html
    assert "table-folds" not in html
    assert not (tmp_path / "out/plots/folds.svg").exists()


def test_baselines_alone_have_means_and_no_differences(tmp_path: Path) -> None:
    html = make(write_run(tmp_path, models={}))
    assert 'id="table-folds"' in html
    assert 'id="table-fold-differences"' not in html


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("models", "lstm", "by_fold"), [0.5], "one score for each of the folds"),
        (("models", "lstm", "mean"), ..., "mean"),
        (("models", "lstm", "over_folds", "low"), "NaN", "over_folds"),
        (("selected",), "nobody", "which models does not name"),
    ],
)
def test_broken_facts_are_named(tmp_path: Path, keys, value, said) -> None:
    write_run(tmp_path)
    change_json(tmp_path / "metrics/folds.json", *keys, value=value)
    with pytest.raises(DataError, match=said):
        make(tmp_path)
