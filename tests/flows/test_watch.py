"""Watching as a flow: drift is told, becomes an event, and the event a retraining, once."""

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from judged_project import write_project
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_api import call
from receiver import receiver
from retrain_project import change, run
from workspace import ROOT

from flows.watch import MEMORY, Memory, is_quiet, read_memory
from sluice.registry.judging import judge_challenger
from sluice.registry.promotion import promote

NAME = "SLUICE_TEST_CHANNEL"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with a champion, and the flows of this checkout."""
    root = write_project(tmp_path / "project")
    promote(root, judge_challenger(root))
    shutil.copytree(ROOT / "flows", root / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    change(root, "watch", resamples=300, false_alarms=0.03, min_rows=20)
    change(root, "flows", notify={"environment": NAME, "block": None})
    return root


def scheduled(address: str, deployment: str) -> list[dict]:
    """Runs of a deployment that the automation has asked for."""
    return call(address, "flow_runs/filter", deployments={"id": {"any_": [deployment]}})


@pytest.mark.slow
# Prefect's client warns of itself.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_drift_is_told_and_starts_one_retraining(server, project) -> None:
    from flows.automations import apply_automation, retrain_on_drift

    with temporary_settings({PREFECT_API_URL: server}):
        with get_client(sync_client=True) as client:
            flow = client.create_flow_from_name("retrain")
            deployment = client.create_deployment(
                flow, "for-drift", parameters={"force": False, "drift": None}
            )
        apply_automation(retrain_on_drift(deployment))
    (project / "data/incoming").mkdir()
    status, printed = run(project, server, "watch")
    assert (status, printed.splitlines()[-1]) == (0, "no new texts in data/incoming")

    texts = pd.DataFrame(
        {"text": [f"boson quark{one}{two}" for one in "abcdefgh" for two in "klmno"]}
    )
    texts.to_csv(project / "data/incoming/monday.csv", index=False)
    with receiver() as channel:
        words = {NAME: channel.address}
        status, printed = run(project, server, "watch", **words)
        last = printed.splitlines()[-1]
        assert (status, last.startswith("drift in unknown words")) == (0, True), printed
        status, again = run(project, server, "watch", **words)
        assert again.splitlines()[-1] == "data/incoming is as it was at the last look"
        shutil.copy(project / "data/incoming/monday.csv", project / "data/incoming/tuesday.csv")
        status, more = run(project, server, "watch", **words)
        assert more.splitlines()[-1].endswith("no further alarm so soon after the last one"), more
    (message,) = channel.messages
    assert message["title"] == "Sluice: drift"
    assert message["message"].splitlines()[0] == last
    assert f"report: {(project / 'reports/watch/drift.html').resolve()}" in message["message"]
    assert "s3cret" not in printed + more

    end = time.monotonic() + 30
    while not scheduled(server, str(deployment)) and time.monotonic() < end:
        time.sleep(0.5)
    (found,) = scheduled(server, str(deployment))
    assert found["parameters"]["drift"] == last


def test_an_alarm_is_followed_by_quiet_against_the_same_champion() -> None:
    memory = Memory(3, "x", (NOW - timedelta(hours=23)).isoformat())
    assert is_quiet(memory, 3, NOW, 24.0)
    assert not is_quiet(memory, 3, NOW, 22.0)
    assert not is_quiet(memory, 4, NOW, 24.0)
    assert not is_quiet(Memory(3, "x", None), 3, NOW, 24.0)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"champion": 1, "sha256": "x", "alarm": "then"}']
)
def test_a_memory_that_cannot_be_read_is_none(tmp_path, content) -> None:
    path = tmp_path / MEMORY
    path.parent.mkdir()
    path.write_text(content)
    assert read_memory(tmp_path) == Memory()
    path.write_text('{"champion": 1, "sha256": "x", "alarm": null}')
    assert read_memory(tmp_path) == Memory(1, "x", None)


def test_without_a_champion_there_is_nothing_to_watch(tmp_path) -> None:
    from flows.watch import _why_not

    assert "no champion yet" in _why_not(tmp_path, Path("new.csv"), Memory())
