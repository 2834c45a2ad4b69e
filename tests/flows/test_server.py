"""The server that a flow run is lent: its own database, and whether that is looked over."""

import sqlite3
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest
from flow_project import run_flow

from flows import server as module
from flows.server import HOME, lend_server

CURRENT = version("prefect")


@pytest.fixture
def asked(monkeypatch) -> list[dict[str, str]]:
    """What the servers that are lent would be told of their database; none is started."""
    told: list[dict[str, str]] = []

    def note(command: list[str], *_: object) -> object:
        words = (word.partition("=") for word in command)
        told.append({name: value for name, sign, value in words if sign and "DATABASE" in name})
        return object()

    monkeypatch.setattr(module, "start_guarded", note)
    monkeypatch.setattr(module, "await_server", lambda *_: None)
    monkeypatch.setattr(module.atexit, "register", lambda *_: None)
    monkeypatch.setenv("PREFECT_HOME", "elsewhere")
    monkeypatch.setenv("PREFECT_API_URL", "")
    monkeypatch.setenv("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
    return told


def _migrates(root: Path, asked: list[dict[str, str]], monkeypatch) -> bool:
    monkeypatch.delenv("PREFECT_API_URL")
    lend_server(root)()
    return asked[-1]["PREFECT_API_DATABASE_MIGRATE_ON_START"] == "true"


def test_tables_are_looked_over_when_they_may_be_old(asked, tmp_path, monkeypatch) -> None:
    database, marker = tmp_path / HOME / "prefect.db", tmp_path / HOME / "database-version"
    assert _migrates(tmp_path, asked, monkeypatch)
    assert _migrates(tmp_path, asked, monkeypatch)  # no database was made
    database.touch()
    assert not _migrates(tmp_path, asked, monkeypatch)
    marker.write_text("3.0.0")
    assert _migrates(tmp_path, asked, monkeypatch)
    assert marker.read_text() == CURRENT
    database.unlink()
    assert _migrates(tmp_path, asked, monkeypatch)


def test_a_start_that_failed_vouches_for_no_tables(asked, tmp_path, monkeypatch) -> None:
    assert _migrates(tmp_path, asked, monkeypatch)
    monkeypatch.setattr(module, "version", lambda _: "99")
    monkeypatch.delenv("PREFECT_API_URL")
    lend_server(tmp_path)  # nobody waits until it answers
    (tmp_path / HOME / "prefect.db").touch()
    monkeypatch.setattr(module, "version", lambda _: CURRENT)
    assert _migrates(tmp_path, asked, monkeypatch)


def test_a_second_run_takes_the_tables_as_they_are(project, lend_database, monkeypatch) -> None:
    """With real servers, and though the environment names another database."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv(
        "PREFECT_API_DATABASE_CONNECTION_URL", "sqlite+aiosqlite:////nowhere/other.db"
    )
    lend_database(project)
    for expected in ("stages run: 4, cached: 0", "stages run: 0, cached: 4"):
        status, printed = run_flow(project, "")
        assert status == 0, printed
        assert expected in printed
    assert (project / HOME / "database-version").read_text() == CURRENT
    with closing(sqlite3.connect(project / HOME / "prefect.db")) as database:
        assert database.execute("select count(*) from flow_run").fetchone() == (2,)
