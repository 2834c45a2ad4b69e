"""A project that can be retrained in seconds: two stages, the gate's real files, no training.

`ingest` reads input.txt; `rest` takes the finished run that plan.txt names, one of `PLANS`, or
fails.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from judged_project import write_challenger, write_model, write_params, write_rows
from workspace import ROOT, environment

INGEST = """
import json, pathlib
import pandas as pd
rows = pathlib.Path("input.txt").read_text().split()
pathlib.Path("data/raw").mkdir(parents=True, exist_ok=True)
pd.DataFrame({"text": rows}).to_parquet("data/raw/rows.parquet")
facts = {"labels": ["negative", "neutral", "positive"], "slices": [], "rows": {"kept": len(rows)}}
pathlib.Path("data/raw/provenance.json").write_text(json.dumps(facts))
"""
REST = """
import pathlib, shutil, sys
plan = "-".join(pathlib.Path("plan.txt").read_text().split())
if plan == "fail":
    sys.exit("no such luck")
shutil.copytree(pathlib.Path(sys.argv[1], plan), ".", dirs_exist_ok=True)
"""
PLANS = ((20, 8), (60, 9), (0, 9))
"""Finished runs: on how many test rows the selected model is wrong, and its hidden size."""
OUTPUTS = (
    "data/split/train.parquet",
    "data/split/validation.parquet",
    "data/split/test.parquet",
    "data/probes/probes.parquet",
    "models/lstm/0/config.json",
    "models/lstm/0/model.safetensors",
    "models/lstm/0/vocabulary.json",
    "reports/predictions/lstm-0.parquet",
    "reports/probes/lstm-0.parquet",
    "reports/metrics/evaluation.json",
    "reports/metrics/calibration.json",
    "reports/metrics/behaviour.json",
)


def _outs(*paths: str) -> list[dict]:
    return [{path: {"persist": True}} for path in paths]


def _write_run(folder: Path, wrong: int, hidden: int) -> None:
    """What the stages of a finished run leave, but for dvc.lock, which is DVC's."""
    for name in ("data/split", "data/probes"):
        (folder / name).mkdir(parents=True)
    for name in ("metrics", "predictions", "probes"):
        (folder / "reports" / name).mkdir(parents=True)
    write_rows(folder, write_model(folder / "models/lstm/0"), range(0, 120, 4))
    write_challenger(folder, range(wrong), hidden=hidden)
    (folder / "dvc.lock").unlink()
    (folder / "reports/report.html").write_text("report")


def make_retrain_project(folder: Path, plans: Path) -> Path:
    """Write the project, with the flows of this checkout, and the runs it can have into `plans`."""
    for wrong, hidden in PLANS:
        _write_run(plans / f"{wrong}-{hidden}", wrong, hidden)
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc/config").write_text(
        "[core]\n    no_scm = true\n    analytics = false\n    check_update = false\n"
    )
    (folder / "ingest.py").write_text(INGEST)
    (folder / "rest.py").write_text(REST)
    stages = {
        "ingest": {
            "cmd": "python ingest.py",
            "outs": _outs("data/raw/rows.parquet", "data/raw/provenance.json"),
        },
        "rest": {
            "cmd": f"python rest.py {plans}",
            "deps": ["data/raw/rows.parquet", "plan.txt"],
            "outs": _outs(*OUTPUTS),
        },
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    (folder / "input.txt").write_text("one two three\n")
    (folder / "plan.txt").write_text("20 8\n")
    write_params(folder)
    shutil.copytree(ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def start(folder: Path, address: str | None, *words: str, **more: str) -> "subprocess.Popen[str]":
    """Start a flow as a user does, with or without a server, with more in its environment."""
    known = {key: value for key, value in environment().items() if key != "PREFECT_API_URL"}
    named = {"PREFECT_API_URL": address} if address else {}
    return subprocess.Popen(
        [sys.executable, "-m", "flows", *words],
        cwd=folder,
        env=known | named | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder: Path, address: str | None, *words: str, **more: str) -> tuple[int, str]:
    """Run a flow to its end; its exit status and what it printed."""
    process = start(folder, address, *words, **more)
    printed, _ = process.communicate(timeout=240)
    return process.returncode, printed


def change(folder: Path, section: str, **keys: object) -> None:
    """Set keys of a section of the project's parameters."""
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params[section] |= keys
    path.write_text(yaml.safe_dump(params, sort_keys=False))
