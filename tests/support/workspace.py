"""A small project to run the pipeline in: this checkout's stages, the fixture as its source."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
KEPT = "reports/folds/predictions/.gitkeep"
CHANGES = {
    "ingest": {
        "source": "csv",
        "path": "data/source/texts.csv",
        "columns": {"id": "row", "text": "text", "label": "label", "confidence": "confidence"},
        "slices": {"platform": "platform"},
    },
    "train": {
        "models": ["bilstm"],
        "model": {"embedding_size": 8, "hidden_size": 8},
        "optimisation": {"max_epochs": 1, "max_batches": 1, "batch_size": 16, "threads": 1},
    },
    "baseline": {"names": ["majority", "tfidf_logreg"]},
    "evaluate": {"bootstrap": {"resamples": 200}},
}


def merge(below: dict, above: dict) -> dict:
    return below | {
        key: merge(below[key], value) if isinstance(value, dict) and below.get(key) else value
        for key, value in above.items()
    }


def environment() -> dict[str, str]:
    """No inherited git or DVC state, no telemetry, this interpreter first on the path."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "DVC_"))}
    binaries = Path(sys.executable).parent
    quiet = {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
    return kept | quiet | {"PATH": f"{binaries}{os.pathsep}{kept['PATH']}"}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )


def make_workspace(folder: Path, *, git: bool) -> Path:
    """A checkout of the project with the fixture as its source, with or without git."""
    folder.mkdir()
    for name in (
        "src",
        "flows",
        "presets",
        "suites",
        ".dvc/config",
        "dvc.yaml",
        ".dvcignore",
        ".gitignore",
        KEPT,
    ):
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        else:
            shutil.copy(source, target)
    (folder / "data/source").mkdir(parents=True)
    shutil.copy(ROOT / "tests/fixtures/texts.csv", folder / "data/source/texts.csv")
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump(merge(params, CHANGES), sort_keys=False))
    if git:
        for command in (
            ["git", "init", "-q"],
            ["git", "config", "user.email", "test@example.org"],
            ["git", "config", "user.name", "Test"],
            ["git", "add", "-A"],
            ["git", "commit", "-qm", "start"],
        ):
            assert run(folder, *command).returncode == 0
    else:
        (folder / ".dvc/config.local").write_text("[core]\n    no_scm = true\n")
    return folder


def reproduce(folder: Path) -> subprocess.CompletedProcess:
    done = run(folder, "dvc", "repro")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done
