"""Lends a flow run a Prefect server of its own where none is named, and ends it afterwards.

In: a folder for its database. Out: `PREFECT_API_URL` in this process's environment. Must be called
before prefect is imported: server and flow then load side by side, which halves the start.
"""

import atexit
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from flows import sparing
from flows.children import start_guarded, stop_guarded
from flows.errors import FlowError

HOME = Path(".sluice/prefect")
"""Prefect's home for runs without a server, so that they share nothing with the user's own."""
HEARTBEAT = "30"
"""Seconds between signs of life, the least that Prefect takes: without them a server never learns
that a run which was started by hand is dead."""
START_SECONDS = 120.0
"""A machine that has to make the database first takes its time."""
_SERVER = {
    "PREFECT_UI_ENABLED": "false",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
}


def find_free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _log(home: Path) -> Path:
    return home / "server.log"


def _marker(home: Path) -> Path:
    """Holds the version of Prefect whose tables the database is known to have."""
    return home / "database-version"


def _database(home: Path) -> dict[str, str]:
    """Settings of the database in a home; its tables are looked at only if they may be others."""
    path, marker = home.resolve() / "prefect.db", _marker(home)
    known = path.exists() and marker.exists() and marker.read_text() == version("prefect")
    if not known:
        marker.unlink(missing_ok=True)
    return {
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{path}",
        "PREFECT_API_DATABASE_MIGRATE_ON_START": str(not known).lower(),
    }


def start_server(home: Path, **settings: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server without pages on a free port of this machine; give it and its address.

    Args:
        home: Prefect's home, where its database and its log lie.
        settings: further environment of the server.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = find_free_port()
    words = {"PREFECT_HOME": str(home.resolve())} | _SERVER | _database(home) | settings
    app = ["--factory", "prefect.server.api.server:create_app", "--log-level", "error"]
    served = sparing.command("uvicorn", *app, "--host", "127.0.0.1", "--port", str(port))
    command = ["env", *(f"{name}={value}" for name, value in words.items()), *served]
    with _log(home).open("wb") as log:
        process = start_guarded(command, home, log.fileno())
    return process, f"http://127.0.0.1:{port}/api"


def await_server(process: subprocess.Popen[bytes], address: str) -> None:
    """Wait until a server that was started here answers.

    Raises:
        FlowError: it ended, or does not answer within `START_SECONDS`.
    """
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310 - our own
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise FlowError(
                    "Prefect's temporary server did not start: see server.log in PREFECT_HOME "
                    f"({HOME}), or name a server of your own by PREFECT_API_URL"
                ) from None
            time.sleep(0.05)


def ask_server(address: str) -> None:
    """See that the server of this address is there.

    Raises:
        FlowError: nobody answers.
    """
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=10):  # noqa: S310 - the user's own
            return
    except urllib.error.HTTPError:
        return  # it wants to know who asks, which is an answer
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise FlowError(
            f"PREFECT_API_URL names {address}, which does not answer ({reason}): start it, "
            "or unset the variable, and the flow has one of its own"
        ) from error


def lend_server(root: Path) -> Callable[[], None]:
    """Start a server unless one is named; give what waits for it. It ends with this process.

    Exit handlers run last in, first out: prefect, imported after this call, sends what it still has
    to tell, and only then the server stops.
    """
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", HEARTBEAT)
    home = root / HOME
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PREFECT_HOME", str(home.resolve()))
    named = os.environ.get("PREFECT_API_URL")
    if named:
        return lambda: ask_server(named)
    process, address = start_server(home)
    atexit.register(stop_guarded, process)
    os.environ["PREFECT_API_URL"] = address

    def wait() -> None:
        sparing.load_ahead("prefect")  # the server takes longer than prefect's import
        await_server(process, address)
        _marker(home).write_text(version("prefect"))

    return wait
