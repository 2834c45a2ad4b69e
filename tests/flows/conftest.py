"""One Prefect server for all tests of flows; it answers on this machine only."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from flow_project import make_flow_project
from workspace import environment

from flows.children import stop_guarded
from flows.server import HOME, await_server, start_server

EMPTY = "empty.db"


def _keep_empty(home: Path) -> None:
    """Copy the database that a server has just made, which takes it a quarter of a minute."""
    with (
        closing(sqlite3.connect(home / "prefect.db")) as made,
        closing(sqlite3.connect(home.parent / EMPTY)) as kept,
    ):
        made.backup(kept)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> str:
    quick = {"PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2"}
    home = tmp_path_factory.mktemp("prefect")
    process, address = start_server(home, **quick)
    try:
        await_server(process, address)
        _keep_empty(home)
        yield address
    finally:
        stop_guarded(process)


@pytest.fixture(scope="session")
def by_hand(tmp_path_factory) -> Path:
    """The project after `dvc repro`, undisturbed."""
    folder = make_flow_project(tmp_path_factory.mktemp("hand") / "project")
    command = [sys.executable, "-m", "dvc", "repro", "--quiet"]
    subprocess.run(command, cwd=folder, env=environment(), check=True)
    return folder


@pytest.fixture
def project(tmp_path):
    return make_flow_project(tmp_path / "project")


@pytest.fixture(scope="session")
def lend_database(server, tmp_path_factory) -> Callable[[Path], None]:
    """Gives a project the database that its first run without a server would make."""

    def lend(project: Path) -> None:
        (project / HOME).mkdir(parents=True)
        shutil.copy(tmp_path_factory.getbasetemp() / EMPTY, project / HOME / "prefect.db")

    return lend
