"""Exports a small network with random weights, and serves it as a process of its own."""

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stored_model import write_model

from sluice.serving.contents import Thresholds, write_bundle
from sluice.serving.export import export_folder

COMMAND = "from sluice.cli import main\nmain()"
SECONDS = 60
"""Longest wait for a process on a busy machine."""


def write_exported(folder: Path, thresholds: Thresholds | None = None) -> Path:
    """An exported bundle at `folder`; its source lies beside it."""
    source = write_model(folder.with_name(f"{folder.name}-source"))
    write_bundle(source, thresholds or Thresholds(), {"labels": ["bad", "good"]})
    export_folder(source, folder)
    return folder


class Served(NamedTuple):
    """A running service."""

    address: str
    process: subprocess.Popen[str]
    log: Path

    def ask(self, path: str, body: Any = None, raw: bytes | None = None) -> tuple[int, Any]:
        """Status and JSON of a call; POST where there is a body."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def read(self, path: str) -> str:
        """The text of a page."""
        with urllib.request.urlopen(self.address + path, timeout=SECONDS) as answer:
            return str(answer.read().decode())


def _address(log: Path, process: subprocess.Popen[str]) -> str:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        for word in log.read_text().replace(",", " ").split():
            if word.startswith("http://"):
                return word
        time.sleep(0.05)
    raise AssertionError(f"the service did not start: {log.read_text()}")


@contextlib.contextmanager
def served(
    folder: Path | None, log: Path, *options: str, cwd: Path | None = None
) -> Iterator[Served]:
    """Serve a bundle, or the champion of the project in `cwd`, on a free port."""
    command = [sys.executable, "-c", COMMAND, "serve", "--port", "0"]
    if folder is not None:
        command += ["--model", str(folder)]
    with log.open("w") as handle:
        process = subprocess.Popen([*command, *options], stderr=handle, text=True, cwd=cwd)
    try:
        yield Served(_address(log, process), process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
