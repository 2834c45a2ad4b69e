"""A disk that takes no more, at any write of any stage: one line, and earlier outputs stay.

Three kinds of it: a limit on the size of files, `/dev/full` in the place of one output, and (where
the system lets us mount one) a small file system that is really full.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.repo import Repo
from workspace import ROOT, environment, make_workspace

from sluice.params import SECTIONS

Runs = list[dict[str, Any]]
LIMITED, REFUSED, FULL = "limit ", "/dev/full ", "full disk"
PRIVATE = ["unshare", "--map-root-user", "--mount"]

pytestmark = pytest.mark.faults


def one_of_each(folder: Path) -> list[dict[str, Any]]:
    """The first command of each stage of dvc.yaml, as DVC would run it, and what it writes."""
    stages: dict[str, dict[str, Any]] = {}
    with Repo(str(folder)) as repo:
        for stage in repo.index.stages:
            name = stage.name.split("@")[0]
            outs = [str(out.def_path) for out in stage.outs]
            stages.setdefault(name, {"name": name, "cmd": stage.cmd, "outs": outs})
    return list(stages.values())


def can_mount(folder: Path) -> bool:
    command = [*PRIVATE, "mount", "-t", "tmpfs", "-o", "size=64k", "none", folder]
    found = shutil.which(PRIVATE[0]) and shutil.which("mount")
    return bool(found) and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """What each stage did in each case; the first pass writes the outputs that must stay."""
    folder = make_workspace(tmp_path_factory.mktemp("disk") / "project", git=False)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["baseline"]["names"] = ["majority"]  # the other adds no other kind of write
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    mount = tmp_path_factory.mktemp("mount")
    command = [sys.executable, ROOT / "tests/support/full_disk.py", folder]
    done = subprocess.run(
        [*PRIVATE, *command, mount] if can_mount(mount) else command,
        input=json.dumps(one_of_each(folder)),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert not list(folder.rglob("*.part"))
    return [json.loads(line) for line in done.stdout.splitlines()]


def of(runs: Runs, stage: str, case: str) -> Runs:
    return [run for run in runs if run["stage"] == stage and run["case"].startswith(case)]


def assert_refused(run: dict[str, Any], words: str) -> None:
    """One line of error; nothing changed, nothing half-written, nothing beside."""
    where = f"{run['stage']}, {run['case']}: {run['said'][-2000:]}"
    lines = [
        line for line in run["said"].splitlines() if not line.startswith(("epoch", "resuming"))
    ]
    assert run["status"] == 1, where
    assert len(lines) == 1, where
    assert lines[0].startswith("error: "), where
    assert words in lines[0], where
    assert "earlier outputs are untouched" in lines[0]
    assert run["changed"] == [], where


@pytest.mark.parametrize("stage", SECTIONS)
def test_every_stage_runs_where_there_is_room(stage: str, runs: Runs) -> None:
    (first,) = of(runs, stage, "enough room")
    assert first["status"] == 0, first["said"]
    assert first["changed"]


@pytest.mark.parametrize("stage", SECTIONS)
def test_a_limit_on_the_size_of_files(stage: str, runs: Runs) -> None:
    found = of(runs, stage, LIMITED)
    assert len(found) == 2
    for run in found:
        assert_refused(run, "a file would be larger than the system allows")


@pytest.mark.parametrize("stage", SECTIONS)
def test_each_output_in_turn_meets_a_full_device(stage: str, runs: Runs) -> None:
    found = of(runs, stage, REFUSED)
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full, a disk that is always full, is Linux's")
    (first,) = of(runs, stage, "enough room")
    files = {name for name in first["changed"] if "/plots/" not in name}
    assert {run["case"].removeprefix(REFUSED) for run in found} == files
    for run in found:
        assert_refused(run, "the disk is full")


@pytest.mark.parametrize("stage", SECTIONS)
def test_a_file_system_that_is_really_full(stage: str, runs: Runs) -> None:
    if not any(run["case"].startswith(FULL) for run in runs):
        pytest.skip("this system lets no test mount a small file system")
    (run,) = of(runs, stage, FULL)
    assert_refused(run, "the disk is full")
    for run in of(runs, stage, "emptied disk"):
        assert run["status"] == 0, run["said"]


@pytest.mark.parametrize("stage", SECTIONS)
def test_once_there_is_room_again_the_stage_ends_with_the_same_bytes(stage, runs: Runs) -> None:
    (run,) = of(runs, stage, "room again")
    assert run["status"] == 0, run["said"]
    assert all(name.startswith("reports/timing/") for name in run["changed"])


def test_a_training_stopped_by_a_full_disk_goes_on_from_its_checkpoint(runs: Runs) -> None:
    stopped, *later = of(runs, "train", REFUSED)
    assert "resuming from" not in stopped["said"]
    assert all("resuming from" in run["said"] for run in (*later, *of(runs, "train", "room again")))


TALKERS = ("prefect", "dvc", "kagglehub", "amplitude", "sentry_sdk")


def test_no_stage_imports_what_may_phone_home_before_it_says_no(runs: Runs) -> None:
    """Their switches are read at import; that of huggingface_hub is set before (test_command)."""
    (imports,) = of(runs, "all", "imports")
    assert "torch" in imports["loaded"]
    assert [name for name in TALKERS if name in imports["loaded"]] == []
