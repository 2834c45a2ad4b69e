"""Kills in the middle of stages, with real processes: the next run resumes, nothing is lost."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flow_project import (
    is_running,
    make_flow_project,
    outputs,
    plan,
    run_flow,
    stage_pid,
    start_flow,
    wait_until,
)
from workspace import environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, bytes]:
    """What a run by hand leaves."""
    folder = make_flow_project(tmp_path_factory.mktemp("undisturbed") / "project")
    command = [sys.executable, "-m", "dvc", "repro", "--quiet"]
    subprocess.run(command, cwd=folder, env=environment(), check=True)
    return outputs(folder)


def resume(project: Path, server: str, undisturbed: dict[str, bytes]) -> str:
    plan(project, start="", side_a="", side_b="", end="")
    status, printed = run_flow(project, server)
    assert status == 0, printed
    assert outputs(project) == undisturbed
    assert not list(project.rglob("*.part"))
    return printed


def test_killing_the_flow_leaves_no_orphan_and_the_next_run_resumes(
    server, project, undisturbed
) -> None:
    plan(project, side_a="half 300", side_b="sleep 300")
    flow = start_flow(project, server)
    stages = [stage_pid(project, f"side-{side}") for side in "ab"]
    wait_until(lambda: list(project.rglob("*.part")))
    flow.kill()
    flow.communicate()
    assert wait_until(lambda: not any(is_running(pid) for pid in stages), 20) < 15
    ticks = {path: path.read_text() for path in (project / "ticks").glob("*")}
    time.sleep(0.3)
    assert {path: path.read_text() for path in (project / "ticks").glob("*")} == ticks
    assert b"side@" not in (project / "dvc.lock").read_bytes()
    printed = resume(project, server, undisturbed)
    assert "stages run: 3, cached: 1" in printed


def test_a_run_started_at_once_after_a_kill_waits_for_what_still_ends(
    server, project, undisturbed
) -> None:
    plan(project, side_a="stubborn 300")
    flow = start_flow(project, server)
    stage = stage_pid(project, "side-a")
    flow.kill()
    flow.communicate()
    assert is_running(stage)
    resume(project, server, undisturbed)
    assert not is_running(stage)


def test_killing_a_stage_fails_its_task_with_the_reason(server, project, undisturbed) -> None:
    plan(project, side_a="sleep 300")
    flow = start_flow(project, server)
    os.kill(stage_pid(project, "side-a"), signal.SIGKILL)
    printed, _ = flow.communicate(timeout=60)
    assert flow.returncode == 1
    assert re.search(r"side-a .*exited with (-9|137)\n", printed)  # 137 where the shell forks
    assert printed.splitlines()[-1] == "side@a failed; not run after that: 1"
    assert b"side@a" not in (project / "dvc.lock").read_bytes()
    assert "stages run: 2, cached: 2" in resume(project, server, undisturbed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_the_flow_ends_its_whole_tree(number, server, project, undisturbed) -> None:
    plan(project, side_a="stubborn 300", side_b="sleep 300")
    flow = start_flow(project, server)
    stages = [stage_pid(project, f"side-{side}") for side in "ab"]
    began = time.monotonic()
    flow.send_signal(number)
    flow.communicate(timeout=30)
    assert time.monotonic() - began < 15
    assert flow.returncode != 0
    assert not any(is_running(pid) for pid in stages)
    resume(project, server, undisturbed)


def test_a_dvc_command_at_work_is_waited_for(server, project, undisturbed) -> None:
    plan(project, start="sleep 300")
    command = [sys.executable, "-m", "dvc", "repro", "--quiet"]
    other = subprocess.Popen(command, cwd=project, env=environment())
    stage = stage_pid(project, "start")
    flow = start_flow(project, server)
    printed = ""
    while "waits for another dvc command" not in printed:
        printed = flow.stdout.readline()
        assert printed, "the flow ended"
    assert is_running(stage)
    plan(project, start="")
    other.kill()
    os.kill(stage, signal.SIGKILL)
    other.wait()
    printed, _ = flow.communicate(timeout=60)
    assert flow.returncode == 0, printed
    assert outputs(project) == undisturbed


def test_a_half_written_dvc_lock_is_put_back(server, project, undisturbed) -> None:
    assert run_flow(project, server)[0] == 0  # which keeps a copy
    whole = (project / "dvc.lock").read_text()
    (project / "dvc.lock").write_text(whole[: len(whole) // 2] + "\n  - {")
    (project / ".dvc/tmp/rwlock").write_text('{"write": {')
    printed = resume(project, server, undisturbed)
    assert "dvc.lock was half written" in printed
    assert "rwlock was half written" in printed
