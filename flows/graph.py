"""The graph as DVC knows it: names of stages, what each needs, what each writes.

In: a project's folder and a `dvc.yaml` in it. Out: `Stage` records by name. Nothing about order is
written here or anywhere else: it is DVC's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.output import Output
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage import Stage as DvcStage
from networkx import DiGraph

from flows.errors import FlowError


@dataclass(frozen=True)
class Stage:
    """A stage of the graph."""

    name: str
    """As `dvc repro` takes it from the project's root: `clean`, `train@bilstm-0`."""
    file: Path
    """The `dvc.yaml` that holds it, from the project's root."""
    needs: frozenset[str]
    """Names of the stages whose outputs it reads."""
    metrics: tuple[Path, ...]
    """Files that DVC shows as metrics, from the project's root."""
    plots: tuple[Path, ...]
    """Files that DVC shows as plots."""
    outputs: tuple[Path, ...]
    """Everything else that it writes."""
    clean: bool
    """Whether DVC saw, when it was read, that neither it nor anything it needs has changed."""


def _kind(out: Output) -> str:
    if out.metric:
        return "metric"
    return "plot" if out.plot else "other"


def _has_changed(stage: DvcStage) -> bool:
    return bool(stage.status(check_updates=True))


def _dirty(changed: set[str], steps: list[DvcStage], graph: DiGraph) -> set[str]:
    """What changed, and what needs it, directly or not; `steps` are in an order that can run."""
    dirty = set(changed)
    for stage in steps:
        if any(needed.addressing in dirty for needed in graph.successors(stage)):
            dirty.add(stage.addressing)
    return dirty


def _describe(stage: DvcStage, graph: DiGraph, root: Path, dirty: set[str]) -> Stage:
    places: dict[str, list[Path]] = {"metric": [], "plot": [], "other": []}
    for out in stage.outs:
        places[_kind(out)].append(Path(out.fs_path).relative_to(root))
    return Stage(
        name=stage.addressing,
        file=Path(stage.path).relative_to(root),
        needs=frozenset(needed.addressing for needed in graph.successors(stage)),
        metrics=tuple(places["metric"]),
        plots=tuple(places["plot"]),
        outputs=tuple(places["other"]),
        clean=stage.addressing not in dirty,
    )


def _read(
    repo: Repo, file: Path, root: Path, has_changed: Callable[[DvcStage], bool]
) -> dict[str, Stage]:
    graph = get_active_graph(repo.index.graph)
    steps = plan_repro(graph, repo.stage.collect(str(file)))
    dirty = _dirty({stage.addressing for stage in steps if has_changed(stage)}, steps, graph)
    return {stage.addressing: _describe(stage, graph, root, dirty) for stage in steps}


def read_graph(root: Path, file: Path = Path("dvc.yaml")) -> dict[str, Stage]:
    """Read the stages of `file`, and those of other files that they need, in DVC's own order.

    The present folder must be `root`: DVC names stages from where one stands.

    Raises:
        FlowError: there is no such file, or DVC cannot read the graph.
    """
    if not (root / file).is_file():
        raise FlowError(f"{file} is missing: run from the project's root")
    try:
        with Repo(str(root)) as repo:
            try:
                with lock_repo(repo):  # DVC reads all files once for as long as it has its lock
                    return _read(repo, file, root, _has_changed)
            except LockError:  # of another command, which may be about to change anything
                return _read(repo, file, root, lambda _stage: True)
    except DvcException as error:
        raise FlowError(f"DVC cannot read {file}: {' '.join(str(error).split())}") from error
