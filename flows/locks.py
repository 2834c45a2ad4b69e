"""Who is at work in this workspace: our own lock, and those that DVC keeps in `.dvc/tmp`.

In: a project's folder. Out: the right to work in it, or a `FlowError` that names who has it. A
live lock is respected; one that a dead process left is explained, and taken out of the way.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import psutil
import zc.lockfile

from flows.errors import FlowError

WORKSPACE_LOCK = Path(".sluice/flow.lock")
WAIT_SECONDS = 20.0
"""Longer than a guard takes to end the stages of a flow that was killed."""
_DVC = Path(".dvc/tmp")


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(handle: IO[str]) -> str:
    handle.seek(0)
    try:
        content = json.load(handle)
        return f"process {content['pid']}, flow run {content['run']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


@contextlib.contextmanager
def hold_workspace(root: Path, run: str, wait: float = WAIT_SECONDS) -> Iterator[int]:
    """Hold the workspace for one flow run; yield the lock's descriptor.

    The system frees the lock when the last process that has the descriptor is gone. Stages inherit
    it, so a workspace is free only once the stages of a killed flow have ended as well.

    Raises:
        FlowError: another flow has it, and keeps it for longer than `wait` seconds.
    """
    path = root / WORKSPACE_LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as handle:
        end = time.monotonic() + wait
        while not _try_lock(handle):
            if time.monotonic() > end:
                raise FlowError(
                    f"another flow is at work in {root}: {_holder(handle)}; "
                    "wait until it has ended, or cancel it"
                )
            time.sleep(0.1)
        handle.truncate(0)
        json.dump({"pid": os.getpid(), "run": run}, handle)
        handle.flush()
        yield handle.fileno()


def _is_alive(entry: dict[str, Any]) -> bool:
    """Whether the process of an entry lives and still is the command that took the lock."""
    try:
        words = psutil.Process(int(entry["pid"])).cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True  # it is there, and not ours to look at
    arguments = str(entry["cmd"]).split(" ", 1)[1:]
    if not words or not arguments:  # without words it is just becoming another program
        return True
    return " ".join(words).endswith(arguments[0])


def _prune(content: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The content of DVC's file without entries of dead processes, and a line for each."""
    gone: dict[int, str] = {}
    write, read = {}, {}
    for path, entry in content.get("write", {}).items():
        if _is_alive(entry):
            write[path] = entry
        else:
            gone[entry["pid"]] = entry["cmd"]
    for path, entries in content.get("read", {}).items():
        gone |= {entry["pid"]: entry["cmd"] for entry in entries if not _is_alive(entry)}
        live = [entry for entry in entries if _is_alive(entry)]
        if live:
            read[path] = live
    lines = [f"process {pid} died while it held DVC's lock ({cmd})" for pid, cmd in gone.items()]
    return {"write": write, "read": read}, lines


def clear_stale_locks(root: Path) -> list[str]:
    """Take entries of dead processes out of DVC's file of locks; say for each whose it was.

    DVC does the same, but takes any process with the dead one's number for the owner (after a
    container's restart numbers are used again), and stops at a file that a kill left half written.
    Its other lock, `.dvc/tmp/lock`, is the system's and is freed by any death.

    Raises:
        FlowError: somebody edits the file for longer than a few seconds.
    """
    path = root / _DVC / "rwlock"
    if not path.exists():
        return []
    with _held(root / _DVC / "rwlock.lock", 5.0):  # as DVC does when it edits the file
        try:
            content, lines = _prune(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError):
            path.unlink()
            return [f"{path} was half written when its writer died: removed"]
        if lines:
            part = path.with_name(f"{path.name}.part")
            part.write_text(json.dumps(content), encoding="utf-8")
            part.replace(path)
    return [f"{line}: released" for line in lines]


def _lock_within(path: Path, seconds: float) -> zc.lockfile.LockFile:
    end = time.monotonic() + seconds
    while True:
        try:
            return zc.lockfile.LockFile(str(path))
        except zc.lockfile.LockError:
            if time.monotonic() > end:
                raise FlowError(
                    f"{path} has been held for {seconds:.0f} s: which dvc command is stuck?"
                ) from None
            time.sleep(0.1)


@contextlib.contextmanager
def _held(path: Path, seconds: float) -> Iterator[None]:
    lock = _lock_within(path, seconds)
    try:
        yield
    finally:
        lock.close()


@contextlib.contextmanager
def hold_repository(root: Path) -> Iterator[None]:
    """Hold DVC's lock of the repository, as every `dvc` command does that writes.

    Raises:
        FlowError: another command has it for longer than a minute.
    """
    with _held(root / _DVC / "lock", 60.0):
        yield


def describe_live_lock(root: Path) -> str | None:
    """Say that another command holds the repository's lock, which stages then wait for."""
    path = root / _DVC / "lock"
    if not path.exists():
        return None
    try:
        zc.lockfile.LockFile(str(path)).close()
    except zc.lockfile.LockError:
        return "another dvc command holds the repository's lock: stages wait until it ends"
    return None
