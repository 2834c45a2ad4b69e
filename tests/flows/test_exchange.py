"""A stage in another clone, without a cluster: what travels, is refused, is recorded."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dask_cluster import clone, make_shared_project
from dvc.utils.serialize import parse_yaml
from flow_project import outputs
from workspace import environment

from flows.children import Children
from flows.errors import FlowError
from flows.exchange import check_remote, compare_entries, make_order, take_over
from flows.remote import reproduce_order

# DVC's own use of a library of its.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")


def repro(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "dvc", "repro", "--quiet", *words]
    subprocess.run(command, cwd=folder, env=environment(), check=True)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory) -> Path:
    """The project with a remote after `dvc repro` of everything; read only."""
    folder = tmp_path_factory.mktemp("shared")
    project = make_shared_project(folder / "project", folder / "remote")
    repro(project)
    return project


@pytest.fixture
def project(by_hand, tmp_path, monkeypatch) -> Path:
    """The project in which `side@a` is yet to be run, and a clone of it beside."""
    folder = tmp_path / "project"
    shutil.copytree(by_hand, folder)
    remote = (folder / ".dvc/config").read_text().replace(str(by_hand.parent), str(tmp_path))
    (folder / ".dvc/config").write_text(remote)
    clone(folder, tmp_path / "clone")
    lock = parse_yaml((folder / "dvc.lock").read_text(), "dvc.lock")
    text = (folder / "dvc.lock").read_text()
    assert list(lock["stages"])[1:] == ["side@a", "side@b", "end"]
    (folder / "dvc.lock").write_text(text[: text.index("  side@a:")])
    for path in ("out/a.txt", "out/a.json"):
        (folder / path).unlink()
    for out in lock["stages"]["side@a"]["outs"]:  # nor is anything of it in the cache
        kept = folder / ".dvc/cache/files/md5" / out["md5"][:2] / out["md5"][2:]
        kept.unlink(missing_ok=True)
    monkeypatch.chdir(folder)
    return folder


def run_in_clone(project: Path, order: dict) -> tuple[dict, list[tuple[int, str]]]:
    told: list[tuple[int, str]] = []
    folder = project.with_name("clone")
    os.chdir(folder)
    try:
        return reproduce_order(order, folder, Children(folder), told.append), told
    finally:
        os.chdir(project)


def test_a_stage_of_another_clone_is_recorded_as_if_it_had_run_here(project, by_hand) -> None:
    check_remote(project)
    order = make_order(project, "side@a", force=False)
    assert set(order["inputs"]) == {"start"}
    answer, told = run_in_clone(project, order)
    assert answer["refused"] is None
    assert answer["status"] == 0
    assert "side-a works" in [line for _, line in told]
    assert answer["lines"] == told
    assert set(answer["files"]) == {"out/a.json"}
    assert b"side@a" not in (project / "dvc.lock").read_bytes()
    take_over(project, "side@a", answer)
    wanted = outputs(by_hand)
    got = outputs(project)
    lock = wanted.pop("dvc.lock")
    assert lock.startswith(got.pop("dvc.lock"))
    assert got == wanted


def test_a_clone_at_another_version_is_refused_with_the_reason(project) -> None:
    order = make_order(project, "side@a", force=False)
    other = project.with_name("clone")
    with (other / "stage.py").open("a") as code:
        code.write("# changed\n")
    (other / "sizes.yaml").write_text("small: 0.2\n")
    answer, told = run_in_clone(project, order)
    assert answer["refused"] == (
        "other than in the flow's workspace: small of sizes.yaml, stage.py; "
        "bring the clone to the same commit"
    )
    assert told == []
    assert not (other / "out/a.txt").exists()
    (other / "dvc.yaml").write_text("stages:\n  start:\n    cmd: python stage.py\n")
    answer, _ = run_in_clone(project, order)
    assert "side@a" in answer["refused"] or "out/start.txt" in answer["refused"]


def test_a_failed_stage_is_not_recorded(project) -> None:
    order = make_order(project, "side@a", force=False)
    (project.with_name("clone") / "plan/side-a").write_text("fail")
    answer, told = run_in_clone(project, order)
    assert answer["refused"] is None
    assert answer["status"] != 0
    assert "entry" not in answer
    assert "line 59 of side-a" in [line for _, line in told]


def test_what_does_not_arrive_whole_is_not_recorded(project) -> None:
    order = make_order(project, "side@a", force=False)
    answer, _ = run_in_clone(project, order)
    before = (project / "dvc.lock").read_bytes()
    remote = project.with_name("remote")
    remote.rename(remote.with_name("elsewhere"))
    with pytest.raises(FlowError, match=r"out/a\.txt is not in the DVC remote: do both sides"):
        take_over(project, "side@a", answer)
    remote.with_name("elsewhere").rename(remote)
    with pytest.raises(FlowError, match=r"out/a\.json came other than the worker said"):
        take_over(project, "side@a", answer | {"files": {"out/a.json": b"{}"}})
    with pytest.raises(FlowError, match=r"\.\./a\.json is no output of this stage"):
        take_over(project, "side@a", answer | {"files": {"../a.json": b"{}"}})
    assert (project / "dvc.lock").read_bytes() == before


def test_without_a_remote_nothing_starts(project) -> None:
    config = project / ".dvc/config"
    config.write_text(config.read_text().split("    remote =")[0])
    with pytest.raises(FlowError, match="dvc remote add -d storage ADDRESS"):
        check_remote(project)


def test_entries_differ_by_what_they_name() -> None:
    entry = {
        "cmd": "run",
        "deps": [{"path": "a", "md5": "1"}, {"path": "b", "md5": "2"}],
        "params": {"params.yaml": {"x": None}},
    }
    assert compare_entries(entry, entry | {"outs": []}) == []
    other = {"cmd": "run", "deps": [{"path": "a", "md5": "2"}, {"path": "c", "md5": "2"}]}
    assert compare_entries(entry, other) == ["a", "b", "c", "x of params.yaml"]
    assert compare_entries(entry, entry | {"cmd": "walk"}) == ["the command"]
