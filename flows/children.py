"""Starts the processes of a flow run, each under a guard, and ends all of them at once.

In: a command. Out: its exit status, and its lines one by one as they come. What the command does,
and what its lines mean, is decided elsewhere.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flows import guard, sparing
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


def repro_command(name: str, force: bool) -> list[str]:
    """The command that has DVC bring one stage up to date, or run it anyway."""
    flags = ["--force"] if force else []
    return sparing.command("dvc", "--wait-for-lock", "repro", "--single-item", *flags, name)


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


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


@dataclass(frozen=True)
class _Spare:
    """A process that has loaded a module and waits for the words of its command."""

    module: str
    process: subprocess.Popen[bytes]
    words: int
    """The descriptor that takes them."""

    def give(self, words: list[str]) -> bool:
        """Give it its words, and say whether it takes them; else end what is left of it.

        A process whose guard is dead must get none: nobody would end it with the flow.
        """
        taken = False
        with contextlib.suppress(BrokenPipeError), os.fdopen(self.words, "w") as pipe:
            if self.process.poll() is None:
                pipe.write(json.dumps(words))
                pipe.flush()
                taken = True
        if not taken:
            self._end()
        return taken

    def drop(self) -> None:
        """End it without words."""
        os.close(self.words)
        self._end()

    def _end(self) -> None:
        stop_guarded(self.process)
        _close_pipes(self.process)


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
        self._spare: _Spare | None = None
        self._expected = ("", 0)
        self.stopped = False

    def expect(self, module: str, times: int) -> None:
        """Load what the next `times` commands of `sparing.command(module, ...)` need ahead of them.

        While one runs, a spare process loads the module for the next; `release` ends the last.
        """
        with self._lock:
            self._expected = module, times
            self._start_spare()

    def release(self) -> None:
        """End the spare process, if there is one."""
        with self._lock:
            self._expected = "", 0
            spare, self._spare = self._spare, None
        if spare:
            spare.drop()

    def _start_spare(self) -> None:
        module, times = self._expected
        if times < 1 or self._spare or self.stopped:
            return
        self._expected = module, times - 1
        reading, writing = os.pipe()
        command = sparing.command_in_advance(module, reading)
        try:
            process = self._guard(command, reading)
        finally:
            os.close(reading)
        self._spare = _Spare(module, process, writing)

    def _guard(self, command: list[str], *kept: int) -> subprocess.Popen[bytes]:
        kept = (*self._kept, *kept)
        return start_guarded(command, self._folder, subprocess.PIPE, kept, self._more)

    def _take_spare(self, command: list[str]) -> subprocess.Popen[bytes] | None:
        """The spare process if it is one for this command, which it has then begun."""
        split, spare = sparing.split_command(command), self._spare
        if split is None or spare is None or split[0] != spare.module:
            return None
        self._spare = None
        begun = spare.give(split[1])
        self._start_spare()
        return spare.process if begun else None

    def _start(self, command: list[str]) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self.stopped:
                return None
            process = self._take_spare(command) or self._guard(command)
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
            _close_pipes(process)

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
        self.release()
