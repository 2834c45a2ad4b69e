"""Chaos: a small project is run by flows whose processes are killed at random times.

Usage: python benchmarks/chaos.py [KILLS [SECONDS [SEED]]]    at least 60 kills within 1800 s

Victims are flow processes, stages, the guards over them, and the Prefect server. After each flow
`dvc.lock` and all outputs are looked at: what is there must be what some version of the input
gives, whole, and what is recorded must be what was made. When a flow completes, the input changes.
In the end an undisturbed run in a folder of its own must leave the same bytes. Prints one JSON
object.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import yaml

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

from flow_project import is_running, make_flow_project, outputs  # noqa: E402 - found by the path above

from flows.children import end_group, environment, stop_guarded  # noqa: E402 - the same
from flows.server import await_server, start_server  # noqa: E402 - the same

WEIGHTS = {"stage": 45, "guard": 25, "flow": 22, "server": 8}  # a start costs time
ORPHANS_END = 15.0
"""Seconds within which nothing of a killed flow may be left."""
STEPS = {
    "out/start.txt": ("input.txt", "start\n"),
    "out/a.txt": ("out/start.txt", "side-a\n"),
    "out/b.txt": ("out/start.txt", "side-b\n"),
}
PLAN = "half 1"


def contents(number: int) -> dict[str, str]:
    """Every file of the project as version `number` of the input gives it."""
    found = {"input.txt": f"input {number}\n"}
    for path, (source, word) in STEPS.items():
        found[path] = found[source] + word
    found["out/end.txt"] = found["out/a.txt"] + found["out/b.txt"] + "end\n"
    found["out/scores.json"] = '{"f1": {"macro": 0.5}}'
    found["out/page.md"] = "# Page"
    return found


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def find_losses(folder: Path, versions: int) -> list[str]:
    """Say what is half written, or recorded as done that was not."""
    known = [contents(number) for number in range(versions)]
    lost = []
    for path in known[0]:
        file = folder / path
        if file.exists() and file.read_text() not in {one[path] for one in known}:
            lost.append(f"{path} is no whole output")
    try:
        stages = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    except (FileNotFoundError, yaml.YAMLError, TypeError, KeyError):
        return lost  # none yet, or half written: the next flow must put it right
    for name, stage in stages.items():
        try:
            recorded = {one["path"]: one["md5"] for one in [*stage["deps"], *stage["outs"]]}
        except (TypeError, KeyError):
            return lost  # half written, and YAML all the same
        if not any(all(_md5(one[p]) == md5 for p, md5 in recorded.items()) for one in known):
            lost.append(f"{name} is recorded with what it never made")
    return lost


class Chaos:
    """A project, a server, at most one flow, and what has been killed."""

    def __init__(self, scratch: Path, seed: int) -> None:
        self.random, self.scratch = random.Random(seed), scratch
        self.folder = make_flow_project(scratch / "project")
        for name in ("start", "side-a", "side-b", "end"):
            (self.folder / "plan" / name).write_text(PLAN)
        retry = {"stages": ["start", "side", "end"], "times": 10, "delay_seconds": 0.1}
        settings = {"flows": {"parallel": 2, "retry": retry}}
        (self.folder / "params.yaml").write_text(yaml.safe_dump(settings))
        self.killed: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.lost: list[str] = []
        self.slowest, self.versions = 0.0, 0
        self.server: subprocess.Popen[bytes] | None = None
        self.flow: subprocess.Popen[bytes] | None = None
        self.address = ""
        self.renew()

    def renew(self) -> None:
        """Give the project its next input."""
        (self.folder / "input.txt").write_text(contents(self.versions)["input.txt"])
        self.versions += 1

    def start(self) -> None:
        """Have a server and a flow, whichever is not there."""
        if self.server is None:
            self.server, self.address = start_server(self.scratch / "prefect")
            await_server(self.server, self.address)
        if self.flow is None:
            named = {"PREFECT_API_URL": self.address, "PREFECT_CLIENT_MAX_RETRIES": "1"}
            known = os.environ | environment() | named
            self.flow = subprocess.Popen(
                [sys.executable, "-m", "flows", "pipeline"],
                cwd=self.folder,
                env=known,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def _below(self, word: str) -> list[psutil.Process]:
        """Processes below the flow with `word` as one of their arguments."""
        found = []
        try:
            for one in psutil.Process(self.flow.pid).children(recursive=True):
                try:
                    if any(Path(part).name == word for part in one.cmdline()[:4]):
                        found.append(one)
                except psutil.Error:
                    continue
        except psutil.Error:
            return []
        return found

    def kill(self) -> None:
        """Kill one victim, if there is one of the kind that was drawn."""
        kind = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if kind == "flow":
            left = psutil.Process(self.flow.pid).children(recursive=True)
            self.flow.kill()
            self._await_orphans(left)
        elif kind == "server":
            end_group(self.server)
            stop_guarded(self.server)
            self.server = None
            self._await_flow(90.0)
        else:
            victims = self._below({"stage": "stage.py", "guard": "guard.py"}[kind])
            if not victims:
                return
            try:
                self.random.choice(victims).kill()
            except psutil.NoSuchProcess:
                return
        self.killed[kind] += 1

    def _await_orphans(self, left: list[psutil.Process]) -> None:
        began = time.monotonic()
        _, alive = psutil.wait_procs(left, ORPHANS_END)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.lost += [
            f"process {one.pid} outlived its flow" for one in alive if is_running(one.pid)
        ]

    def _await_flow(self, seconds: float) -> None:
        """A flow without its server ends by itself, or is stopped as a worker would stop it."""
        try:
            self.flow.wait(seconds)
        except subprocess.TimeoutExpired:
            self.flow.terminate()
            self.flow.wait(60)

    def look(self) -> None:
        """See what the kill has left, and how a flow that ended did."""
        if self.flow.poll() is not None:
            status = self.flow.returncode
            self.ends["completed" if status == 0 else "killed" if status < 0 else "failed"] += 1
            self.flow = None
            self.lost += find_losses(self.folder, self.versions)
            if status == 0:
                self.renew()

    def finish(self) -> None:
        """Run to the end undisturbed, and hold everything against a run by hand elsewhere."""
        if self.flow is not None:
            self.flow.wait(300)
            self.look()
        shutil.rmtree(self.folder / "plan")
        self.start()
        if self.flow.wait(300) != 0:
            self.lost.append("the last run, undisturbed, failed")
        other = make_flow_project(self.scratch / "undisturbed")
        shutil.copy(self.folder / "input.txt", other / "input.txt")
        command = [sys.executable, "-m", "dvc", "repro", "--quiet"]
        known = os.environ | environment()
        subprocess.run(command, cwd=other, env=known, check=True, stdout=subprocess.DEVNULL)
        if outputs(self.folder) != outputs(other):
            self.lost.append("the last outputs are not those of an undisturbed run")

    def stop(self) -> None:
        """Leave no process."""
        if self.flow is not None and self.flow.poll() is None:
            self.flow.terminate()
            self.flow.wait(60)
        if self.server is not None:
            stop_guarded(self.server)


def run(kills: int, seconds: float, seed: int) -> dict[str, Any]:
    """Kill until there are `kills`, or `seconds` are over; give what was found."""
    began, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        chaos = Chaos(Path(scratch), seed)
        try:
            while chaos.killed.total() < kills and time.monotonic() - began < seconds:
                chaos.start()
                time.sleep(chaos.random.uniform(0.1, 3.0))
                if chaos.flow.poll() is None:
                    chaos.kill()
                chaos.look()
            chaos.finish()
        finally:
            chaos.stop()
    return {
        "seed": seed,
        "kills": chaos.killed.total(),
        "killed": dict(chaos.killed),
        "flows": dict(chaos.ends),
        "inputs": chaos.versions,
        "lost": len(chaos.lost),
        "what_was_lost": chaos.lost[:20],
        "slowest_end_of_orphans_seconds": round(chaos.slowest, 2),
        "seconds": round(time.monotonic() - began, 1),
        "load_before": round(load, 1),
    }


def main() -> None:
    """Read the command line, kill, print."""
    given = tuple(int(word) for word in sys.argv[1:])
    kills, seconds, seed = given + (60, 1800, 0)[len(given) :]
    print(json.dumps(run(kills, seconds, seed), indent=2))


if __name__ == "__main__":
    main()
