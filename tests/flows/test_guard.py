"""The guard, with real processes: whatever ends, and however, leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flow_project import is_running, wait_until
from workspace import ROOT

from flows.children import start_guarded, stop_guarded

SLEEPER = """
import os, pathlib, signal, subprocess, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if {"parent", "leaver"} & set(sys.argv):
    words = [word for word in sys.argv[2:] if word not in {"parent", "leaver"}]
    child = subprocess.Popen(
        [sys.executable, __file__, sys.argv[1] + ".child", *words],
        start_new_session="leaver" in sys.argv,
    )
part = pathlib.Path(sys.argv[1] + ".part")
part.write_text(str(os.getpid()))
part.rename(sys.argv[1])
time.sleep(120)
"""


@pytest.fixture
def sleeper(tmp_path: Path) -> list[str]:
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    return [sys.executable, str(tmp_path / "sleeper.py"), str(tmp_path / "pid")]


def pids(folder: Path) -> list[int]:
    files = [folder / "pid", folder / "pid.child"]
    wait_until(lambda: all(file.exists() for file in files))
    return [int(file.read_text()) for file in files]


def start(command: list[str], folder: Path) -> subprocess.Popen:
    return start_guarded(command, folder, subprocess.DEVNULL)


@pytest.mark.parametrize("status", [0, 3])
def test_the_exit_status_is_the_commands(status, tmp_path) -> None:
    process = start([sys.executable, "-c", f"raise SystemExit({status})"], tmp_path)
    assert process.wait(20) == status
    process.stdin.close()


def test_a_command_killed_by_a_signal_tells_which(tmp_path) -> None:
    process = start(["sh", "-c", "kill -9 $$"], tmp_path)
    assert process.wait(20) == 128 + signal.SIGKILL
    process.stdin.close()


def test_closing_the_pipe_ends_the_whole_tree(sleeper, tmp_path) -> None:
    process = start([*sleeper, "parent"], tmp_path)
    tree = pids(tmp_path)
    began = time.monotonic()
    stop_guarded(process)
    assert time.monotonic() - began < 8
    assert not any(is_running(pid) for pid in tree)


def test_what_has_a_session_of_its_own_ends_with_what_started_it(sleeper, tmp_path) -> None:
    process = start([*sleeper, "leaver"], tmp_path)
    parent, child = pids(tmp_path)
    os.kill(parent, signal.SIGKILL)
    assert process.wait(20) == 128 + signal.SIGKILL
    process.stdin.close()
    assert not is_running(child)


@pytest.mark.parametrize("family", ["parent", "leaver"])
def test_what_is_deaf_is_killed_after_ten_seconds(family, sleeper, tmp_path) -> None:
    process = start([*sleeper, family, "deaf"], tmp_path)
    tree = pids(tmp_path)
    began = time.monotonic()
    stop_guarded(process)
    assert 9 < time.monotonic() - began < 15
    assert not any(is_running(pid) for pid in tree)


def test_what_a_command_leaves_behind_ends_with_it(sleeper, tmp_path) -> None:
    left = " ".join(sleeper)
    process = start(["sh", "-c", f"{left} & while [ ! -e {tmp_path}/pid ]; do :; done"], tmp_path)
    assert process.wait(20) == 0
    process.stdin.close()
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_killing_the_starter_ends_the_whole_tree(sleeper, tmp_path) -> None:
    script = (
        "import subprocess, sys, time; from pathlib import Path\n"
        "from flows.children import start_guarded\n"
        "start_guarded(sys.argv[1:], Path('.'), subprocess.DEVNULL)\n"
        "time.sleep(120)\n"
    )
    command = [sys.executable, "-c", script, *sleeper, "parent"]
    starter = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"})
    tree = pids(tmp_path)
    assert all(is_running(pid) for pid in tree)
    starter.kill()
    starter.wait()
    assert wait_until(lambda: not any(is_running(pid) for pid in tree), 15) < 12


def test_a_killed_guard_takes_its_group_with_it_when_the_run_stops(sleeper, tmp_path) -> None:
    process = start([*sleeper, "parent"], tmp_path)
    tree = pids(tmp_path)
    process.kill()
    process.wait()
    stop_guarded(process)
    wait_until(lambda: not any(is_running(pid) for pid in tree), 10)
