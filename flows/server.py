"""Lends a flow run a Prefect server of its own where none is named, and ends it afterwards.

In: a folder for its database. Out: `PREFECT_API_URL` in this process's environment. Must be called
before prefect is imported: server and flow then load side by side, which halves the start.
"""

import atexit
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from flows.children import start_guarded, stop_guarded
from flows.errors import FlowError

HOME = Path(".sluice/prefect")
"""Prefect's home for runs without a server, so that they share nothing with the user's own."""
START_SECONDS = 120.0
"""A machine that has to make the database first takes its time."""
_SERVER = {
    "PREFECT_UI_ENABLED": "false",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _log() -> Path:
    return Path(os.environ["PREFECT_HOME"]) / "server.log"


def _start(root: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    settings = [f"{name}={value}" for name, value in _SERVER.items()]
    with _log().open("wb") as log:
        process = start_guarded(["env", *settings, *command], root, log.fileno())
    return process, f"http://127.0.0.1:{port}/api"


def lend_server(root: Path) -> subprocess.Popen[bytes] | None:
    """Start a server unless one is named; it ends with this process, whatever ends this one."""
    os.environ.setdefault("PREFECT_HOME", str((root / HOME).resolve()))
    if os.environ.get("PREFECT_API_URL"):
        return None
    Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
    process, os.environ["PREFECT_API_URL"] = _start(root)
    atexit.register(stop_guarded, process)
    return process


def await_server(process: subprocess.Popen[bytes] | None) -> None:
    """Wait until a lent server answers.

    Raises:
        FlowError: it ended, or does not answer within `START_SECONDS`.
    """
    if process is None:
        return
    address, end = os.environ["PREFECT_API_URL"], time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310 - our own
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > end:
                raise FlowError(
                    f"Prefect's temporary server did not start: see {_log()}, or name a server of "
                    "your own by PREFECT_API_URL"
                ) from None
            time.sleep(0.05)
