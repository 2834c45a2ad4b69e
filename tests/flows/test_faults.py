"""Kills while stages work and write, with real processes: the next run resumes, nothing is lost."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from flow_project import (
    is_running,
    outputs,
    plan,
    run_flow,
    stage_pid,
    start_flow,
    wait_until,
)
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.settings import PREFECT_API_URL, temporary_settings
from workspace import environment

from flows.children import end_group, stop_guarded
from flows.server import HOME, await_server, start_server

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def undisturbed(by_hand) -> dict[str, bytes]:
    """What a run by hand leaves."""
    return outputs(by_hand)


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
    plan(project, side_a="half 300")
    flow = start_flow(project, server)
    stage = stage_pid(project, "side-a")
    wait_until(lambda: list(project.rglob("*.part")))
    os.kill(stage, signal.SIGKILL)
    printed, _ = flow.communicate(timeout=60)
    assert flow.returncode == 1
    assert re.search(r"side-a .*exited with (-9|137)\n", printed)  # 137 where the shell forks
    assert printed.splitlines()[-1] == "side@a failed; not run after that: 1"
    assert not (project / "out/a.txt").exists()
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


def test_killing_the_server_loses_nothing_and_the_next_run_goes_on(
    server, project, undisturbed, monkeypatch, lend_database
) -> None:
    lend_database(project)
    own, address = start_server(project / HOME)
    await_server(own, address)
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "0")  # it would wait for a minute
    plan(project, side_a="half 3", side_b="half 3")
    flow = start_flow(project, address)
    stages = [stage_pid(project, f"side-{side}") for side in "ab"]
    end_group(own)
    stop_guarded(own)
    printed, _ = flow.communicate(timeout=120)
    assert flow.returncode == 1
    said = f"error: the Prefect server at {address} does not answer"
    assert any(line.startswith(said) for line in printed.splitlines())
    assert not any(is_running(pid) for pid in stages)
    recorded = yaml.safe_load((project / "dvc.lock").read_text())["stages"]
    for stage in recorded.values():
        for out in stage["outs"]:
            content = (project / out["path"]).read_bytes()
            assert hashlib.md5(content, usedforsecurity=False).hexdigest() == out["md5"]
    resume(project, server, undisturbed)


# Prefect's client warns of itself.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_killed_run_does_not_stay_running_for_ever(server, project) -> None:
    """Heartbeats and the automation, with an interval that a test can wait for."""
    from flows.automations import apply_automation, crash_zombies

    with temporary_settings({PREFECT_API_URL: server}):
        apply_automation(crash_zombies(timedelta(seconds=10)))
        try:
            plan(project, start="sleep 300")
            flow = start_flow(project, server)
            stage_pid(project, "start")
            run = the_run(project)
            with get_client(sync_client=True) as client:
                assert client.read_flow_run(run).state.is_running()
                flow.kill()
                flow.communicate()
                wait_until(lambda: client.read_flow_run(run).state.is_crashed(), 90)
                state = client.read_flow_run(run).state
            assert state.message == "no heartbeat: the process of this run is gone"
        finally:
            apply_automation(crash_zombies())


def the_run(project: Path) -> UUID:
    """The id of the flow run that holds the workspace, by its name in the lock."""
    name = json.loads((project / ".sluice/flow.lock").read_text())["run"]
    with get_client(sync_client=True) as client:
        (found,) = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[name]))
        )
    return found.id
