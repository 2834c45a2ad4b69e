"""A Dask scheduler and workers on loopback for tests: real processes, each ended by its own id."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from flow_project import make_flow_project, wait_until
from workspace import environment

GRAPH = """
stages:
  start:
    cmd: python stage.py start out/start.txt input.txt
    deps: [input.txt]
    outs: [out/start.txt: {persist: true}]
  side:
    matrix: {name: [a, b]}
    cmd: >-
      python stage.py side-${item.name} out/${item.name}.txt out/start.txt &&
      echo '{"name": "${item.name}"}' > out/${item.name}.json
    deps: [stage.py, out/start.txt]
    params: [sizes.yaml: [small]]
    outs: ["out/${item.name}.txt": {persist: true}]
    metrics: ["out/${item.name}.json": {cache: false, persist: true}]
  end:
    cmd: python stage.py end out/end.txt out/a.txt out/b.txt
    deps: [out/a.txt, out/b.txt]
    outs: [out/end.txt: {persist: true}, out/page.md: {persist: true}]
    metrics: [out/scores.json: {cache: false, persist: true}]
"""
"""The graph of `flow_project`, whose sides also depend on code and parameters, and leave a file
that DVC does not cache."""


@contextlib.contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _is_whole(file: Path) -> bool:
    """Whether it is there and written to its end: it is written in place."""
    return file.exists() and file.read_text().endswith("}")


@contextlib.contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    """A scheduler on a free port; yields its address."""
    file = folder / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    command += ["--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with ended(process):
        wait_until(lambda: _is_whole(file))
        yield json.loads(file.read_text())["address"]


def start_worker(
    clone: Path, address: str, name: str, code: Path | None = None
) -> "subprocess.Popen[str]":
    """Start a worker as a user does, with other code of Sluice if named; give it once it waits."""
    more = {"PYTHONPATH": str(code)} if code else {}
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", "worker", address, "--name", name],
        cwd=clone,
        env=environment() | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = ""
    for line in process.stdout:
        printed += line
        if "waits for stages" in line:
            return process
    raise AssertionError(f"the worker ended: {printed}")


def make_shared_project(folder: Path, remote: Path) -> Path:
    """The project with a remote; copies of it are clones."""
    make_flow_project(folder)
    (folder / "dvc.yaml").write_text(GRAPH)
    (folder / "sizes.yaml").write_text("small: 0.1\n")
    with (folder / ".dvc/config").open("a") as config:
        config.write(f"    remote = shared\n['remote \"shared\"']\n    url = {remote}\n")
    return folder


def clone(project: Path, folder: Path) -> Path:
    """Another workspace with the same code, and none of its data, cache or plans."""
    left_out = shutil.ignore_patterns("out", "cache", "tmp", "pids", "ticks", "plan", ".sluice")
    shutil.copytree(project, folder, ignore=left_out)
    (folder / "plan").mkdir(exist_ok=True)
    (folder / "dvc.lock").unlink(missing_ok=True)
    return folder


def use_cluster(project: Path, address: str, stages: str = "[side]", wait: float = 2.0) -> None:
    """Name the cluster in the settings of the project."""
    (project / "params.yaml").write_text(
        f"flows:\n  parallel: 1\n  runner: dask\n  dask_address: {address}\n"
        f"  dask_stages: {stages}\n  dask_wait_seconds: {wait}\n"
    )
