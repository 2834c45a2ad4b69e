"""Stages on workers in clones of their own: scheduler and workers are processes on loopback."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dask_cluster import clone, ended, make_shared_project, scheduler, start_worker, use_cluster
from flow_project import is_running, outputs, plan, run_flow, stage_pid, wait_until
from workspace import environment

from flows.cluster import Cluster
from flows.errors import FlowError
from flows.locks import hold_workspace
from sluice.errors import ResourceError
from sluice.flow_settings import Flows

pytestmark = [
    pytest.mark.faults,
    # DVC's own use of a library of its.
    pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning"),
]
# What a flow does that a test then kills.
CLIENT = """
import sys
from pathlib import Path
from flows.cluster import Cluster
from sluice.flow_settings import Flows
settings = Flows(runner="dask", dask_address=sys.argv[1])
Cluster(settings, Path.cwd(), print).run("side@a", False, print)
"""


def repro(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "dvc", "repro", "--quiet", *words]
    subprocess.run(command, cwd=folder, env=environment(), check=True)


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with scheduler(tmp_path_factory.mktemp("scheduler")) as found:
        yield found


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    folder = make_shared_project(tmp_path / "project", tmp_path / "remote")
    monkeypatch.chdir(folder)
    return folder


def settings(address: str, wait: float = 1.0) -> Flows:
    return Flows(runner="dask", dask_address=address, dask_wait_seconds=wait)


def test_two_workers_in_two_clones_leave_what_dvc_repro_leaves(server, project, address) -> None:
    clones = [clone(project, project.with_name(name)) for name in ("one", "two")]
    by_hand = clone(project, project.with_name("by-hand"))
    repro(by_hand)
    use_cluster(project, address, "[side, end]", wait=30)
    for folder in clones:
        plan(folder, side_a="sleep 3", side_b="sleep 3")
    with (
        ended(start_worker(clones[0], address, "one")),
        ended(start_worker(clones[1], address, "two")),
    ):
        status, printed = run_flow(project, server)
    assert status == 0, printed
    assert "stages run: 4, cached: 0" in printed
    assert "side-a works" in printed
    where = [{path.name for path in (folder / "pids").glob("side-*")} for folder in clones]
    assert sorted(where, key=sorted) == [{"side-a"}, {"side-b"}]  # one each, at once
    assert not (project / "pids/side-a").exists()
    assert outputs(project) == outputs(by_hand)


def test_a_worker_that_dies_gives_way_to_another_and_the_last_one_fails_the_stage(
    project, address
) -> None:
    repro(project, "start")
    before = (project / "dvc.lock").read_bytes()
    folders = [clone(project, project.with_name(name)) for name in ("one", "two")]
    for folder in folders:
        plan(folder, side_a="sleep 300")
    with ended(start_worker(folders[0], address, "one")) as first, ThreadPoolExecutor(1) as pool:
        cluster = Cluster(settings(address), project, print)
        run = pool.submit(cluster.run, "side@a", False, print)
        lost = stage_pid(folders[0], "side-a")
        with ended(start_worker(folders[1], address, "two")) as second:
            first.send_signal(signal.SIGKILL)
            moved = stage_pid(folders[1], "side-a")
            second.send_signal(signal.SIGKILL)
            with pytest.raises(FlowError, match=r"side@a: no worker is left at tcp://"):
                run.result(timeout=60)
        cluster.close()
    wait_until(lambda: not is_running(lost) and not is_running(moved), 20)
    assert (project / "dvc.lock").read_bytes() == before


def test_a_client_that_dies_ends_the_stage_on_the_worker(project, address) -> None:
    repro(project, "start")
    folder = clone(project, project.with_name("one"))
    plan(folder, side_a="sleep 300")
    with ended(start_worker(folder, address, "one")):
        command = [sys.executable, "-c", CLIENT, address]
        client = subprocess.Popen(command, env=environment(), cwd=project)
        try:
            stage = stage_pid(folder, "side-a")
        finally:
            client.kill()
            client.wait()
        assert wait_until(lambda: not is_running(stage), 60) < 30
        held = pytest.raises(FlowError, match="worker one; wait until it has ended")
        with held, hold_workspace(folder, "a flow", wait=0):
            pass


def test_a_stale_clone_fails_with_the_reason_and_is_passed_over_for_another(
    project, address
) -> None:
    repro(project, "start")
    stale, good = (clone(project, project.with_name(name)) for name in ("stale", "good"))
    with (stale / "stage.py").open("a") as code:
        code.write("# other\n")
    before = (project / "dvc.lock").read_bytes()
    warnings: list[str] = []
    with ended(start_worker(stale, address, "stale")):
        cluster = Cluster(settings(address), project, warnings.append)
        reason = rf"side@a cannot run on worker stale in {stale}: other than .*: stage\.py; bring"
        with pytest.raises(FlowError, match=reason):
            cluster.run("side@a", False, print)
        cluster.close()
        assert (project / "dvc.lock").read_bytes() == before
        with ended(start_worker(good, address, "good")):
            cluster = Cluster(settings(address), project, warnings.append)
            assert [cluster.run(f"side@{name}", False, print) for name in "ab"] == [0, 0]
            cluster.close()
    assert all("trying another worker" in line for line in warnings)
    assert (project / "out/a.txt").read_bytes() == (good / "out/a.txt").read_bytes()
    assert b"side@b" in (project / "dvc.lock").read_bytes()


def test_no_worker_and_no_scheduler_are_one_line_each(project, address) -> None:
    with pytest.raises(ResourceError, match=r"no worker at tcp://\S+ within 1 s: start one in a"):
        Cluster(settings(address), project, print)
    with pytest.raises(ResourceError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9: "):
        Cluster(settings("tcp://127.0.0.1:9"), project, print)
