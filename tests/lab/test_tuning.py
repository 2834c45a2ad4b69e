"""`sluice tune`: values drawn, trials that are the stage's trainings, a real kill, bad ranges."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from ruamel.yaml import YAML
from workspace import ROOT, environment

from sluice import cli
from sluice.lab import search
from sluice.lab.ranges import (
    Range,
    Tuning,
    check_ranges,
    experiment_line,
    with_values,
    write_values,
)
from sluice.params import parse_section, read_section
from sluice.stages.train import Train, train

LABELS = ["negative", "neutral", "positive"]
WORDS = {"negative": "bad awful hate", "neutral": "table chair item", "positive": "good fine love"}
SECTION = {
    "models": ["small", "own"],
    "seeds": [0],
    "tokens": {"kind": "words"},
    "model": {
        "embedding_size": 4,
        "hidden_size": 4,
        "encoder": "lstm",
        "pooling": "mean",
        "layers": 1,
    },
    "optimisation": {"max_epochs": 2, "batch_size": 32, "threads": 1, "learning_rate": 0.02},
    "variants": {"small": {}, "own": {"model": {"hidden_size": 6}}},
}
RANGES = {
    "train.model.hidden_size": {"choice": [4, 8]},
    "train.optimisation.learning_rate": {"low": 0.001, "high": 0.1, "log": True},
}


def rows(count: int, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    labels = generator.choice(LABELS, count)
    texts = [" ".join(generator.choice([*WORDS[label].split(), "the", "a"], 5)) for label in labels]
    ids = [f"{seed}-{row}" for row in range(count)]
    return pd.DataFrame({"id": ids, "text": texts, "cleaned": texts, "label": labels})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project after `augment`, without test rows."""
    monkeypatch.chdir(tmp_path)
    for folder in ("data/augmented", "data/split", "data/raw"):
        (tmp_path / folder).mkdir(parents=True)
    rows(160, 0).to_parquet("data/augmented/train.parquet", index=False)
    rows(60, 1).to_parquet("data/split/validation.parquet", index=False)
    Path("data/raw/provenance.json").write_text(json.dumps({"labels": LABELS}))
    Path("params.yaml").write_text(yaml.safe_dump({"train": SECTION}, sort_keys=False))
    write_ranges()
    return tmp_path


def write_ranges(**changes: object) -> None:
    content = {"model": "small", "trials": 3, "unpruned": 2, "ranges": RANGES} | changes
    Path("tuning.yaml").write_text(yaml.safe_dump(content))


def tune(monkeypatch, capsys, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["sluice", "tune", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    said = capsys.readouterr()
    return int(caught.value.code or 0), said.out, said.err


def trials_of(home: Path) -> list[dict]:
    """Every finished trial as it is stored: values, command, score."""
    optuna = search.import_optuna()
    storage = f"sqlite:///{home / '.sluice/tune/trials.db'}"
    (name,) = optuna.get_all_study_names(storage)
    done = optuna.load_study(study_name=name, storage=storage).trials
    return [one.user_attrs | {"score": one.value} for one in done if one.state.name != "FAIL"]


@pytest.fixture
def finished(home: Path, monkeypatch, capsys) -> tuple[Path, str]:
    status, out, err = tune(monkeypatch, capsys)
    assert status == 0, err
    return home, out


def test_it_tunes_without_test_rows_and_says_how_each_trial_is_run_again(finished) -> None:
    home, out = finished
    assert not list(home.rglob("test.parquet"))
    lines = re.findall(r"^  (dvc exp run .*)$", out, re.MULTILINE)
    stored = trials_of(home)
    assert [one["command"] for one in stored] == lines[:3]
    for one in stored:
        values = one["values"]
        assert values["train.model.hidden_size"] in (4, 8)
        assert 0.001 <= values["train.optimisation.learning_rate"] <= 0.1
        assert f"-S train.model.hidden_size={values['train.model.hidden_size']} " in one["command"]
        assert one["command"].endswith(" train@small-0")
    best = max(one["score"] for one in stored if one["score"] is not None)
    assert f"validation macro-F1 {best:.4f}" in out
    assert [path.name for path in (home / ".sluice/tune").iterdir() if path.is_dir()] == []


def test_a_trial_is_the_training_of_the_stage(finished) -> None:
    home, _ = finished
    one = next(one for one in trials_of(home) if one["score"] is not None)
    content = with_values({"train": SECTION}, one["values"], Path("params.yaml"))
    (home / "again.yaml").write_text(yaml.safe_dump(content))
    rows(30, 2).to_parquet("test.parquet", index=False)
    pd.DataFrame({"id": [], "cleaned": []}, dtype="str").to_parquet("probes.parquet", index=False)
    names = ("w", "c", "v", "curves", "p", "metrics", "t", "answers")
    inputs = ("data/augmented/train.parquet", "data/split/validation.parquet", "test.parquet")
    paths = [Path(name) for name in (*inputs, "data/raw/provenance.json", "probes.parquet")]
    paths += [home / "out" / name for name in names]
    train("small", 0, *paths, params=home / "again.yaml")
    metrics = json.loads((home / "out/metrics").read_text())
    assert metrics["validation_macro_f1"] == one["score"]


def test_a_finished_search_is_not_run_again_and_goes_on_for_more(
    finished, monkeypatch, capsys
) -> None:
    home, first = finished
    status, out, _ = tune(monkeypatch, capsys)
    assert status == 0
    assert "3 of 3 trials done" in out
    assert "trial 3/3" not in out
    assert out.split("best:")[1] == first.split("best:")[1]
    _, out, _ = tune(monkeypatch, capsys, "--trials", "4")
    assert "trial 4/4" in out
    assert len(trials_of(home)) == 4


@pytest.mark.faults
def test_a_killed_search_goes_on_and_ends_as_an_undisturbed_one(finished) -> None:
    home, first = finished
    undisturbed = trials_of(home)
    (home / ".sluice/tune/trials.db").unlink()
    slow = "import time, sluice.lab.search as s; say = s.Pruning.on_train_epoch_end\n"
    slow += "def wait(*a): say(*a); print('epoch', flush=True); time.sleep(60)\n"
    slow += "s.Pruning.on_train_epoch_end = wait; from sluice.cli import main; main()"
    command = [sys.executable, "-c", slow, "tune"]
    with subprocess.Popen(
        command, cwd=home, env=environment(), stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        next(line for line in child.stdout if "epoch" in line)
        os.kill(child.pid, signal.SIGKILL)
    done = subprocess.run(
        [Path(sys.executable).with_name("sluice"), "tune"],
        cwd=home, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "going on with search" in done.stdout
    assert "Warning" not in done.stderr
    assert done.stdout.split("best:")[1] == first.split("best:")[1]
    assert trials_of(home) == undisturbed


def test_one_search_at_a_time(home: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(search.Search, "name", "held")
    with search._alone(search.FOLDER, "held"):
        status, _, err = tune(monkeypatch, capsys)
    assert status == 1
    assert err == "error: the search held is running already: wait for its end\n"


def test_values_that_do_not_fit_each_other_are_a_trial_without_a_score(
    home: Path, monkeypatch, capsys
) -> None:
    write_ranges(
        trials=4,
        ranges={
            "train.model.hidden_size": {"choice": [4, 5]},
            "train.model.encoder": {"choice": ["lstm", "transformer"]},
        },
    )
    monkeypatch.setattr("sluice.stages.train.rehearse", lambda *_: 0.5)
    status, out, err = tune(monkeypatch, capsys, "--trials", "12")
    assert status == 0, err
    assert "no score: tuning.yaml: train: " in out
    assert "macro-F1 0.5000" in out


def test_a_bad_trial_is_pruned_by_the_median_rule(home: Path, monkeypatch) -> None:
    """Below the median of the first epoch's scores of two whole trials, the third is stopped."""
    optuna = search.import_optuna()
    study = optuna.create_study(
        direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=2)
    )
    for score in (0.6, 0.8):
        trial = study.ask()
        trial.report(score, 0)
        study.tell(trial, score)
    bad, good = study.ask(), study.ask()
    trainer = type("T", (), {"callback_metrics": {search.MONITOR: 0.5}, "current_epoch": 0})()
    pruning = search.Pruning(bad, optuna.TrialPruned)
    pruning.on_validation_end(trainer, None)
    with pytest.raises(optuna.TrialPruned):
        pruning.on_train_epoch_end(trainer, None)
    trainer.callback_metrics = {search.MONITOR: 0.9}
    pruning = search.Pruning(good, optuna.TrialPruned)
    pruning.on_validation_end(trainer, None)
    pruning.on_train_epoch_end(trainer, None)


# Writing back


def test_the_best_is_written_back_and_nothing_else_changes(finished, monkeypatch, capsys) -> None:
    home, out = finished
    status, out, _ = tune(monkeypatch, capsys, "--write")
    assert status == 0
    assert "written to params.yaml" in out
    best = max((one for one in trials_of(home) if one["score"]), key=lambda one: one["score"])
    section = read_section(Path("params.yaml"), "train", Train)
    settings = section.settings("small")
    assert settings.model.hidden_size == best["values"]["train.model.hidden_size"]
    rate = best["values"]["train.optimisation.learning_rate"]
    assert settings.optimisation.learning_rate == rate


def test_comments_and_form_of_the_projects_own_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text())
    before = path.read_text().splitlines()
    write_values(path, {"train.model.hidden_size": 96, "train.model.dropout.output": 0.25})
    after = path.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [new.split(":")[0].strip() for _, new in changed] == ["hidden_size", "dropout"]
    assert changed[0][1] == "    hidden_size: 96"
    assert "output: 0.25" in changed[1][1]


# Ranges


def test_the_projects_own_ranges_are_good() -> None:
    content = YAML(typ="safe").load((ROOT / "tuning.yaml").read_text())
    tuning = parse_section(content, Tuning, "tuning.yaml")
    check_ranges(tuning, ROOT / "params.yaml", Train, Path("tuning.yaml"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ranges": {"train.model.hiden": {"choice": [1]}}}, "has no key train.model.hiden; besi"),
        ({"ranges": {"train.modl.x": {"choice": [1]}}}, "has no key train.modl.x: modl is not"),
        ({"ranges": {"split.seed": {"choice": [1]}}}, "only keys of section train are tuned"),
        ({"ranges": {}}, "tuning.yaml.ranges: Dictionary should have at least 1 item"),
        ({"ranges": {"train.model.layers": {"low": 3, "high": 3}}}, "the range is empty: low 3"),
        (
            {"ranges": {"train.model.layers": {"choice": []}}},
            "choice: Tuple should have at least 1",
        ),
        ({"ranges": {"train.model.layers": {"low": 0, "high": 3}}}, "greater than or equal to 1"),
        ({"ranges": {"train.model.layers": {"low": 1}}}, "low and high belong together"),
        ({"ranges": {"train.model.layers": {}}}, "give either choice, or low and high"),
        ({"ranges": {"train.model.layers": {"choice": [1], "low": 1}}}, "give either choice"),
        ({"ranges": {"train.model.layers": {"low": 0, "high": 3, "log": True}}}, "log needs low"),
        ({"model": "large"}, "model: large is not in train.models: small, own"),
        ({"seed": 5}, "seed: 5 is not in train.seeds: 0"),
        ({"trails": 5}, "tuning.yaml.trails: unknown key; valid keys: "),
        ({"model": "own"}, "tune train.variants.own.model.hidden_size"),
    ],
)
def test_bad_ranges_are_one_line(changes, words, home, monkeypatch, capsys) -> None:
    write_ranges(**changes)
    status, out, err = tune(monkeypatch, capsys)
    assert (status, out) == (1, "")
    assert words in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["data/augmented/train.parquet", "data/raw/provenance.json"])
def test_a_missing_part_is_one_line(name: str, home: Path, monkeypatch, capsys) -> None:
    (home / name).unlink()
    status, _, err = tune(monkeypatch, capsys)
    assert status == 1
    assert err == f"error: {name} is missing: run the stage that writes it (dvc repro augment)\n"


def test_without_optuna_the_extra_is_named(home: Path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    status, _, err = tune(monkeypatch, capsys)
    assert status == 1
    assert "pip install 'sluice[tune]'" in err
    assert err.count("\n") == 1


def test_a_broken_store_is_one_line(home: Path, monkeypatch, capsys) -> None:
    (home / ".sluice/tune").mkdir(parents=True)
    (home / ".sluice/tune/trials.db").write_bytes(b"no database at all" * 100)
    status, _, err = tune(monkeypatch, capsys)
    assert status == 1
    assert "trials.db cannot be used" in err
    assert err.count("\n") == 1


def test_numbers_are_rounded_within_the_range() -> None:
    one = Range(low=0.00012345, high=0.5, log=True)
    assert one.rounded(0.123456) == 0.1235
    assert one.rounded(0.00012345) == 0.00012345
    assert Range(low=1, high=9).rounded(5) == 5
    assert Range(choice=("a",)).rounded("a") == "a"


def test_a_command_survives_the_shell() -> None:
    tuning = Tuning(model="m", ranges={"train.x": Range(choice=(1,))})
    line = experiment_line(tuning, {"train.a": "two words", "train.b": True, "train.c": 1e-05})
    assert line == ("dvc exp run -S 'train.a=two words' -S train.b=true -S train.c=1e-05 train@m-0")


def test_the_name_of_a_search_tells_data_and_ranges_apart(home: Path) -> None:
    def name(changes: dict, trials: int = 3) -> str:
        tuning = parse_section(
            {"model": "small", "trials": trials, "ranges": RANGES | changes}, Tuning, "x"
        )
        paths = (Path("data/augmented/train.parquet"),)
        content = {"train": SECTION}
        one = search.Search(tuning, content, Train, Path("p"), Path("t"), paths, lambda *_: 0.0)
        return one.name

    first = name({})
    assert name({}, trials=9) == first
    assert name({"train.model.layers": {"choice": [1, 2]}}) != first
    rows(10, 7).to_parquet("data/augmented/train.parquet", index=False)
    assert name({}) != first


def test_the_store_is_sqlite(finished) -> None:
    home, _ = finished
    with sqlite3.connect(home / ".sluice/tune/trials.db") as store:
        (count,) = store.execute("select count(*) from trials").fetchone()
    assert count == 3
