"""The whole graph as one flow run; each stage is one task run that calls `dvc repro` for it.

In: a `dvc.yaml`. Out: the same outputs and the same `dvc.lock` as `dvc repro` leaves, with a state,
a log and artifacts for each stage. What depends on what, and what is up to date, DVC decides.
"""

import contextlib
import queue
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow, get_run_logger, runtime
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed

from flows.children import Children
from flows.errors import FlowError
from flows.graph import Stage, read_graph
from flows.lockfile import LockFile, mend_lock_files
from flows.locks import clear_stale_locks, describe_live_lock, hold_workspace
from flows.tasks import leave_out, reproduce
from sluice.errors import SluiceError
from sluice.flow_settings import Flows, Retry
from sluice.params import read_section
from sluice.partitions import ADDRESS

if TYPE_CHECKING:
    from flows.cluster import Cluster


def _lock_files(stages: dict[str, Stage], root: Path) -> list[LockFile]:
    names: dict[Path, list[str]] = {}
    for name, stage in stages.items():
        names.setdefault(stage.file.with_name("dvc.lock"), []).append(name.rpartition(":")[2])
    return [LockFile(root, path, found) for path, found in names.items()]


class GraphRun:
    """One run of a graph: submits stages as those they need complete, up to a limit at once."""

    def __init__(
        self, stages: dict[str, Stage], settings: Flows, root: Path, cluster: "Cluster | None"
    ) -> None:
        self.stages, self.settings, self.root, self.cluster = stages, settings, root, cluster
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

    def _place(self, name: str) -> "Cluster | None":
        """The cluster if the stage runs there, None if it runs here."""
        stage = self.stages[name]
        return self.cluster if self.cluster and self.cluster.takes(stage) else None

    def _runs_here(self, name: str, force: frozenset[str]) -> bool:
        return (name in force or not self.stages[name].clean) and not self._place(name)

    def _has_room(self, name: str, running: Counter["Cluster | None"]) -> bool:
        place = self._place(name)
        return running[place] < (place.slots() if place else self.settings.parallel)

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
                cluster=self._place(name),
                wait_for=[self.futures[need] for need in sorted(stage.needs)],
                return_state=False,
            )
        self.futures[name] = future
        future.add_done_callback(lambda _: self._ended.put(name))

    def run(self, force: frozenset[str], children: Children) -> None:
        """Run all stages; return when each has a final state."""
        own = [name for name in self.stages if self._runs_here(name, force)]
        children.expect("dvc", len(own))
        for lock in self.locks:
            lock.begin()
        sorter = TopologicalSorter({name: stage.needs for name, stage in self.stages.items()})
        sorter.prepare()
        ready: list[str] = []
        running: Counter[Cluster | None] = Counter()
        while sorter.is_active():
            ready += sorter.get_ready()
            for name in list(ready):
                if self._has_room(name, running):
                    ready.remove(name)
                    running[self._place(name)] += 1
                    self._submit(name, name in force, children)
            name = self._ended.get()
            running[self._place(name)] -= 1
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
    children.release()


@contextlib.contextmanager
def _joined(settings: Flows, root: Path) -> Iterator["Cluster | None"]:
    """The cluster that the settings name, and none with `runner: threads`."""
    if settings.runner == "threads":
        yield None
        return
    from flows.cluster import Cluster  # needs Dask, which is an extra

    cluster = Cluster(settings, root, get_run_logger().warning)
    try:
        yield cluster
    finally:
        cluster.close()


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
        more = {ADDRESS: str(settings.dask_address)} if settings.runner == "dask" else {}
        with hold_workspace(root, str(runtime.flow_run.name)) as lock:
            _prepare(root)
            stages = read_graph(root, file)
            forced = _known(force or [], stages, "force")
            with _joined(settings, root) as cluster:
                run = GraphRun(stages, settings, root, cluster)
                if only is not None:
                    run.keep_only(_known(only, stages, "only"))
                with stopping(Children(root, (lock,), more)) as children:
                    run.run(forced, children)
    except SluiceError as error:
        return Failed(message=str(error))
    return run.summary()
