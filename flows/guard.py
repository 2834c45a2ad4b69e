"""Runs a command and ends all of its processes when the process that started the guard is gone.

In: a command, and on standard input a pipe that its starter keeps open. Out: the command's exit
status. It stops there: it reads no output, and imports little, since each stage waits for it.

The pipe closes when the starter dies, however it dies. A parent-death signal would come too early:
Linux sends it when the thread that started the child ends, and flows start children in threads.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

GRACE_SECONDS = 10
"""Between SIGTERM and SIGKILL to the whole group."""
_AGAIN_SECONDS = 0.1
"""Between one SIGKILL and the next to what is left: a killed process takes a moment to end."""
_SET_CHILD_SUBREAPER = 36  # prctl(2), Linux


def _adopt_orphans() -> None:
    """Have grandchildren whose parent died become ours, so that we can wait for them too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _signal_others(number: int) -> None:
    """Send a signal to all processes below us that have left our group, as a worker's runs do."""
    for pid in _below():
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(pid) != os.getpgrp():
                os.kill(pid, number)


def _below() -> list[int]:
    import psutil  # of which a guard has no need until it stops something

    return [one.pid for one in psutil.Process().children(recursive=True)]


def _kill_all(_number: int, _frame: FrameType | None) -> None:
    """Kill all processes below us, and again what they had yet started, until none is left.

    Where orphans are not ours the group ends at once, and we with it: nobody else would find them.
    """
    if sys.platform != "linux":
        _signal_others(signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)
    for pid in _below():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)


def _stop_all(_number: int, _frame: FrameType | None) -> None:
    """Ask all processes below us to end; in ten seconds end those that have not."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.alarm(GRACE_SECONDS)
    os.killpg(0, signal.SIGTERM)
    _signal_others(signal.SIGTERM)


def _watch_starter() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _wait_for_all(first: int) -> int:
    """The exit status of the process `first`, once it and whatever it left have ended."""
    status = 1
    while True:
        try:
            ended, raw = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        if ended == first:
            status = os.waitstatus_to_exitcode(raw)
            with contextlib.suppress(ProcessLookupError):
                os.kill(os.getpid(), signal.SIGTERM)  # what it left behind ends as well


def main(command: list[str]) -> int:
    """Run the command in the guard's own process group, which the guard must lead."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    _adopt_orphans()
    signal.signal(signal.SIGALRM, _kill_all)
    signal.signal(signal.SIGTERM, _stop_all)
    signal.signal(signal.SIGINT, _stop_all)
    # Descriptors that were handed to the guard (the workspace's lock) go on to the command.
    child = subprocess.Popen(  # noqa: S603 - commands are ours
        command, stdin=subprocess.DEVNULL, close_fds=False
    )
    threading.Thread(target=_watch_starter, daemon=True).start()
    status = _wait_for_all(child.pid)
    child.returncode = status  # it has been waited for here
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
