"""Deployments on a real server with a real worker: created without a question, run, cancelled."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from flow_project import (
    NAMES,
    is_running,
    make_flow_project,
    outputs,
    plan,
    stage_pid,
    wait_until,
)
from prefect_api import call, look
from workspace import ROOT, environment

from flows.children import start_guarded, stop_guarded

pytestmark = pytest.mark.faults


def home_of(project: Path, server: str) -> dict[str, str]:
    return {"PREFECT_API_URL": server, "PREFECT_HOME": str(project / ".sluice/prefect")}


def start_worker(project: Path, server: str) -> subprocess.Popen:
    """A worker under a guard, as a service manager keeps it: what it started ends with it."""
    words = [f"{key}={value}" for key, value in home_of(project, server).items()]
    worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "sluice"]
    with (project / "worker.log").open("ab") as log:
        return start_guarded(["env", *words, *worker], project, log.fileno())


@pytest.fixture(scope="module")
def deployed(server, tmp_path_factory):
    """A project that is deployed, and a worker for it."""
    project = make_flow_project(tmp_path_factory.mktemp("deployed") / "project")
    (project / "prefect.yaml").write_text((ROOT / "prefect.yaml").read_text())
    home = home_of(project, server)

    def prefect(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "prefect", *words],
            cwd=project,
            env=environment() | home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    for words in (
        ("work-pool", "create", "sluice", "--type", "process"),
        ("deploy", "--all"),
        ("deploy", "--all"),
    ):
        done = prefect(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    process = start_worker(project, server)
    try:
        yield project
    finally:
        stop_guarded(process)


def start_run(server: str) -> str:
    deployment = look(server, "deployments/name/pipeline/pipeline")
    run = call(server, f"deployments/{deployment['id']}/create_flow_run")
    return run["id"]


def state_of(server: str, run: str) -> str:
    return look(server, f"flow_runs/{run}")["state"]["type"]


def task_states(server: str, run: str) -> dict[str, str]:
    found = call(server, "task_runs/filter", flow_runs={"id": {"any_": [run]}})
    return {task["name"]: task["state"]["type"] for task in found}


def test_the_deployment_says_what_it_is(server, deployed) -> None:
    found = look(server, "deployments/name/pipeline/pipeline")
    assert found["tags"] == ["sluice", "pipeline"]
    given = {"file": "dvc.yaml", "parallel": None, "force": None, "only": None}
    assert found["parameters"] == given
    assert found["description"].startswith("Bring every stage")
    assert found["global_concurrency_limit"]["limit"] == 1
    assert found["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    step = found["pull_steps"][0]["prefect.deployments.steps.set_working_directory"]
    assert step["directory"] == str(deployed)


def test_a_run_of_the_deployment_shows_every_stage(server, deployed) -> None:
    run = start_run(server)
    wait_until(lambda: state_of(server, run) in {"COMPLETED", "FAILED", "CRASHED"}, 120)
    assert state_of(server, run) == "COMPLETED", (deployed / "worker.log").read_text()[-3000:]
    wait_until(lambda: task_states(server, run) == dict.fromkeys(NAMES, "COMPLETED"), 30)
    found = call(server, "artifacts/filter", flow_runs={"id": {"any_": [run]}})
    assert {one["key"] for one in found} == {"metrics-end", "end-page-md"}


def test_a_cancelled_run_ends_its_whole_tree_and_the_next_one_waits_for_it(
    server, deployed
) -> None:
    (deployed / "pids/side-a").unlink(missing_ok=True)
    (deployed / "input.txt").write_text("other\n")
    plan(deployed, side_a="stubborn 300")
    first = start_run(server)
    stage = stage_pid(deployed, "side-a")
    second = start_run(server)
    time.sleep(3)
    assert state_of(server, second) in {"SCHEDULED", "PENDING"}
    call(
        server,
        f"flow_runs/{first}/set_state",
        state={"type": "CANCELLING", "name": "Cancelling"},
    )
    assert wait_until(lambda: not is_running(stage), 30) <= 15
    plan(deployed, side_a="")
    wait_until(lambda: state_of(server, first) == "CANCELLED", 60)
    wait_until(lambda: state_of(server, second) in {"COMPLETED", "FAILED", "CRASHED"}, 200)
    assert state_of(server, second) == "COMPLETED"
    assert outputs(deployed)["end.txt"].startswith(b"other\nstart\n")


def test_a_killed_worker_takes_its_run_with_it_and_the_next_one_resumes(server, deployed) -> None:
    (deployed / "pids/side-b").unlink(missing_ok=True)
    (deployed / "input.txt").write_text("third\n")
    plan(deployed, side_b="half 300")
    first = start_run(server)
    stage = stage_pid(deployed, "side-b")
    words = ["prefect", "worker", "start"]
    (worker,) = [
        one
        for one in psutil.Process().children(recursive=True)
        if one.cmdline()[2:5] == words or one.cmdline()[1:4] == words
    ]
    worker.kill()
    assert wait_until(lambda: not is_running(stage), 30) <= 15
    plan(deployed, side_b="")
    process = start_worker(deployed, server)
    try:
        second = start_run(server)
        wait_until(lambda: state_of(server, second) in {"COMPLETED", "FAILED", "CRASHED"}, 200)
        assert state_of(server, second) == "COMPLETED"
        assert state_of(server, first) == "CRASHED"
    finally:
        stop_guarded(process)
    assert outputs(deployed)["end.txt"].startswith(b"third\nstart\n")


def test_the_automation_for_zombies_is_applied_once(server, deployed) -> None:
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "flows", "automations"],
            cwd=deployed,
            env=environment() | {"PREFECT_API_URL": server, "PREFECT_HOME": str(deployed / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    found = call(server, "automations/filter")
    assert [one["name"] for one in found].count("sluice: crash zombies") == 1


def test_every_deployment_of_the_project_is_complete() -> None:
    content = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    for one in content["deployments"]:
        file, _, function = one["entrypoint"].partition(":")
        assert f"def {function}(" in (ROOT / file).read_text()
        assert one["description"]
        assert "sluice" in one["tags"]
        assert one["concurrency_limit"]["limit"] == 1
        assert one["concurrency_limit"]["collision_strategy"] == "ENQUEUE"
        for schedule in one.get("schedules", []):
            assert schedule["timezone"]
