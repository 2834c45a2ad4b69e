"""One stage in the workspace of a Dask worker, and the worker itself.

In: an order (see `flows.exchange`). Out: an answer: what `dvc repro` said and how it ended, the
stage's entry of `dvc.lock`, and what the remote does not carry. It stops at the remote.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from distributed import Worker, get_worker

from flows.children import Children, repro_command
from flows.errors import FlowError
from flows.exchange import compare_entries, find_differences, hand_over, take_inputs
from flows.locks import clear_stale_locks, hold_workspace
from sluice.errors import SluiceError
from sluice.partitions import WORKSPACE, fingerprint

MAX_LINES = 1000
"""Lines of a stage that its answer repeats, should some be lost under way."""
START_SECONDS = 20
_POLL_SECONDS = 0.5
_SHOWN = 5


@contextlib.contextmanager
def _ending_with(is_wanted: Callable[[], bool], children: Children) -> Iterator[None]:
    """End the stage once nobody wants it any more: cancelled, or the client is gone."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_POLL_SECONDS):
            if not is_wanted():
                children.stop()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def reproduce_order(
    order: dict[str, Any],
    root: Path,
    children: Children,
    tell: Callable[[tuple[int, str]], None],
) -> dict[str, Any]:
    """Run the stage of an order in a workspace.

    Args:
        order: see `flows.exchange.make_order`.
        root: the workspace.
        children: takes the processes.
        tell: is given each line of `dvc repro` with its number.

    Returns:
        `refused`: why the stage was not run here, or None; `status` of `dvc repro`; its last
        `lines`, numbered; after status 0 `entry` and `files`.
    """
    answer: dict[str, Any] = {"refused": None, "status": 1, "lines": []}
    lines = deque[tuple[int, str]](maxlen=MAX_LINES)

    def report(line: str) -> None:
        lines.append((lines[-1][0] + 1 if lines else 0, line))
        tell(lines[-1])

    try:
        take_inputs(root, order)
        differences = find_differences(root, order)
        if differences:
            more = f" and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
            raise FlowError(
                f"other than in the flow's workspace: {', '.join(differences[:_SHOWN])}{more}; "
                "bring the clone to the same commit"
            )
        answer["status"] = children.run(repro_command(order["name"], order["force"]), report)
        answer["lines"] = list(lines)
        if answer["status"] == 0:
            answer |= hand_over(root, order["name"])
            changed = compare_entries(order["entry"], answer["entry"])
            if changed:
                raise FlowError(f"changed while the stage ran: {', '.join(changed[:_SHOWN])}")
    except SluiceError as error:
        answer["refused"] = str(error)
    return answer


def run_order(order: dict[str, Any], key: str) -> dict[str, Any]:
    """What a Dask worker is asked to do; `key` is the task's, and the topic of its lines."""
    worker, root = get_worker(), Path.cwd()
    children = Children(root)

    def is_wanted() -> bool:
        state = worker.state.tasks.get(key)
        return state is not None and state.state != "cancelled"

    with _ending_with(is_wanted, children):
        answer = reproduce_order(
            order, root, children, lambda line: worker.log_event(key, list(line))
        )
    return answer | {"worker": worker.address, "where": f"{worker.name} in {root}"}


async def _serve(address: str, name: str, root: Path) -> str:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    worker = Worker(
        address,
        name=name,
        nthreads=1,
        resources={WORKSPACE: 1},
        local_directory=str(root / ".sluice/dask"),
        death_timeout=START_SECONDS,
        dashboard=False,
    )
    try:
        await worker
    except (OSError, TimeoutError) as error:
        raise FlowError(f"no Dask scheduler answers at {address}") from error
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    sys.stdout.write(f"{name} waits for stages of {address} in {root}\n")
    sys.stdout.flush()
    gone = asyncio.create_task(worker.finished())
    asked = asyncio.create_task(stopped.wait())
    await asyncio.wait({gone, asked}, return_when=asyncio.FIRST_COMPLETED)
    await worker.close(timeout=1)
    return "stopped" if stopped.is_set() else "the scheduler is gone"


def serve(address: str, name: str | None = None) -> None:
    """Serve a scheduler with this workspace until told to end, one stage at a time.

    Raises:
        FlowError: no scheduler answers, or a flow is at work in this workspace.
    """
    root = Path.cwd()
    own = name or f"{socket.gethostname()}-{os.getpid()}"
    fingerprint()  # of the code as it is read now
    with hold_workspace(root, f"worker {own}"):
        clear_stale_locks(root)
        reason = asyncio.run(_serve(address, own, root))
    sys.stdout.write(f"{own}: {reason}\n")
    sys.stdout.flush()
    os._exit(0 if reason == "stopped" else 1)  # a stage that still runs ends with this process
