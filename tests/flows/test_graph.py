"""The graph is DVC's: names, edges and order of the real project and of a sibling pipeline."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from flow_project import NAMES, make_flow_project
from workspace import ROOT, environment

from flows.errors import FlowError
from flows.graph import read_graph

# DVC's own use of a library of its.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")


@pytest.fixture(autouse=True)
def at_root(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)


def test_names_and_edges_are_those_of_dvc_dag() -> None:
    command = [sys.executable, "-m", "dvc", "dag", "--dot"]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=True, cwd=ROOT
    )
    edges = set(re.findall(r'"([^"]+)" -> "([^"]+)"', done.stdout))
    stages = read_graph(ROOT)
    own = {(need, name) for name, stage in stages.items() for need in stage.needs}
    assert own == {edge for edge in edges if set(edge) <= set(stages)}
    assert "train@bilstm-0" in stages


def test_the_order_is_one_in_which_stages_can_run() -> None:
    met: set[str] = set()
    for name, stage in read_graph(ROOT).items():
        assert stage.needs <= met
        met.add(name)


def test_metrics_and_plots_are_told_from_other_outputs() -> None:
    train = read_graph(ROOT)["train@bilstm-0"]
    assert train.metrics == (Path("reports/metrics/train/bilstm-0.json"),)
    assert train.plots == (Path("reports/curves/bilstm-0.csv"),)
    assert Path("models/bilstm/0/model.safetensors") in train.outputs
    assert train.file == Path("dvc.yaml")


def test_a_sibling_pipeline_has_names_with_its_file() -> None:
    stages = read_graph(ROOT, Path("pipelines/paper/dvc.yaml"))
    assert "pipelines/paper/dvc.yaml:compare" in stages
    assert all(stage.file == Path("pipelines/paper/dvc.yaml") for stage in stages.values())


def test_a_missing_file_is_one_line() -> None:
    with pytest.raises(FlowError, match=r"elsewhere/dvc\.yaml is missing: run from"):
        read_graph(ROOT, Path("elsewhere/dvc.yaml"))


@pytest.mark.slow
def test_clean_is_what_has_not_changed_nor_needs_what_has(tmp_path, monkeypatch) -> None:
    folder = make_flow_project(tmp_path / "project")
    monkeypatch.chdir(folder)

    def clean() -> set[str]:
        return {name for name, stage in read_graph(folder).items() if stage.clean}

    def reproduce() -> None:
        command = [sys.executable, "-m", "dvc", "repro", "--quiet"]
        subprocess.run(command, env=environment(), check=True)

    assert clean() == set()
    reproduce()
    assert clean() == set(NAMES)
    (folder / "out/a.txt").write_text("changed by hand")
    assert clean() == {"start", "side@b"}
    reproduce()
    (folder / "input.txt").write_text("other")
    assert clean() == set()
    reproduce()
    (folder / "out/end.txt").unlink()
    assert clean() == {"start", "side@a", "side@b"}
