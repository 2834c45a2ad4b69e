"""Locks with real processes: live ones are respected, those of dead ones are taken away."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from flow_project import wait_until
from workspace import ROOT, environment

from flows.children import start_guarded, stop_guarded
from flows.errors import FlowError
from flows.locks import (
    clear_stale_locks,
    describe_live_lock,
    hold_repository,
    hold_workspace,
)

HOLD = """
import pathlib, sys, time
from flows.locks import {name}
with {name}({words}):
    pathlib.Path("held").touch()
    time.sleep(120)
"""


def start_holder(folder: Path, name: str, words: str) -> subprocess.Popen:
    """A process that holds a lock until it is killed."""
    code = HOLD.format(name=name, words=words)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment() | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
    )
    wait_until(lambda: (folder / "held").exists())
    return process


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    return tmp_path


def write_lock(root: Path, write: dict, read: dict | None = None) -> Path:
    path = root / ".dvc/tmp/rwlock"
    path.write_text(json.dumps({"write": write, "read": read or {}}))
    return path


def test_a_second_flow_is_refused_by_name_until_the_first_is_gone(root) -> None:
    holder = start_holder(root, "hold_workspace", "pathlib.Path('.'), 'red-fox'")
    with (
        pytest.raises(FlowError, match=f"process {holder.pid}, flow run red-fox; wait until"),
        hold_workspace(root, "blue-fox", 0.3),
    ):
        pass
    holder.kill()
    holder.wait()
    with hold_workspace(root, "blue-fox", 5) as descriptor:
        assert descriptor > 2


def test_a_workspace_is_free_only_when_the_stages_of_a_dead_flow_have_ended(root) -> None:
    with hold_workspace(root, "red-fox") as descriptor:
        stage = start_guarded(["sleep", "60"], root, subprocess.DEVNULL, (descriptor,))
    with pytest.raises(FlowError, match="red-fox"), hold_workspace(root, "blue-fox", 0.3):
        pass
    stop_guarded(stage)
    with hold_workspace(root, "blue-fox", 0.3):
        pass


def test_entries_of_dead_processes_are_named_and_released(root) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    live = subprocess.Popen(["sleep", "60"])
    gone = {"pid": dead.pid, "cmd": "dvc repro clean"}
    here = {"pid": live.pid, "cmd": "sleep 60"}
    path = write_lock(root, {"a": gone, "b": here}, {"c": [gone, here], "d": [gone]})
    lines = clear_stale_locks(root)
    live.kill()
    live.wait()
    assert lines == [
        f"process {dead.pid} died while it held DVC's lock (dvc repro clean): released"
    ]
    assert json.loads(path.read_text()) == {"write": {"b": here}, "read": {"c": [here]}}


def test_a_process_without_words_is_let_be(root, monkeypatch) -> None:
    """So it is seen between fork and the end of exec."""
    owner = {"pid": os.getpid(), "cmd": "dvc repro clean"}
    path = write_lock(root, {"a": owner}, {})
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _: [])
    assert clear_stale_locks(root) == []
    assert json.loads(path.read_text())["write"] == {"a": owner}


def test_another_process_of_the_same_number_is_not_the_owner(root) -> None:
    other = subprocess.Popen(["sleep", "60"])
    path = write_lock(root, {"a": {"pid": other.pid, "cmd": "/bin/dvc --wait-for-lock repro x"}})
    lines = clear_stale_locks(root)
    other.kill()
    other.wait()
    assert len(lines) == 1
    assert json.loads(path.read_text())["write"] == {}


def test_a_half_written_file_is_removed_and_no_file_is_no_matter(root) -> None:
    path = write_lock(root, {})
    path.write_text('{"write": {"a": {"pi')
    assert clear_stale_locks(root) == [f"{path} was half written when its writer died: removed"]
    assert not path.exists()
    assert clear_stale_locks(root) == []


def test_a_live_lock_of_the_repository_is_told_and_a_dead_one_is_none(root) -> None:
    assert describe_live_lock(root) is None
    holder = start_holder(root, "hold_repository", "pathlib.Path('.')")
    assert "another dvc command holds" in describe_live_lock(root)
    holder.kill()
    holder.wait()
    assert (root / ".dvc/tmp/lock").exists()
    assert describe_live_lock(root) is None
    with hold_repository(root):
        pass
