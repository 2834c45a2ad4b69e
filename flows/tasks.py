"""One stage as one task run: `dvc repro` for it, here or on a worker of a cluster.

In: a stage of the graph. Out: the task's final state, its lines in the log, its artifacts. Whether
the stage is up to date DVC decides; when it runs, `flows.pipeline`.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Cancelled, Completed, Failed

from flows.artifacts import publish, publish_metrics
from flows.children import Children, repro_command
from flows.graph import Stage
from sluice.errors import SluiceError

if TYPE_CHECKING:
    from flows.cluster import Cluster

TAIL_LINES = 40
"""Last lines of a failed stage that its task's state repeats."""
BUSY_SECONDS = 2.0
"""Until a stage is tried again that another dvc command kept from its files."""
MAX_LINE = 500
"""Characters of a line in a log; a stage may print foreign text."""


def printable(line: str) -> str:
    """A line without what would steer a terminal, of bounded length."""
    shown = "".join(
        one if one.isprintable() else ascii(one)[1:-1] for one in line.expandtabs()[:MAX_LINE]
    )
    return shown if len(line) <= MAX_LINE else f"{shown} ..."


def _is_busy(lines: Iterable[str]) -> bool:
    """Whether a live command holds the files; `--wait-for-lock` does not wait for these."""
    return any("it is being blocked by" in line for line in lines)


def _judge(name: str, status: int, lines: list[str], seconds: float) -> "State[None]":
    """The state of a task run, from what `dvc repro` said of its stage."""
    if status != 0:
        how = f"was killed by signal {-status}" if status < 0 else f"exited with {status}"
        tail = "\n".join(lines[-TAIL_LINES:])
        return Failed(message=f"{name} failed: dvc repro {how}. Its last lines:\n{tail}")
    if any(line.startswith(f"Running stage '{name}'") for line in lines):
        return Completed(message=f"{name} ran for {seconds:.1f} s")
    if any(line.startswith(f"Stage '{name}' is cached") for line in lines):
        return Completed(name="Cached", message="restored from DVC's cache of earlier runs")
    return Completed(name="Cached", message="nothing has changed")


def _retries_help(task_: Any, _run: TaskRun, _state: "State[Any]") -> bool:
    return bool(task_.retry_delay_seconds)


def _reproduce_here(
    name: str, force: bool, children: Children, report: Callable[[str], None], lines: deque[str]
) -> int:
    """Run `dvc repro` for a stage, again while another dvc command keeps its files."""
    status = children.run(repro_command(name, force), report)
    while status != 0 and _is_busy(lines) and not children.stopped:
        get_run_logger().warning(
            "%s waits for another dvc command that is at work on its files", name
        )
        time.sleep(BUSY_SECONDS)
        lines.clear()
        status = children.run(repro_command(name, force), report)
    return status


@task(cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=_retries_help)
def reproduce(
    stage: Stage, force: bool, root: Path, children: Children, cluster: "Cluster | None"
) -> "State[None]":
    """Run one stage by DVC, unless it is up to date; its lines go to the log as they come."""
    logger, lines, began = get_run_logger(), deque[str](maxlen=1000), time.monotonic()
    if stage.clean and not force:
        logger.info("Stage '%s' didn't change, nor did what it needs", stage.name)
        publish_metrics(stage, root)
        return Completed(name="Cached", message="nothing has changed")

    def report(line: str) -> None:
        if line:
            lines.append(printable(line))
            logger.info(lines[-1])

    try:
        if cluster:
            status = cluster.run(stage.name, force, report)
        else:
            status = _reproduce_here(stage.name, force, children, report, lines)
    except SluiceError as error:
        return Failed(message=f"{stage.name} failed: {error}")
    if children.stopped:
        return Cancelled(message=f"{stage.name} was stopped with the flow")
    state = _judge(stage.name, status, list(lines), time.monotonic() - began)
    if state.is_completed():
        publish(stage, root)
    return state


@task(cache_policy=NO_CACHE, persist_result=False)
def leave_out(reason: str) -> "State[None]":
    """Stand for a stage that cannot run."""
    return Cancelled(name="NotRun", message=reason)
