"""Stages on the workers of a Dask cluster, each in its own clone of the project.

In: a stage whose inputs are there. Out: the same as if it had run here: its lines, its exit status,
its outputs in their place, its entry in `dvc.lock`. Which worker takes it, and what becomes of it
when that one dies, Dask decides.
"""

import queue
import signal
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.errors import FlowError
from flows.exchange import Entry, check_remote, make_order, take_over
from flows.graph import Stage
from sluice.flow_settings import Flows
from sluice.partitions import (
    WORKSPACE,
    await_workers,
    call_by_name,
    connect,
    explain_unread,
    find_workers,
)

_POLL_SECONDS = 0.5


class Cluster:
    """The workers at one scheduler's address, for one flow run."""

    def __init__(self, settings: Flows, root: Path, warn: Callable[[str], None]) -> None:
        """Connect, and wait for a worker.

        Args:
            settings: name the scheduler.
            root: the flow's workspace, which must be the present folder.
            warn: is told which worker refused a stage.

        Raises:
            SluiceError: no remote, no scheduler, no worker.
        """
        check_remote(root)
        self._address, self._root, self._warn = str(settings.dask_address), root, warn
        self._stages, self._seconds = settings.dask_stages, settings.dask_wait_seconds
        self._client = connect(self._address)
        self._exchange = threading.Lock()  # DVC's own objects are not made for threads
        self._refused: dict[str, str] = {}
        self._stopped = False
        try:
            await_workers(self._client, self._address, self._seconds)
        except BaseException:
            self.close()
            raise

    def takes(self, stage: Stage) -> bool:
        """Whether a stage is one of those that run on workers."""
        return stage.name.rpartition(":")[2].partition("@")[0] in self._stages

    def slots(self) -> int:
        """How many stages can run at once; one at least, which then waits for a worker."""
        return max(1, len(set(find_workers(self._client)) - set(self._refused)))

    def stop(self) -> None:
        """Have all stages end: workers see that nobody wants them any more."""
        self._stopped = True

    def close(self) -> None:
        """Leave the cluster; what still runs there for us ends."""
        self.stop()
        self._client.close(timeout=2)

    def run(self, name: str, force: bool, report: Callable[[str], None]) -> int:
        """Run a stage on a worker; report its lines, give the exit status of its `dvc repro`.

        Raises:
            SluiceError: no worker may run it, or all are gone; nothing is recorded as done.
        """
        with self._exchange:
            order = make_order(self._root, name, force=force)
        while True:
            answer = self._ask(order, report)
            if answer is None:
                return -signal.SIGTERM
            if answer["refused"] is None:
                break
            self._refuse(name, answer)
        if answer["status"] == 0:
            with self._exchange:
                take_over(self._root, name, answer)
        return int(answer["status"])

    def _refuse(self, name: str, answer: Entry) -> None:
        """Note that a worker is of no use; raise when no other is left."""
        reason = f"{name} cannot run on worker {answer['where']}: {answer['refused']}"
        self._refused[answer["worker"]] = reason
        if not set(find_workers(self._client)) - set(self._refused):
            raise FlowError(reason)
        self._warn(f"{reason}; trying another worker")

    def _ask(self, order: Entry, report: Callable[[str], None]) -> Entry | None:
        """Give an order to a worker and wait for the answer; None if the flow was stopped."""
        key = f"{order['name']}-{uuid.uuid4().hex}"
        lines: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self._client.subscribe_topic(key, lambda event: lines.put(tuple(event[1])))
        chosen = sorted(set(find_workers(self._client)) - set(self._refused))
        future = self._client.submit(
            call_by_name,
            "flows.remote:run_order",
            order,
            key,
            key=key,
            pure=False,
            resources={WORKSPACE: 1},
            workers=chosen if self._refused and chosen else None,
        )
        try:
            seen = self._follow(future, lines, report, order["name"])
            if self._stopped:
                return None
            answer = self._result(future, order["name"])
            for number, line in answer["lines"]:
                if number >= seen:
                    report(line)
            return answer
        finally:
            self._client.unsubscribe_topic(key)
            future.cancel()

    def _follow(
        self,
        future: Any,
        lines: "queue.SimpleQueue[tuple[int, str]]",
        report: Callable[[str], None],
        name: str,
    ) -> int:
        """Report lines until the answer is there; how many of the last trial were reported."""
        seen, alive = 0, time.monotonic()
        while not self._stopped:
            try:
                number, line = lines.get(timeout=_POLL_SECONDS)
                report(line)
                seen = number + 1
            except queue.Empty:
                if future.done():
                    break
                now = time.monotonic()
                alive = now if find_workers(self._client) else alive
                if now - alive > self._seconds:
                    raise FlowError(
                        f"{name}: no worker is left at {self._address}; start one in a clone of "
                        f"the project (python -m flows worker {self._address}), and run again"
                    ) from None
        return seen

    def _result(self, future: Any, name: str) -> Entry:
        from distributed import CancelledError, KilledWorker

        try:
            answer: Entry = future.result()
        except KilledWorker as error:
            raise FlowError(
                f"{name}: {error.allowed_failures + 1} workers died of it, one after the other; do "
                "they have memory enough?"
            ) from error
        except CancelledError as error:
            raise FlowError(f"{name}: the scheduler at {self._address} is gone") from error
        except (AttributeError, ImportError) as error:
            raise FlowError(
                f"{name}: a worker at {self._address} has other code of flows/ ({error}): bring "
                "its clone to the same commit, then start it again"
            ) from error
        except RuntimeError as error:
            raise FlowError(f"{name}: {explain_unread(self._address, error)}") from error
        return answer
