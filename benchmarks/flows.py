"""Flows: what Prefect costs over plain DVC, how long a start takes, what two at once gain.

Usage: python benchmarks/flows.py [quick]    quick: the small project alone, in a minute

Plain DVC and the flow take turns. What a stage costs that runs is measured in a project of four
stages that do nothing, one at a time, and by three short stages of the default graph; what one
costs that has not changed, and a start, in a clone of the last commit that one `dvc repro` has
finished. Two trainings have one thread each: with two, one of them would have both cores already.
Prints one JSON object.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from pipeline import ROOT, run

sys.path.insert(0, str(ROOT / "tests/support"))
from flow_project import NAMES, make_flow_project

REPEATS = 3
MODEL, SEEDS = "bilstm", [0, 1]
TRAININGS = [f"train@{MODEL}-{seed}" for seed in SEEDS]
"""Equally long: of two unequal ones the longer would run alone at the end."""
CHEAP = ["clean", "split", "probe"]
"""Stages of the default graph that take a second or a few."""


def flow(folder: Path, *words: str) -> tuple[float, float]:
    """Seconds of a flow run without a server: the whole of it, and until its first task began."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder / "src")}
    environment.pop("PREFECT_API_URL", None)
    began, first = time.perf_counter(), None
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", "pipeline", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for line in process.stdout or ():
        if first is None and "Beginning flow run" in line:
            first = time.perf_counter() - began
    if process.wait() != 0 or first is None:
        sys.exit("the flow failed")
    return time.perf_counter() - began, first


def only_trainings(folder: Path) -> None:
    """Leave a graph of two trainings whose inputs are there already."""
    path = folder / "dvc.yaml"
    content = yaml.safe_load(path.read_text())
    content["stages"] = {"train": content["stages"]["train"]}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    path = folder / "params.yaml"
    content = yaml.safe_load(path.read_text())
    content["train"]["models"], content["train"]["seeds"] = [MODEL], SEEDS
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def set_threads(folder: Path, threads: int) -> None:
    """Have every training use so many."""
    path = folder / "params.yaml"
    content = yaml.safe_load(path.read_text())
    content["train"]["optimisation"]["threads"] = threads
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def side_by_side(folder: Path) -> dict[str, float]:
    """Seconds of two forced trainings, one after the other and at once, and their ratio."""
    only_trainings(folder)
    force = [word for name in TRAININGS for word in ("--force", name)]
    set_threads(folder, 2)
    both_cores, _ = flow(folder, "--parallel", "1", *force)
    set_threads(folder, 1)
    serial, _ = flow(folder, "--parallel", "1", *force)
    parallel, _ = flow(folder, "--parallel", "2", *force)
    return {
        "serial_seconds": serial,
        "serial_two_threads_seconds": both_cores,
        "parallel_seconds": parallel,
        "speedup": serial / parallel,
        "speedup_over_two_threads": both_cores / parallel,
    }


def ran_stage(folder: Path) -> dict[str, float]:
    """What a stage that runs costs more in a flow, all of them forced, one at a time; seconds."""
    make_flow_project(folder)
    force = [word for name in NAMES for word in ("--force", name)]
    flow(folder)  # makes the database of the temporary server
    plain, whole, start = [], [], []
    for _ in range(REPEATS):
        plain.append(run(folder, "dvc", "repro", "--force"))
        seconds, first = flow(folder, "--parallel", "1", *force)
        whole.append(seconds)
        start.append(first)
    cost = statistics.median(whole) - statistics.median(start) - statistics.median(plain)
    return {"start_seconds": statistics.median(start), "cost_per_stage_seconds": cost / len(NAMES)}


def ran_in_default(folder: Path, nothing: float) -> float:
    """Seconds that a stage which runs costs more in a flow, in the default graph.

    A flow's child reads the whole graph for its one stage; in the project of four that is nothing.

    Args:
        folder: a clone in which nothing has changed.
        nothing: seconds of a flow there.
    """
    force = [word for name in CHEAP for word in ("--force", name)]
    costs = []
    for _ in range(REPEATS):
        checked = run(folder, "dvc", "repro", "--single-item", *CHEAP)
        ran = run(folder, "dvc", "repro", "--single-item", "--force", *CHEAP)
        whole, _ = flow(folder, "--parallel", "1", *force)
        costs.append(((whole - nothing) - (ran - checked)) / len(CHEAP))
    return statistics.median(costs)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        ran = ran_stage(Path(scratch) / "small")
        if sys.argv[1:] == ["quick"]:
            print(json.dumps(ran, indent=2))
            return
        folder = Path(scratch) / "sluice"
        run(Path(scratch), "git", "clone", "--quiet", str(ROOT), str(folder))
        cold = run(folder, "dvc", "repro")
        stages = len(yaml.safe_load((folder / "dvc.lock").read_text())["stages"])
        flow(folder)  # makes the database of the temporary server
        plain, whole, start = [], [], []
        for _ in range(REPEATS):
            plain.append(run(folder, "dvc", "repro"))
            seconds, first = flow(folder)
            whole.append(seconds)
            start.append(first)
        nothing, begin = statistics.median(whole), statistics.median(start)
        cost = (nothing - begin - statistics.median(plain)) / stages
        in_default = ran_in_default(folder, nothing)
        result = {
            "stages": stages,
            "plain_nothing_seconds": statistics.median(plain),
            "nothing_to_do_seconds": nothing,
            "start_seconds": begin,
            "cost_per_unchanged_stage_seconds": cost,
            "cost_per_stage_seconds": in_default,
            "cost_per_stage_of_four_seconds": ran["cost_per_stage_seconds"],
            "default_run_seconds": cold,
            "cost_over_default_run": (begin + stages * in_default) / cold,
            "side_by_side": side_by_side(folder),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
