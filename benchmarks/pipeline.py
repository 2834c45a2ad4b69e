"""The whole pipeline: seconds of a cold run and of one with nothing to do, and its quality.

The cold run happens in a new clone of this repository's last commit, with an empty DVC cache.
Prints one JSON object; quality is read from the clone's reports/metrics/evaluation.json. One seed
says little of two models a point apart, so both are then trained with two seeds more.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PLAIN = "plain_bilstm-0"
NOTHING_REPEATS = 5
SEEDS = [0, 1, 2]


def run(folder: Path, *command: str) -> float:
    """Wall-clock seconds of a command that must succeed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    started = time.perf_counter()
    quiet = {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
    # The clone's own code, and not the installed one's.
    environment = os.environ | quiet | {"PATH": path, "PYTHONPATH": str(folder / "src")}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def quality(evaluation: dict[str, Any]) -> dict[str, Any]:
    """What the test rows say of the model that validation chose."""
    models, selected = evaluation["models"], evaluation["selected"]
    gap, plain = evaluation["gap"], models[PLAIN]["against_selected"]
    return {
        "selected": selected,
        "best_baseline": evaluation["best_baseline"],
        "test_macro_f1": {name: model["test"]["macro_f1"] for name, model in models.items()},
        "selected_minus_best_baseline": [gap["value"], gap["low"], gap["high"]],
        "selected_minus_plain_bilstm": [-plain["value"], -plain["high"], -plain["low"]],
    }


def more_seeds(folder: Path, selected: str) -> dict[str, Any]:
    """Test macro-F1 of the selected model and the plain one: mean and spread over seeds."""
    names = [selected.rsplit("-", 1)[0], PLAIN.rsplit("-", 1)[0]]
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["train"] |= {"models": names, "seeds": SEEDS}
    path.write_text(yaml.safe_dump(params, sort_keys=False))
    run(folder, "dvc", "repro", "evaluate")
    evaluation = json.loads((folder / "reports/metrics/evaluation.json").read_text())
    scores = {name: evaluation["over_seeds"][name]["macro_f1"] for name in names}
    baseline = evaluation["models"][evaluation["best_baseline"]]["test"]["macro_f1"]
    return {
        "seeds": SEEDS,
        "test_macro_f1": scores,
        "selected_minus_plain_bilstm": scores[names[0]]["mean"] - scores[names[1]]["mean"],
        "selected_minus_best_baseline": scores[names[0]]["mean"] - baseline,
    }


def main() -> None:
    """Clone, run, run again, and print."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        cold = run(clone, "dvc", "repro", "--force")
        nothing = [run(clone, "dvc", "repro") for _ in range(NOTHING_REPEATS)]
        evaluation = json.loads((clone / "reports/metrics/evaluation.json").read_text())
        timing = {
            path.stem: json.loads(path.read_text())["seconds"]
            for path in sorted((clone / "reports/timing").glob("*.json"))
        }
        seeds = more_seeds(clone, evaluation["selected"])
    result = {
        "cold_seconds": cold,
        "nothing_to_do_seconds": statistics.median(nothing),
        "seconds_by_model": timing,
        "quality": quality(evaluation),
        "quality_over_seeds": seeds,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
