"""Runs a stage as a process of its own: seconds, seconds of CPU, and the most memory that it held.

In: a module and its words. Out: the figures. The peak is Linux's VmHWM, which begins anew with each
program; `ru_maxrss` begins with what the starter held, which may be more than the stage ever does.
Pages of mapped files count in it as long as nobody needs their room; `own_gib`, looked at 20 times
a second, leaves them out.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]

_WATCHER = """
import resource, runpy, sys, threading
sys.argv = sys.argv[1:]
own, ended = [0], threading.Event()
def look():
    while not ended.wait(0.05):
        with open("/proc/self/status") as status:
            own.append(int(next(line.split()[1] for line in status if line.startswith("RssAnon"))))
threading.Thread(target=look, daemon=True).start()
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=False)
except SystemExit as end:
    assert not end.code, end.code
ended.set()
used = resource.getrusage(resource.RUSAGE_SELF)
with open("/proc/self/status") as status:
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
print(used.ru_utime + used.ru_stime, peak, max(own))
"""


def watch(module: str, *words: str | Path) -> dict[str, float]:
    """Seconds, seconds of CPU and GiB of one stage."""
    command = [sys.executable, "-c", _WATCHER, module, *map(str, words)]
    began = time.perf_counter()
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=1800,
    )
    seconds = time.perf_counter() - began
    cpu, peak, own = done.stdout.split()[-3:]
    return {
        "seconds": seconds,
        "cpu_seconds": float(cpu),
        "gib": int(peak) / 2**20,
        "own_gib": int(own) / 2**20,
    }
