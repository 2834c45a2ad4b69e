"""The whole graph as one flow run; each stage is one task run that calls `dvc repro` for it.

In: a `dvc.yaml`. Out: the same outputs and the same `dvc.lock` as `dvc repro` leaves, with a state,
a log and artifacts for each stage. What depends on what, and what is up to date, DVC decides.
"""

import contextlib
import queue
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.states import Cancelled, Completed, Failed

from flows.artifacts import publish, publish_metrics
from flows.children import Children
from flows.errors import FlowError
from flows.graph import Stage, read_graph
from flows.lockfile import LockFile, mend_lock_files
from flows.locks import clear_stale_locks, describe_live_lock, hold_workspace
from sluice.errors import SluiceError
from sluice.flow_settings import Flows, Retry
from sluice.params import read_section

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


def _command(name: str, force: bool) -> list[str]:
    flags = ["--force"] if force else []
    return [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", *flags, name]


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


@task(cache_policy=NO_CACHE, persist_result=False, retry_condition_fn=_retries_help)
def reproduce(stage: Stage, force: bool, root: Path, children: Children) -> "State[None]":
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

    status = children.run(_command(stage.name, force), report)
    while status != 0 and _is_busy(lines) and not children.stopped:
        logger.warning("%s waits for another dvc command that is at work on its files", stage.name)
        time.sleep(BUSY_SECONDS)
        lines.clear()
        status = children.run(_command(stage.name, force), report)
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


def _lock_files(stages: dict[str, Stage], root: Path) -> list[LockFile]:
    names: dict[Path, list[str]] = {}
    for name, stage in stages.items():
        names.setdefault(stage.file.with_name("dvc.lock"), []).append(name.rpartition(":")[2])
    return [LockFile(root, path, found) for path, found in names.items()]


class GraphRun:
    """One run of a graph: submits stages as those they need complete, up to a limit at once."""

    def __init__(self, stages: dict[str, Stage], settings: Flows, root: Path) -> None:
        self.stages, self.settings, self.root = stages, settings, root
        self.futures: dict[str, PrefectFuture[Any]] = {}
        self.states: dict[str, State[Any]] = {}
        self.locks = _lock_files(stages, root)
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()

    def keep_only(self, names: frozenset[str]) -> None:
        """Leave all other stages out; what they wrote before is taken as it is."""
        self.stages = {
            name: replace(stage, needs=stage.needs & names)
            for name, stage in self.stages.items()
            if name in names
        }

    def _submit(self, name: str, force: bool, children: Children) -> None:
        stage = self.stages[name]
        bad = sorted(need for need in stage.needs if not self.states[need].is_completed())
        if bad:
            reason = f"not run: {', '.join(bad)} did not complete"
            future = leave_out.with_options(task_run_name=name).submit(reason)
        else:
            run = reproduce.with_options(task_run_name=name, **_retry_options(name, self.settings))
            future = run.submit(
                stage=stage,
                force=force,
                root=self.root,
                children=children,
                wait_for=[self.futures[need] for need in sorted(stage.needs)],
                return_state=False,
            )
        self.futures[name] = future
        future.add_done_callback(lambda _: self._ended.put(name))

    def run(self, force: frozenset[str], children: Children) -> None:
        """Run all stages; return when each has a final state."""
        for lock in self.locks:
            lock.begin()
        sorter = TopologicalSorter({name: stage.needs for name, stage in self.stages.items()})
        sorter.prepare()
        ready: deque[str] = deque()
        running = 0
        while sorter.is_active():
            ready.extend(sorter.get_ready())
            while ready and running < self.settings.parallel:
                name = ready.popleft()
                self._submit(name, name in force, children)
                running += 1
            name = self._ended.get()
            running -= 1
            self.futures[name].wait()  # only then its state is the final one
            self.states[name] = self.futures[name].state
            for lock in self.locks:
                lock.keep()
            sorter.done(name)
        if all(state.is_completed() for state in self.states.values()):
            for lock in self.locks:
                lock.finish()

    def summary(self) -> "State[None]":
        """The flow's own state: one line."""
        kinds = Counter(state.name for state in self.states.values())
        bad = sorted(
            name
            for name, state in self.states.items()
            if not state.is_completed() and state.name != "NotRun"
        )
        if bad:
            left = f"; not run after that: {kinds['NotRun']}" if kinds["NotRun"] else ""
            return Failed(message=f"{', '.join(bad)} failed{left}")
        return Completed(message=f"stages run: {kinds['Completed']}, cached: {kinds['Cached']}")


def _retry_options(name: str, settings: Flows) -> dict[str, Any]:
    """A stage that may be tried again, with growing delays; others never.

    One retry that its condition refuses is quieter than none: Prefect 3.8 logs an empty traceback
    for a state that is returned as failed when no retry is left.
    """
    retry: Retry = settings.retry
    if name.rpartition(":")[2].partition("@")[0] not in retry.stages:
        return {"retries": 1, "retry_delay_seconds": 0}
    delays = [retry.delay_seconds * 2**turn for turn in range(retry.times)]
    return {
        "retries": retry.times,
        "retry_delay_seconds": delays,
        "retry_jitter_factor": retry.jitter,
    }


def _known(names: list[str], stages: dict[str, Stage], key: str) -> frozenset[str]:
    unknown = sorted(set(names) - set(stages))
    if unknown:
        raise FlowError(f"{key}: unknown stage {', '.join(unknown)}; stages: {', '.join(stages)}")
    return frozenset(names)


@contextlib.contextmanager
def stopping(children: Children) -> Iterator[Children]:
    """End all processes on whatever ends the flow: Ctrl-C, cancellation, a defect."""
    try:
        yield children
    except BaseException:
        children.stop()
        raise


def _prepare(root: Path) -> None:
    logger = get_run_logger()
    for line in [*clear_stale_locks(root), *mend_lock_files(root)]:
        logger.warning(line)
    live = describe_live_lock(root)
    if live:
        logger.warning(live)


@flow(name="pipeline", persist_result=False)
def pipeline(
    file: Path = Path("dvc.yaml"),
    parallel: int | None = None,
    force: list[str] | None = None,
    only: list[str] | None = None,
) -> "State[None]":
    """Bring all stages of a `dvc.yaml` up to date.

    Args:
        file: the `dvc.yaml`, from the project's root: another one for a sibling pipeline.
        parallel: stages at once; without it, `flows.parallel` of params.yaml.
        force: names of stages to run even if nothing has changed.
        only: names of stages, where not all of them are to be brought up to date.
    """
    root = Path.cwd()
    try:
        settings = read_section(root / "params.yaml", "flows", Flows)
        if parallel is not None:
            settings = settings.model_copy(update={"parallel": parallel})
        with hold_workspace(root, str(runtime.flow_run.name)) as lock:
            _prepare(root)
            run = GraphRun(read_graph(root, file), settings, root)
            if only is not None:
                run.keep_only(_known(only, run.stages, "only"))
            forced = _known(force or [], run.stages, "force")
            with stopping(Children(root, (lock,))) as children:
                run.run(forced, children)
    except SluiceError as error:
        return Failed(message=str(error))
    return run.summary()
