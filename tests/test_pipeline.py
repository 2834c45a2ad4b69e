"""The whole pipeline on a small fixture, by `dvc repro`, as a user runs it."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from workspace import make_workspace, reproduce, run

TIMING = "reports/timing/"


def lock_of(folder: Path) -> dict:
    """dvc.lock without the hashes of timing files."""
    stages = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    for stage in stages.values():
        stage["outs"] = [out for out in stage["outs"] if not out["path"].startswith(TIMING)]
    return stages


pytestmark = pytest.mark.slow


def test_every_stage_ran_and_every_output_is_there(finished: Path) -> None:
    lock = yaml.safe_load((finished / "dvc.lock").read_text())["stages"]
    assert set(lock) == {
        "ingest",
        "clean",
        "split",
        "augment",
        "probe",
        "train@bilstm-0",
        "baseline@majority",
        "baseline@tfidf_logreg",
        "suspect",
        "evaluate",
        "crossvalidate",
        "explain",
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


def test_a_flow_run_in_an_archive_without_git_leaves_the_same_bytes(
    finished: Path, tmp_path
) -> None:
    other = make_workspace(tmp_path / "flow", git=False)
    done = run(other, sys.executable, "-m", "flows", "pipeline")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "cached: 0" in done.stdout.splitlines()[-1]
    assert (other / ".sluice/prefect/prefect.db").exists()
    assert list(lock_of(other)) == list(lock_of(finished))
    assert lock_of(other) == lock_of(finished)
    for stage in lock_of(finished).values():
        for path in (out["path"] for out in stage["outs"]):
            for file in [path for path in (finished / path).rglob("*") if path.is_file()]:
                assert (other / file.relative_to(finished)).read_bytes() == file.read_bytes()
            if (finished / path).is_file():
                assert (other / path).read_bytes() == (finished / path).read_bytes()
    again = reproduce(other)
    assert "Running stage" not in again.stdout


def test_the_summary_is_a_short_table(finished: Path) -> None:
    done = run(finished, "sluice", "summary")
    assert done.returncode == 0, done.stderr
    for words in ("bilstm-0", "tfidf_logreg", "points of macro-F1", "reports/report.html"):
        assert words in done.stdout
    assert len(done.stdout.splitlines()) < 12


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
    assert set(files) == {"reports/metrics/scores.json", "reports/metrics/train/bilstm-0.json"}
    scores = files["reports/metrics/scores.json"]["data"]
    assert scores["shown"] == "bilstm-0"
    assert scores["macro_f1_low"] <= scores["macro_f1"] <= scores["macro_f1_high"]
    plots = run(finished, "dvc", "plots", "show")
    assert plots.returncode == 0, plots.stderr
    assert (finished / "dvc_plots/index.html").exists()


def test_dvc_compares_metrics_with_the_last_commit(finished: Path, tmp_path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "results")
    path = folder / "reports/metrics/scores.json"
    path.write_text(path.read_text().replace('"shown"', '"macro_f2": 0.5, "shown"'))
    compared = run(folder, "dvc", "metrics", "diff")
    assert compared.returncode == 0, compared.stderr
    assert "failed" not in compared.stderr
    lines = [line.split() for line in compared.stdout.splitlines()]
    assert ["reports/metrics/scores.json", "macro_f2", "-", "0.5", "-"] in lines
    assert {line[0] for line in lines[1:]} == {"reports/metrics/scores.json"}


def test_a_changed_parameter_reruns_what_depends_on_it_and_no_more(finished: Path) -> None:
    """One training is enough to see it; what stands further down is only asked for."""
    change = ["-S", "train.model.hidden_size=4"]
    experiment = run(finished, "dvc", "exp", "run", *change, "train@bilstm-0")
    assert experiment.returncode == 0, experiment.stderr[-2000:]
    assert re.findall("Running stage '(.*)'", experiment.stdout) == ["train@bilstm-0"]
    further = run(finished, "dvc", "repro", "--dry")
    assert re.findall("Running stage '(.*)'", further.stdout) == ["evaluate", "explain", "report"]
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
