"""The forecast pipeline: its stages by their own commands on a tiny series, and its figures."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from graphs import call, commands
from typer.testing import CliRunner
from workspace import ROOT, merge, run

from sluice.cli import app
from sluice.errors import DataError, SluiceError
from sluice.files import read_json

HOME = ROOT / "pipelines/forecast"
PARAMS = yaml.safe_load((HOME / "params.yaml").read_text())
SOURCE = PARAMS["series"]["path"]
GRAPH = yaml.safe_load((HOME / "dvc.yaml").read_text().replace("${series.path}", SOURCE))["stages"]
SCRIPTS = ("read", "train", "baseline", "evaluate", "report")
TINY = {
    "train": {
        "framings": ["stateful", "seasonal"],
        "seeds": [0, 1],
        "choosing_seeds": [7],
        "grid": {"scale": ["log"], "target": ["change"], "hidden_size": [2]},
        "combined": 2,
        "max_epochs": 2,
        "check_every": 1,
    },
    "baseline": {"names": ["naive", "sarima"]},
    "evaluate": {"horizon": 3, "resamples": 100},
}
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning and statsmodels have views


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The pipeline in a folder of its own, on 44 quarters."""
    for name in ("published.yaml", "report.html.j2"):
        (tmp_path / name).write_bytes((HOME / name).read_bytes())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(merge(PARAMS, TINY), sort_keys=False))
    (tmp_path / "data").mkdir()
    places = np.arange(44)
    noise = np.random.default_rng(0).normal(0, 0.02, 44)
    values = np.exp(4 + 0.02 * places + 0.2 * np.sin(np.pi * places / 2) + noise).round(3)
    times = pd.period_range("2000Q1", periods=44, freq="Q").start_time.strftime("%Y-%m-%d")
    pd.DataFrame({"month": times, "passengers": values}).to_csv(
        tmp_path / "data/airline-passengers.csv", index=False
    )
    monkeypatch.syspath_prepend(HOME)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in SCRIPTS:
        sys.modules.pop(name, None)


def outputs(home: Path) -> dict[str, bytes]:
    folders = (home / name for name in ("data/series", "models", "reports"))
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(home)): path.read_bytes() for path in files}


@pytest.mark.slow
def test_every_command_runs_and_leaves_the_same_bytes_again(home: Path) -> None:
    params = yaml.safe_load((home / "params.yaml").read_text())
    listed = list(commands(GRAPH, params))
    for module, words in listed:
        call(module, words)
    first = outputs(home)
    for module, words in listed:
        if words[0] not in {"seasonal", "naive"}:  # their like runs again
            call(module, words)
    assert outputs(home) == first
    assert not list(home.rglob("*.part"))
    metrics = read_json(home / "reports/metrics.json")
    assert metrics["season"] == 4
    assert metrics["reference"] == "sarima"
    names = TINY["train"]["framings"] + TINY["baseline"]["names"]
    assert set(metrics["candidates"]) == set(names)
    for one in metrics["candidates"].values():
        assert len(one["horizons"]) == 3
        assert len(one["test_by_seed"]) == (2 if one["kind"] == "network" else 1)
        assert np.isclose(np.mean(one["test_by_seed"]), one["test_rmse"])
        assert 0 <= one["coverage"]["80"]["share"] <= one["coverage"]["95"]["share"] <= 1
    assert metrics["candidates"]["stateful"]["published"]["test"] == 49.55
    page = (home / "reports/report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 5
    assert "<script" not in page
    assert len(list((home / "reports/figures").iterdir())) == 10
    assert (home / "reports/table.md").read_text().count("\n| ") == 1 + len(names)
    assert (home / "models/seasonal/1/model.safetensors").is_file()


def test_every_path_of_a_command_is_declared() -> None:
    for name, stage in GRAPH.items():
        outs = [path for out in stage["outs"] for path in out]
        assert all(options["persist"] for out in stage["outs"] for options in out.values())
        for word in stage["cmd"].split():
            if "/" in word or word.endswith((".py", ".yaml", ".j2")):
                assert word in [*stage["deps"], *outs], f"{word} of {name}"
        assert "../../src/sluice" in stage["deps"]


def test_the_series_is_the_published_one() -> None:
    table = pd.read_csv(HOME / "data/airline-passengers.csv")
    assert len(table) == 144
    assert table["passengers"].sum() == 40_363
    assert (table["month"].iloc[0], table["month"].iloc[-1]) == ("1949-01", "1960-12")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("month,passengers\n", r"0 row\(s\)"),
        ("month,passengers\n2000-01,1\n", r"1 row\(s\)"),
        ("time,passengers\n2000-01,1\n", "no single column 'month'"),
        ("month,passengers\n2000-01,1\n2000-02,inf\n", "row 2: 'inf'"),
        ("month,passengers\n2000-01,1\n2000-02,many\n", "row 2: 'many'"),
        ("month,passengers\n2000-01,1\n2000-02,2\n2000-04,3\n", "no value: 2000-03"),
    ],
)
def test_bad_input_is_one_line_and_leaves_what_was_there(home: Path, content, words) -> None:
    read = importlib.import_module("read").read
    rows, facts = home / "data/series/rows.parquet", home / "data/series/facts.json"
    source = home / "data/airline-passengers.csv"
    read(source, rows, facts, home / "params.yaml")
    before = rows.read_bytes(), facts.read_bytes()
    source.write_text(content)
    with pytest.raises(SluiceError, match=words) as caught:
        read(source, rows, facts, home / "params.yaml")
    assert "\n" not in str(caught.value)
    assert (rows.read_bytes(), facts.read_bytes()) == before
    assert sorted(path.name for path in rows.parent.iterdir()) == ["facts.json", "rows.parquet"]


def test_a_series_shorter_than_a_season_is_refused(home: Path) -> None:
    lines = (home / "data/airline-passengers.csv").read_text().splitlines(keepends=True)
    (home / "data/airline-passengers.csv").write_text("".join(lines[:13]))
    listed = {words[0]: (module, words) for module, words in commands(GRAPH, PARAMS | TINY)}
    call(*listed["data/airline-passengers.csv"])
    for name in ("seasonal", "sarima"):
        with pytest.raises(DataError, match="16 are needed there for a season of 4"):
            call(*listed[name])
    assert not (home / "reports").exists() or not list((home / "reports").rglob("*.*"))


def test_unknown_names_and_keys_are_refused_with_the_known_ones(home: Path) -> None:
    path = home / "params.yaml"
    params = yaml.safe_load(path.read_text())
    (module, words), *_ = commands({"train": GRAPH["train"]}, params)
    with pytest.raises(SluiceError, match="unknown framing odd; framings: regression"):
        call(module, ["odd", *words[1:]])
    params["train"]["framings"] = ["odd"]
    path.write_text(yaml.safe_dump(params))
    with pytest.raises(SluiceError, match=r"params.yaml: train.framings.0"):
        call(module, words)


@pytest.mark.slow
def test_the_command_forecasts_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = importlib.import_module("sluice.forecasting.command")
    few = {"seeds": (0,), "choosing_seeds": (0,), "max_epochs": 2, "check_every": 1}
    monkeypatch.setattr(command, "TRAINING", command.TRAINING.model_copy(update=few))
    words = ["forecast", "data/airline-passengers.csv", "--horizon", "5", "--out", "out.csv"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert "2011Q1" in done.output
    table = pd.read_csv(home / "out.csv")
    assert table["time"].tolist() == ["2011Q1", "2011Q2", "2011Q3", "2011Q4", "2012Q1"]
    assert ((table["low"] < table["forecast"]) & (table["forecast"] < table["high"])).all()
    last = pd.read_csv("data/airline-passengers.csv")["passengers"].iloc[-4:].to_numpy()
    assert (np.abs(table["forecast"][:4] / last - 1) < 0.4).all()


def test_the_command_says_what_is_wrong_in_one_line(home: Path) -> None:
    (home / "bad.csv").write_text("month,sales\n2000-01,1\n2000-02,x\n")
    done = run(home, "sluice", "forecast", "bad.csv")
    assert done.returncode == 1
    assert done.stderr.startswith("error: bad.csv: row 2: 'x' is not a finite number")
    assert done.stderr.count("\n") == 1
    with pytest.raises(SluiceError, match="--horizon must be from 1 to 400"):
        CliRunner().invoke(app, ["forecast", "bad.csv", "--horizon", "0"], catch_exceptions=False)
