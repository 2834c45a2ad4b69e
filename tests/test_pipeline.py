"""The whole pipeline on a small fixture, by `dvc repro`, as a user runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TIMING = "reports/timing/"
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
    for name in ("src", "presets", ".dvc/config", "dvc.yaml", ".dvcignore", ".gitignore"):
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


def lock_of(folder: Path) -> dict:
    """dvc.lock without the hashes of timing files."""
    stages = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    for stage in stages.values():
        stage["outs"] = [out for out in stage["outs"] if not out["path"].startswith(TIMING)]
    return stages


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = make_workspace(tmp_path_factory.mktemp("git") / "project", git=True)
    reproduce(folder)
    return folder


pytestmark = pytest.mark.slow


def test_every_stage_ran_and_every_output_is_there(finished: Path) -> None:
    lock = yaml.safe_load((finished / "dvc.lock").read_text())["stages"]
    assert set(lock) == {
        "ingest",
        "clean",
        "split",
        "augment",
        "train@bilstm-0",
        "baseline@majority",
        "baseline@tfidf_logreg",
        "evaluate",
        "report",
    }
    for stage in lock.values():
        for out in stage["outs"]:
            assert (finished / out["path"]).exists()
    html = (finished / "reports/report.html").read_text()
    assert "bilstm" in html
    assert "tfidf_logreg" in html


def test_nothing_is_done_twice(finished: Path) -> None:
    again = reproduce(finished)
    assert "Running stage" not in again.stdout
    assert "up to date" in again.stdout


def test_a_second_clean_run_without_git_gives_the_same_bytes(finished: Path, tmp_path) -> None:
    other = make_workspace(tmp_path / "archive", git=False)
    reproduce(other)
    assert lock_of(other) == lock_of(finished)
    assert (other / "reports/report.html").read_bytes() == (
        finished / "reports/report.html"
    ).read_bytes()


def test_no_temporary_files_are_left(finished: Path) -> None:
    assert not list(finished.rglob("*.part"))
    assert not list(finished.glob(".sluice/train/*"))


def test_the_working_tree_stays_clean_of_data(finished: Path) -> None:
    listed = run(finished, "git", "status", "--short").stdout
    assert "data/raw" not in listed
    assert "models/" not in listed
    assert "predictions" not in listed


def test_dvc_shows_metrics_and_plots(finished: Path) -> None:
    shown = json.loads(run(finished, "dvc", "metrics", "show", "--json").stdout)
    files = shown[""]["data"]
    assert {"reports/metrics/evaluation.json", "reports/metrics/leaks.json"} <= set(files)
    plots = run(finished, "dvc", "plots", "show")
    assert plots.returncode == 0, plots.stderr
    assert (finished / "dvc_plots/index.html").exists()


def test_a_changed_parameter_reruns_what_depends_on_it_and_no_more(finished: Path) -> None:
    experiment = run(finished, "dvc", "exp", "run", "-S", "train.model.hidden_size=4")
    assert experiment.returncode == 0, experiment.stderr[-2000:]
    for name in ("train@bilstm-0", "evaluate", "report"):
        assert f"Running stage '{name}'" in experiment.stdout
    for name in ("ingest", "clean", "split", "augment", "baseline@majority"):
        assert f"Running stage '{name}'" not in experiment.stdout
    difference = json.loads(run(finished, "dvc", "params", "diff", "--json").stdout)
    assert difference["params.yaml"]["train.model.hidden_size"]["new"] == 4
    restored = run(finished, "git", "checkout", "-q", "params.yaml")
    assert restored.returncode == 0
    reproduce(finished)


def test_a_misspelt_key_fails_in_words_and_leaves_the_outputs(finished: Path) -> None:
    params = finished / "params.yaml"
    before = params.read_text()
    rows = (finished / "data/clean/rows.parquet").read_bytes()
    content = yaml.safe_load(before)
    content["clean"]["stepss"] = {}
    params.write_text(yaml.safe_dump(content, sort_keys=False))
    failed = run(finished, "dvc", "repro")
    params.write_text(before)
    assert failed.returncode != 0
    assert "clean.stepss: unknown key" in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr
    assert (finished / "data/clean/rows.parquet").read_bytes() == rows


def test_an_unknown_model_fails_in_words(finished: Path) -> None:
    params = finished / "params.yaml"
    before = params.read_text()
    content = yaml.safe_load(before)
    content["train"]["models"] = ["bilstmm"]
    params.write_text(yaml.safe_dump(content, sort_keys=False))
    failed = run(finished, "dvc", "repro")
    checked = run(finished, "sluice", "check")
    params.write_text(before)
    assert failed.returncode != 0
    assert "bilstmm" in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr
    assert checked.returncode == 1
    assert "unknown model bilstmm" in checked.stderr
