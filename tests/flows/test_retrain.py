"""Retraining with real stages, the real gate, a real server: the life of a project in one go."""

import os
import shutil
import time
from pathlib import Path

import pytest
from prefect_api import call
from receiver import Receiver, receiver
from retrain_project import change, make_retrain_project, run, start

from flows.gate import find_reason
from flows.locks import hold_workspace
from sluice.registry.pointer import read_pointer
from sluice.registry.promotion import read_waiting
from sluice.registry.records import read_records

pytestmark = pytest.mark.slow
NAME = "SLUICE_TEST_CHANNEL"


@pytest.fixture(scope="module")
def channel() -> Receiver:
    with receiver() as found:
        yield found


@pytest.fixture(scope="module")
def first(tmp_path_factory, channel, lend_database) -> tuple[Path, str]:
    """A project whose first retraining has run, without a server; and what it printed."""
    folder = tmp_path_factory.mktemp("retrain")
    root = make_retrain_project(folder / "project", folder / "plans")
    change(root, "flows", notify={"environment": NAME, "block": None})
    lend_database(root)
    status, printed = run(root, None, "retrain", **{NAME: channel.address})
    assert status == 0, printed
    return root, printed


@pytest.fixture
def project(first, tmp_path) -> Path:
    """A project with a champion, the model of `plan.txt`."""
    return Path(shutil.copytree(first[0], tmp_path / "project"))


def champion(root: Path) -> int | None:
    pointer = read_pointer(root)
    return pointer.champion if pointer else None


def paused_run(address: str, seconds: float = 200) -> str:
    """The id of the only paused run, once there is one."""
    end = time.monotonic() + seconds
    wanted = {"flow_runs": {"state": {"type": {"any_": ["PAUSED"]}}}}
    while time.monotonic() < end:
        found = call(address, "flow_runs/filter", **wanted)
        if found:
            return found[0]["id"]
        time.sleep(0.5)
    raise AssertionError("no run is paused")


def test_the_first_model_becomes_the_champion_and_people_are_told(first, channel) -> None:
    root, printed = first
    last = printed.splitlines()[-1]
    assert last.startswith("promoted lstm-0 to version 1: challenger 8")
    assert champion(root) == 1
    record = read_records(root)[-1]
    assert record.reason == "retrained: there is no champion yet"
    message = channel.messages[0]
    assert message["title"] == "Sluice: promoted"
    lines = message["message"].splitlines()
    assert lines[0] == last
    assert any(line.startswith("floor: passed 0.8") for line in lines)
    assert f"report: {root.resolve() / 'reports/report.html'}" in lines
    assert f"record: {root.resolve() / 'registry/decisions/1.md'}" in lines
    assert "s3cret" not in printed
    assert not list(root.rglob("s3cret*"))


def test_without_new_data_drift_or_force_nothing_is_trained(server, project) -> None:
    """And a damaged file of DVC's cache is found before anything trusts it."""
    (project / "plan.txt").write_text("fail\n")
    change(project, "flows", notify={})
    copy = max((project / ".dvc/cache/files/md5").rglob("*"), key=lambda path: len(path.name))
    copy.chmod(0o644)
    copy.write_bytes(b"damaged")
    status, printed = run(project, server, "retrain")
    assert status == 0, printed
    assert f"not what they are named: '{copy.parent.name}{copy.name}'" in printed
    assert not copy.exists()
    assert printed.splitlines()[-1] == "kept champion: no new data since version 1"
    assert len(read_records(project)) == 1


def test_a_retraining_beside_another_run_is_refused_with_the_reason(server, project) -> None:
    change(project, "flows", notify={})
    with hold_workspace(project, "red-fox"):
        status, printed = run(project, server, "retrain", "--force")
    assert status == 1
    assert f"another flow is at work in {project}" in printed.splitlines()[-1]
    assert f"process {os.getpid()}, flow run red-fox; wait until it has ended" in printed
    assert champion(project) == 1


def test_new_data_is_seen_and_a_worse_challenger_is_not_promoted(server, project, channel) -> None:
    (project / "input.txt").write_text("one two three four\n")
    (project / "plan.txt").write_text("60 9\n")
    status, printed = run(project, server, "retrain", **{NAME: "json://127.0.0.1:1/s3cret"})
    assert status == 0, printed
    last = printed.splitlines()[-1]
    assert last.startswith("kept champion: challenger -2")
    assert "] macro-F1; failed: " in last
    assert "nobody was told: the address in SLUICE_TEST_CHANNEL" in printed
    assert "s3cret" not in printed
    record = read_records(project)[-1]
    assert (record.action, champion(project)) == ("kept", 1)
    assert record.reason == "retrained: the data has changed since version 1: 4 rows now"


def test_the_same_model_again_is_no_challenger(server, project) -> None:
    (project / "plan.txt").write_text("20  8\n")
    status, printed = run(project, server, "retrain", "--drift", "longer texts")
    assert status == 0, printed
    assert printed.splitlines()[-1] == (
        "kept champion: training gave version 1 again, to the byte (drift: longer texts)"
    )


def test_a_failed_stage_keeps_the_champion_and_people_are_told(server, project, channel) -> None:
    (project / "plan.txt").write_text("fail\n")
    before = len(channel.messages)
    status, printed = run(project, server, "retrain", "--force", **{NAME: channel.address})
    assert status == 1
    assert "pipeline: rest failed; the champion stays" in printed.splitlines()[-1]
    assert champion(project) == 1
    (message,) = channel.messages[before:]
    assert message["title"] == "Sluice: failed"
    assert "rest failed" in message["message"]


def test_a_person_approves_in_a_paused_run(server, project) -> None:
    change(project, "gate", approval="manual")
    (project / "plan.txt").write_text("0 9\n")
    flow = start(project, server, "retrain", "--force")
    identity = paused_run(server)
    assert champion(project) == 1
    assert read_waiting(project).version == 2
    refused = call(server, f"flow_runs/{identity}/resume", run_input={"approve": "perhaps"})
    assert refused["status"] == "REJECT"
    answer = {"approve": True, "reason": "looks right"}
    assert call(server, f"flow_runs/{identity}/resume", run_input=answer)["status"] == "ACCEPT"
    printed, _ = flow.communicate(timeout=240)
    assert flow.returncode == 0, printed
    assert printed.splitlines()[-1] == "approved version 2: looks right"
    assert champion(project) == 2
    assert read_records(project)[-1].action == "approved"


def test_nobody_answers_and_the_challenger_waits(server, project) -> None:
    change(project, "gate", approval="manual")
    change(project, "flows", approval_seconds=2, notify={})
    (project / "plan.txt").write_text("0 9\n")
    status, printed = run(project, server, "retrain", "--force")
    assert status == 0, printed
    last = printed.splitlines()[-1]
    assert last.startswith("waiting for approval of lstm-0 as version 2: challenger +")
    assert last.endswith("approve it by: sluice promote --approve (or --reject)")
    assert (champion(project), read_waiting(project).version) == (1, 2)


def test_reasons_to_train(first, tmp_path) -> None:
    root = first[0]
    assert find_reason(root, force=False, drift=None) is None
    assert find_reason(root, force=True, drift=None) == "forced"
    assert find_reason(root, force=True, drift="longer") == "drift: longer"
    assert find_reason(tmp_path, force=False, drift=None) == "there is no champion yet"
