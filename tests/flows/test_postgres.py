"""A Prefect server on PostgreSQL, as docs/deploy.md has it, with a real cluster on loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_project import NAMES, run_flow, wait_until
from prefect_api import call

from flows.children import stop_guarded
from flows.server import await_server, find_free_port, start_server

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
"""Debian and its kin keep a cluster's commands off the path."""

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        shutil.which("initdb", path=f"{os.environ['PATH']}{os.pathsep}{BINARIES}") is None,
        reason="PostgreSQL's server is not installed",
    ),
]


def _command(name: str) -> str:
    return shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}{BINARIES}")


@pytest.fixture
def postgres() -> Iterator[str]:
    """A new cluster; the address of its database for Prefect. PostgreSQL refuses to run as root."""
    user = "nobody" if os.getuid() == 0 else None
    port = find_free_port()
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to `nobody`
        folder = Path(name) / "cluster"
        folder.mkdir()
        if user:
            folder.parent.chmod(0o755)
            shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
        made = [_command("initdb"), "--auth=trust", "--username=sluice", "--pgdata", str(folder)]
        subprocess.run(made, user=user, cwd="/", check=True, capture_output=True, timeout=60)
        options = ["-h", "127.0.0.1", "-p", str(port), "-k", "", "-c", "fsync=off"]
        command = [_command("postgres"), "-D", str(folder), *options]
        process = subprocess.Popen(command, user=user, cwd="/", stderr=subprocess.DEVNULL)
        ready = [_command("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        try:
            wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, 30)
            yield f"postgresql+asyncpg://sluice@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown
            process.wait(30)


def test_a_run_is_recorded_in_postgresql(postgres, project, tmp_path) -> None:
    settings = {"PREFECT_API_DATABASE_CONNECTION_URL": postgres}
    server, address = start_server(tmp_path / "prefect", **settings)
    try:
        await_server(server, address)
        status, printed = run_flow(project, address)
        assert status == 0, printed
        assert "stages run: 4, cached: 0" in printed
        assert not list((tmp_path / "prefect").rglob("*.db"))

        def completed() -> bool:
            tasks = call(address, "task_runs/filter")
            return {task["name"]: task["state_type"] for task in tasks} == dict.fromkeys(
                NAMES, "COMPLETED"
            )

        wait_until(completed, 20)
    finally:
        stop_guarded(server)
