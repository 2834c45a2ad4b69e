"""A project of four quick stages for tests of flows: what a stage does can be planned from outside.

`start` feeds `side@a` and `side@b`, which feed `end`. A file `plan/<stage>` holds `sleep N`,
`half N` (sleeps in the middle of writing), `stubborn N` (sleeps, and is deaf to SIGTERM) or `fail`;
stages without one end at once.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workspace import ROOT, environment

STAGE = """
import pathlib, signal, sys, time
name, target, *sources = sys.argv[1:]
for folder in ("pids", "ticks", "out"):
    pathlib.Path(folder).mkdir(exist_ok=True)
import os
pathlib.Path("pids", name).write_text(str(os.getpid()))
plan = pathlib.Path("plan", name)
words = plan.read_text().split() if plan.exists() else []
print(f"{name} works", flush=True)
if words[:1] == ["fail"]:
    for number in range(60):
        print(f"line {number} of {name}")
    sys.exit(3)
if words[:1] == ["stubborn"]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
text = "".join(pathlib.Path(source).read_text() for source in sources) + name + "\\n"
part = pathlib.Path(target + ".part")
if words[:1] == ["half"]:
    part.write_text(text[: len(text) // 2])
for tick in range(int(words[1]) * 20 if words else 0):
    pathlib.Path("ticks", name).write_text(str(tick))
    time.sleep(0.05)
part.write_text(text)
part.replace(target)
if name == "end":
    pathlib.Path("out/scores.json").write_text('{"f1": {"macro": 0.5}}')
    pathlib.Path("out/page.md").write_text("# Page")
"""
GRAPH = """
stages:
  start:
    cmd: python stage.py start out/start.txt input.txt
    deps: [input.txt]
    outs: [out/start.txt: {persist: true}]
  side:
    matrix: {name: [a, b]}
    cmd: python stage.py side-${item.name} out/${item.name}.txt out/start.txt
    deps: [out/start.txt]
    outs: ["out/${item.name}.txt": {persist: true}]
  end:
    cmd: python stage.py end out/end.txt out/a.txt out/b.txt
    deps: [out/a.txt, out/b.txt]
    outs: [out/end.txt: {persist: true}, out/page.md: {persist: true}]
    metrics: [out/scores.json: {cache: false, persist: true}]
"""
PARAMS = "flows:\n  parallel: 2\n"
NAMES = ("start", "side@a", "side@b", "end")


def make_flow_project(folder: Path) -> Path:
    """Write the project, with the flows of this checkout."""
    for name in ("plan", ".dvc"):
        (folder / name).mkdir(parents=True)
    (folder / ".dvc/config").write_text(
        "[core]\n    no_scm = true\n    analytics = false\n    check_update = false\n"
    )
    (folder / "input.txt").write_text("input\n")
    (folder / "stage.py").write_text(STAGE)
    (folder / "dvc.yaml").write_text(GRAPH)
    (folder / "params.yaml").write_text(PARAMS)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "flows", folder / "flows", ignore=ignored)
    return folder


def plan(folder: Path, **stages: str) -> None:
    """Say what stages do from now on; `side_a` is stage `side@a`, an empty text ends its plan."""
    for name, words in stages.items():
        path = folder / "plan" / name.replace("_", "-")
        path.write_text(words) if words else path.unlink(missing_ok=True)


def start_flow(folder: Path, address: str, *words: str) -> "subprocess.Popen[str]":
    """Start the flow as a user does, against a server."""
    return subprocess.Popen(
        [sys.executable, "-m", "flows", "pipeline", *words],
        cwd=folder,
        env=environment() | {"PREFECT_API_URL": address},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_flow(folder: Path, address: str, *words: str) -> tuple[int, str]:
    """Run the flow to its end; its exit status and what it printed."""
    process = start_flow(folder, address, *words)
    printed, _ = process.communicate(timeout=120)
    return process.returncode, printed


def wait_until(true: Callable[[], object], seconds: float = 60.0) -> float:
    """Wait until a condition holds; the seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began


def stage_pid(folder: Path, name: str) -> int:
    """The process of a stage, once it has started."""
    path = folder / "pids" / name
    wait_until(lambda: path.exists() and path.read_text())
    return int(path.read_text())


def is_running(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def outputs(folder: Path) -> dict[str, bytes]:
    """The bytes of all outputs and of dvc.lock."""
    found = {path.name: path.read_bytes() for path in sorted((folder / "out").glob("*"))}
    return found | {"dvc.lock": (folder / "dvc.lock").read_bytes()}
