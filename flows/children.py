"""Starts the processes of a flow run, each under a guard, and ends all of them at once.

In: a command. Out: its exit status, and its lines one by one as they come. What the command does,
and what its lines mean, is decided elsewhere.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from flows import guard
from sluice.command import QUIET

STOP_SECONDS = guard.GRACE_SECONDS + 3
"""After which a guard that was told to stop is itself killed with its group."""


def environment() -> dict[str, str]:
    """What every process of ours inherits: no telemetry, this interpreter first, lines at once.

    Threads that wait for each other do so asleep: stages side by side would else spin each other
    off the cores. How many threads there are is not touched here, since results may depend on it.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    waiting = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE")}
    return os.environ | QUIET | waiting | {"PATH": path, "PYTHONUNBUFFERED": "1"}


def start_guarded(
    command: list[str],
    folder: Path,
    output: int,
    kept: tuple[int, ...] = (),
    more: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.Popen[bytes]:
    """Start a command under a guard, which ends it when the pipe to its standard input closes.

    Args:
        command: the command.
        folder: where it runs.
        output: descriptor that takes what it prints, or `subprocess.PIPE`.
        kept: descriptors that stay open in it.
        more: further environment.
    """
    return subprocess.Popen(  # noqa: S603 - commands are ours
        [sys.executable, "-I", guard.__file__, *command],
        cwd=folder,
        env={**environment(), **more},
        stdin=subprocess.PIPE,
        start_new_session=True,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=kept,
    )


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a guard's group; only a guard that was killed itself leaves any."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def stop_guarded(process: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """Have the guard end its command, and wait for that."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        end_group(process)
        process.wait()
    if process.returncode < 0:
        end_group(process)


class Children:
    """The processes of one flow run; `stop` ends those that run and lets no other start."""

    def __init__(
        self,
        folder: Path,
        kept: tuple[int, ...] = (),
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._folder, self._kept, self._more = folder, kept, more
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self.stopped = False

    def _start(self, command: list[str]) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self.stopped:
                return None
            process = start_guarded(command, self._folder, subprocess.PIPE, self._kept, self._more)
            self._running.add(process)
        return process

    def run(self, command: list[str], report: Callable[[str], None]) -> int:
        """Run a command, report each line, and return its exit status (negative: a signal)."""
        process = self._start(command)
        if process is None:
            return -signal.SIGTERM
        try:
            for line in process.stdout or ():
                report(line.decode(errors="replace").rstrip())
            status = process.wait()
            if status < 0:
                end_group(process)
            return status
        finally:
            with self._lock:
                self._running.discard(process)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def stop(self) -> None:
        """End all processes of the run within `STOP_SECONDS`."""
        with self._lock:
            self.stopped = True
            running = list(self._running)
        for process in running:
            if process.stdin is not None:
                process.stdin.close()
        for process in running:
            stop_guarded(process)
