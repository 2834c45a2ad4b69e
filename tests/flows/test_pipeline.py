"""The flow on a project of quick stages, as a user starts it, watched through the server's API."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flow_project import NAMES, outputs, plan, run_flow
from prefect_api import call
from workspace import environment

pytestmark = pytest.mark.slow


def last_run(server: str) -> dict:
    return call(server, "flow_runs/filter", sort="START_TIME_DESC", limit=1)[0]


def task_states(server: str, run: dict) -> dict[str, dict]:
    """States of a run's tasks by name; events reach the server a moment after the flow's end."""
    end = time.monotonic() + 20
    while True:
        tasks = call(server, "task_runs/filter", flow_runs={"id": {"any_": [run["id"]]}})
        final = all(task["state"]["type"] not in {"PENDING", "RUNNING"} for task in tasks)
        if (tasks and final) or time.monotonic() > end:
            return {task["name"]: task["state"] for task in tasks}
        time.sleep(0.2)


def test_every_stage_is_a_task_and_the_second_run_finds_them_cached(
    server, project, by_hand
) -> None:
    status, printed = run_flow(project, server)
    assert status == 0, printed
    assert "stages run: 4, cached: 0" in printed
    assert "side-a works" in printed
    run = last_run(server)
    states = task_states(server, run)
    assert set(states) == set(NAMES)
    assert {state["name"] for state in states.values()} == {"Completed"}
    before = outputs(project)
    assert before["end.txt"] == b"input\nstart\nside-a\ninput\nstart\nside-b\nend\n"
    assert before == outputs(by_hand)
    artifacts = call(server, "artifacts/filter", flow_runs={"id": {"any_": [run["id"]]}})
    found = {one["key"]: one for one in artifacts}
    assert set(found) == {"metrics-end", "end-page-md"}
    assert json.loads(found["metrics-end"]["data"]) == [{"metric": "f1.macro", "value": 0.5}]
    assert found["end-page-md"]["data"] == "# Page"

    status, printed = run_flow(project, server)
    assert status == 0, printed
    assert "stages run: 0, cached: 4" in printed
    states = task_states(server, last_run(server))
    kinds = {(state["type"], state["name"]) for state in states.values()}
    assert kinds == {("COMPLETED", "Cached")}
    assert outputs(project) == before


def test_a_failed_stage_fails_with_its_last_lines_and_its_sibling_ends(server, project) -> None:
    plan(project, side_a="fail", side_b="sleep 1")
    status, printed = run_flow(project, server)
    assert status == 1
    assert printed.splitlines()[-1] == "side@a failed; not run after that: 1"
    assert "Traceback" not in printed
    states = task_states(server, last_run(server))
    assert states["side@a"]["type"] == "FAILED"
    assert "line 59 of side-a" in states["side@a"]["message"]
    assert "exited with 3" in states["side@a"]["message"]
    assert len(states["side@a"]["message"].splitlines()) == 41
    assert states["side@b"]["type"] == "COMPLETED"
    assert (states["end"]["type"], states["end"]["name"]) == ("CANCELLED", "NotRun")
    assert "side@a did not complete" in states["end"]["message"]
    assert last_run(server)["state"]["type"] == "FAILED"
    plan(project, side_a="", side_b="")
    status, printed = run_flow(project, server)
    assert "stages run: 2, cached: 2" in printed


def ran_together(folder: Path) -> float:
    """Seconds by which both sides overlapped, from their files of ticks and their outputs."""
    began = max((folder / f"pids/side-{side}").stat().st_mtime for side in "ab")
    return min((folder / f"out/{side}.txt").stat().st_mtime for side in "ab") - began


@pytest.mark.parametrize("parallel", ["1", "2"])
def test_independent_stages_run_side_by_side_up_to_the_limit(server, project, parallel) -> None:
    plan(project, side_a="sleep 3", side_b="sleep 3")
    status, printed = run_flow(project, server, "--parallel", parallel)
    assert status == 0, printed
    assert (ran_together(project) > 0) is (parallel == "2")


def test_a_forced_stage_runs_again_and_an_unknown_one_is_refused(server, by_hand, tmp_path) -> None:
    project = Path(shutil.copytree(by_hand, tmp_path / "project"))
    status, printed = run_flow(project, server, "--force", "middle")
    assert status == 1
    assert "unknown stage middle; stages: start, side@a, side@b, end" in printed
    assert "Traceback" not in printed
    status, printed = run_flow(project, server, "--force", "side@b")
    assert status == 0, printed
    assert "stages run: 1, cached: 3" in printed


def test_what_the_user_must_mend_is_one_line(server, project) -> None:
    (project / "params.yaml").write_text("flows:\n  paralel: 2\n")
    status, printed = run_flow(project, server)
    assert status == 1
    assert "flows.paralel: unknown key; valid keys: approval_seconds, dask_address, " in printed
    (project / "params.yaml").write_text("flows: {}\n")
    (project / "dvc.yaml").write_text("stages:\n  start:\n    comand: python stage.py\n")
    status, printed = run_flow(project, server)
    assert status == 1
    assert "DVC cannot read dvc.yaml" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/api", "127.0.0.1:4200/api"])
def test_a_server_that_is_not_there_is_one_line(project, address) -> None:
    status, printed = run_flow(project, address)
    assert status == 1
    assert printed.startswith(f"error: PREFECT_API_URL names {address}, which does not answer (")
    assert len(printed.splitlines()) == 1


def test_a_stage_named_for_it_is_tried_again(server, project) -> None:
    (project / "params.yaml").write_text(
        "flows:\n  retry: {stages: [start], times: 1, delay_seconds: 0.5}\n"
    )
    (project / "stage.py").write_text(
        "import pathlib, sys\n"
        "tries = pathlib.Path('tries')\n"
        "before = tries.read_text() if tries.exists() else ''\n"
        "tries.write_text(before + 'x')\n" + (project / "stage.py").read_text()
    )
    plan(project, start="fail")
    status, printed = run_flow(project, server)
    assert status == 1
    assert "start failed; not run after that: 3" in printed
    assert (project / "tries").read_text() == "xx"


def test_without_a_server_one_is_lent_and_ends(project, lend_database) -> None:
    lend_database(project)
    environment_ = environment()
    environment_.pop("PREFECT_API_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", "flows", "pipeline"],
        cwd=project,
        env=environment_,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stages run: 4, cached: 0" in done.stdout
    for bad in ("Traceback", "Error", "failed"):
        assert bad not in done.stdout + done.stderr
