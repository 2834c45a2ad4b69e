"""Run every benchmark and write what was measured, beside what is asked, into this folder.

Usage: python benchmarks/run.py [NAME ...]    names of benchmarks; all of them without one, but not
                                              `growth` and `recurrent`, which take long or fetch

Each benchmark is a script of its own that prints one JSON object. `results.json` keeps the last
result of each with machine, date and commit; `README.md` is the table made from it.
"""

import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
NAMES = ("cleaning", "training", "pipeline", "flows", "watching", "chaos", "serving")


class Goal:
    """A figure that is asked for: where it stands in the results, and when it is met."""

    def __init__(
        self,
        name: str,
        path: str,
        asked: str,
        met: Callable[[Any], bool],
        unit: str = "",
        digits: int = 2,
    ) -> None:
        self.name, self.path, self.asked, self.met = name, path, asked, met
        self.unit, self.digits = unit, digits

    def value(self, results: dict[str, Any]) -> Any:
        """The measured value, or None."""
        found: Any = results
        for part in self.path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found


GOALS = (
    Goal(
        "macro-F1 of the chosen model minus the best linear baseline (paired 95% interval)",
        "pipeline.quality.selected_minus_best_baseline",
        "interval not wholly below 0",
        lambda gap: gap[2] >= 0,
    ),
    Goal(
        "macro-F1 of the chosen model minus a plain BiLSTM on words",
        "pipeline.quality.selected_minus_plain_bilstm",
        "at least 0.015",
        lambda gap: gap[0] >= 0.015,
    ),
    Goal(
        "the same, means over three seeds",
        "pipeline.quality_over_seeds.selected_minus_plain_bilstm",
        "at least 0.015",
        lambda gap: gap >= 0.015,
        digits=4,
    ),
    Goal(
        "training, rows per second over the tutorial's set-up",
        "training.sluice_over_tutorial",
        "at least 5",
        lambda ratio: ratio >= 5,
    ),
    Goal(
        "training, rows per second over a bare loop",
        "training.sluice_over_bare_loop",
        "at least 0.9",
        lambda ratio: ratio >= 0.9,
    ),
    Goal(
        "training, rows per second over the same network and batches in Keras",
        "recurrent.sluice_over_keras_same_batches",
        "at least 2",
        lambda ratio: ratio >= 2,
    ),
    Goal(
        "the same, over Keras with texts padded to 200 tokens, as in tutorials",
        "recurrent.sluice_over_keras_padded",
        "at least 2",
        lambda ratio: ratio >= 2,
    ),
    Goal(
        "recurrent layer, share of one core's rate of matrix products",
        "recurrent.layer.share_of_peak",
        "at least 0.5",
        lambda share: share >= 0.5,
    ),
    Goal(
        "a training step at 1.6 million rows over one at 10 thousand",
        "growth.step_largest_over_smallest",
        "at most 1.2",
        lambda ratio: ratio <= 1.2,
    ),
    Goal(
        "reading the rows: time of each at 1.6 million over that at 160 thousand",
        "growth.row_largest_over_middle",
        "at most 1.2",
        lambda ratio: ratio <= 1.2,
    ),
    Goal(
        "training on 1.6 million rows, the process's own peak memory",
        "growth.largest_own_gib",
        "at most 4 GiB",
        lambda gib: gib <= 4,
        " GiB",
    ),
    Goal(
        "cleaning, rows per second over apply with NLTK",
        "cleaning.ratio",
        "at least 20",
        lambda ratio: ratio >= 20,
    ),
    Goal(
        "cleaning 1.6 million rows, peak memory",
        "cleaning.peak_memory_gib",
        "at most 2 GB",
        lambda size: size * 2**30 <= 2e9,
        " GiB",
    ),
    Goal(
        "whole pipeline from nothing, without installation",
        "pipeline.cold_seconds",
        "at most 600 s",
        lambda seconds: seconds <= 600,
        " s",
    ),
    Goal(
        "`dvc repro` with nothing to do",
        "pipeline.nothing_to_do_seconds",
        "at most 5 s",
        lambda seconds: seconds <= 5,
        " s",
    ),
    Goal(
        "flow without a server: seconds until its first task",
        "flows.start_seconds",
        "at most 6 s",
        lambda seconds: seconds <= 6,
        " s",
    ),
    Goal(
        "a flow's cost over plain `dvc repro`, per stage that runs",
        "flows.cost_per_stage_seconds",
        "at most 1.0 s",
        lambda seconds: seconds <= 1,
        " s",
    ),
    Goal(
        "a flow's cost over plain `dvc repro`, its start included, as a share of the default run",
        "flows.cost_over_default_run",
        "at most 0.10",
        lambda share: share <= 0.1,
    ),
    Goal(
        "a flow with nothing to do",
        "flows.nothing_to_do_seconds",
        "at most 15 s",
        lambda seconds: seconds <= 15,
        " s",
    ),
    Goal(
        "two trainings of one thread each, side by side over one after the other",
        "flows.side_by_side.speedup",
        "at least 1.6",
        lambda ratio: ratio >= 1.6,
    ),
    Goal(
        "kills at random times: flow, stage, guard, server",
        "chaos.kills",
        "at least 50",
        lambda count: count >= 50,
        digits=0,
    ),
    Goal(
        "outputs half written, records false, processes left over after them",
        "chaos.lost",
        "none",
        lambda count: count == 0,
        digits=0,
    ),
    Goal(
        "longest life of a killed flow's processes",
        "chaos.slowest_end_of_orphans_seconds",
        "at most 15 s",
        lambda seconds: seconds <= 15,
        " s",
    ),
    Goal(
        "watching: batches like the reference that raise an alarm",
        "watching.like_reference.alarms",
        "at most 0.05",
        lambda share: share <= 0.05,
        digits=3,
    ),
    Goal(
        "watching: batches with half their rows of one topic that raise an alarm, least of three",
        "watching.least_caught",
        "1.0",
        lambda share: share >= 1.0,
    ),
    Goal(
        "one text by the ONNX bundle, cleaning included, median",
        "serving.single_ms.onnx.p50",
        "at most 1 ms",
        lambda taken: taken <= 1,
        " ms",
    ),
    Goal(
        "the same, 99th percentile",
        "serving.single_ms.onnx.p99",
        "at most 3 ms",
        lambda taken: taken <= 3,
        " ms",
    ),
    Goal(
        "the median over that of scikit-learn's TF-IDF pipeline",
        "serving.single_ms.p50_over_tfidf",
        "at most 2",
        lambda ratio: ratio <= 2,
    ),
    Goal(
        "many texts by the ONNX bundle, rows per second over that pipeline's",
        "serving.rows_per_second.over_tfidf",
        "at least 3",
        lambda ratio: ratio >= 3,
    ),
    Goal(
        "int8 over float32, rows per second of the network",
        "serving.int8.over_fp32",
        "at least 1.5, or dropped",
        lambda ratio: ratio >= 1.5,
    ),
    Goal(
        "`import sluice`, the interpreter's start included",
        "serving.seconds.import_sluice",
        "at most 0.3 s",
        lambda seconds: seconds <= 0.3,
        " s",
    ),
    Goal(
        "`sluice --help`",
        "serving.seconds.help",
        "at most 0.5 s",
        lambda seconds: seconds <= 0.5,
        " s",
    ),
    Goal(
        "first prediction of a new process by the ONNX bundle",
        "serving.seconds.first_prediction",
        "at most 1.5 s",
        lambda seconds: seconds <= 1.5,
        " s",
    ),
    Goal(
        "service under 8 callers: calls that failed",
        "serving.service.failed",
        "none",
        lambda count: count == 0,
        digits=0,
    ),
)


def shown(value: Any, unit: str, digits: int) -> str:
    """A value for the table; a list is a value with its interval."""
    if value is None:
        return "not measured"
    if isinstance(value, list):
        middle, low, high = value
        return f"{middle:+.4f} [{low:+.4f}, {high:+.4f}]"
    return f"{value:.{digits}f}{unit}"


def origin() -> dict[str, str]:
    """Machine, date and commit of a measurement."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "machine": f"{os.cpu_count()} x {processor()}, {platform.system()}",
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit.stdout.strip() or "no git",
    }


def processor() -> str:
    """The processor's name, as far as the system tells."""
    information = Path("/proc/cpuinfo")
    for line in information.read_text().splitlines() if information.exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def table(results: dict[str, Any]) -> str:
    """The page of results."""
    lines = ["# Benchmarks", "", "Made by `make bench`; each line is measured within one run.", ""]
    lines += ["| figure | asked | measured | met |", "|---|---|---|---|"]
    for goal in GOALS:
        value = goal.value(results)
        verdict = "" if value is None else ("yes" if goal.met(value) else "**no**")
        lines.append(
            f"| {goal.name} | {goal.asked} | {shown(value, goal.unit, goal.digits)} | {verdict} |"
        )
    lines += ["", "| benchmark | machine | date | commit |", "|---|---|---|---|"]
    for name, result in results.items():
        made = result["origin"]
        lines.append(f"| `{name}.py` | {made['machine']} | {made['date']} | `{made['commit']}` |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the benchmarks that are asked for, and write results and page."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in sys.argv[1:] or NAMES:
        print(f"benchmark {name} ...", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py")]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results[name] = json.loads(done.stdout) | {"origin": origin()}
        RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
        (HERE / "README.md").write_text(table(results))
    subprocess.run([sys.executable, str(HERE / "plots.py")], check=True)
    print(table(results))


if __name__ == "__main__":
    main()
