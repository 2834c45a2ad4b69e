"""The graph as DVC knows it: names of stages, what each needs, what each writes.

In: a project's folder and a `dvc.yaml` in it. Out: `Stage` records by name. Nothing about order is
written here or anywhere else: it is DVC's.
"""

from dataclasses import dataclass
from pathlib import Path

import networkx as nx
from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import Stage as DvcStage

from flows.errors import FlowError


@dataclass(frozen=True)
class Stage:
    """A stage of the graph."""

    name: str
    """As `dvc repro` takes it from the project's root: `clean`, `train@bilstm-0`."""
    needs: frozenset[str]
    """Names of the stages whose outputs it reads."""
    metrics: tuple[Path, ...]
    """Files that DVC shows as metrics, from the project's root."""
    plots: tuple[Path, ...]
    """Files that DVC shows as plots."""
    outputs: tuple[Path, ...]
    """Everything else that it writes."""


def _kind(out: Output) -> str:
    if out.metric:
        return "metric"
    return "plot" if out.plot else "other"


def _describe(stage: DvcStage, graph: "nx.DiGraph[DvcStage]", root: Path) -> Stage:
    places: dict[str, list[Path]] = {"metric": [], "plot": [], "other": []}
    for out in stage.outs:
        places[_kind(out)].append(Path(out.fs_path).relative_to(root))
    return Stage(
        name=stage.addressing,
        needs=frozenset(needed.addressing for needed in graph.successors(stage)),
        metrics=tuple(places["metric"]),
        plots=tuple(places["plot"]),
        outputs=tuple(places["other"]),
    )


def read_graph(root: Path, file: Path = Path("dvc.yaml")) -> dict[str, Stage]:
    """Read the stages of `file`, and those of other files that they need.

    The present folder must be `root`: DVC names stages from where one stands.

    Raises:
        FlowError: there is no such file, or DVC cannot read the graph.
    """
    if not (root / file).is_file():
        raise FlowError(f"{file} is missing: run from the project's root")
    try:
        with Repo(str(root)) as repo:
            graph = repo.index.graph
            own = {stage for stage in graph if Path(stage.path) == root / file}
            wanted = own.union(*(nx.descendants(graph, stage) for stage in own))
            ordered = [stage for stage in repo.index.stages if stage in wanted]
            return {stage.addressing: _describe(stage, graph, root) for stage in ordered}
    except DvcException as error:
        raise FlowError(f"DVC cannot read {file}: {' '.join(str(error).split())}") from error
