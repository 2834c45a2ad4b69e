"""The paper pipeline: its stages by their own commands on a made-up file, and its arithmetic."""

import csv
import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
import yaml
from graphs import call, check_paths, commands
from scipy.stats import binom
from workspace import ROOT, merge

from sluice.files import read_json, read_parquet
from sluice.params import read_section
from sluice.stages.baseline import Baseline
from sluice.stages.split import Split

HOME = ROOT / "pipelines/paper"
GRAPH = yaml.safe_load((HOME / "dvc.yaml").read_text())["stages"]
KAGGLE = ROOT / "../shared/data/kaggle-social-media.csv"
HEADER = (
    ",Unnamed: 0,Text,Sentiment,Timestamp,User,Platform,Hashtags,Retweets,Likes,Country,Year,"
    "Month,Day,Hour"
)
WORDS = {
    " Positive  ": "good fine love park sun",
    " Joy ": "dancing laughter friends glad",
    " Neutral ": "table chair item list",
    " Sad": "tears rain alone lost",
}
TINY = {
    "train": {
        "model": {"embedding_size": 4, "hidden_size": 4},
        "optimisation": {"max_epochs": 1, "max_batches": 1, "threads": 1},
    },
    "baseline": {"c_grid": [1.0]},
    "evaluate": {"bootstrap": {"resamples": 200}},
}
SCRIPTS = ("fetch", "leaky_split", "splits", "published", "figures", "compare")


def write_source(path: Path, rows: int = 160) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADER.split(","))
        for row in range(rows):
            label = list(WORDS)[(0, 1, 0, 2, 0, 3, 3)[row % 7]]
            words = WORDS[label].split()
            text = f" {words[row % 4]} {words[(row // 4) % 4]} thing{row} of day{row * 7}  "
            rest = [f"2023-01-{1 + row % 28:02} 12:00:00", "User", " Twitter ", "#A", 1.0, 2.0]
            writer.writerow([row, row, text, label, *rest, " USA ", 2023, 1, 15, 12])


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The pipeline's own scripts, which are no package."""
    monkeypatch.syspath_prepend(HOME)
    yield {name: importlib.import_module(name) for name in SCRIPTS}
    for name in SCRIPTS:
        sys.modules.pop(name, None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripts) -> Path:
    """This pipeline's folder in a checkout of its own, the made-up file beside it."""
    folder = tmp_path / "project/pipelines/paper"
    folder.mkdir(parents=True)
    for name in ("presets", "suites"):
        shutil.copytree(ROOT / name, tmp_path / "project" / name)
    shutil.copy(HOME / "published.yaml", folder)
    params = yaml.safe_load((HOME / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump(merge(params, TINY), sort_keys=False))
    write_source(tmp_path / "shared/data/kaggle-social-media.csv")
    monkeypatch.setattr(scripts["splits"], "SEEDS", range(2))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # one step of training: scikit-learn and Lightning have views
def test_every_command_of_the_graph_runs_on_a_made_up_file(home: Path) -> None:
    params = yaml.safe_load((home / "params.yaml").read_text())
    listed = list(commands(GRAPH, params))
    for module, words in listed:
        call(module, words)
    assert {module for module, _ in listed} >= {"fetch", "leaky_split", "splits", "compare"}
    table = pd.read_csv(home / "reports/table.csv")
    models = ["cnn_lstm", "cnn", "rnn"]
    measured = [*models, "majority", "tfidf_logreg"]
    for protocol, names in (("published", models), ("claimed", measured), ("honest", measured)):
        assert list(table.loc[table["protocol"] == protocol, "model"]) == names
    found = table[table["protocol"] != "published"]
    assert (found["accuracy_low"] <= found["accuracy"]).all()
    assert (found["accuracy"] <= found["accuracy_high"]).all()
    assert found[["log_loss", "mae", "mse"]].notna().all(axis=None)
    drawn = {path.name for path in (home / "reports/figures").iterdir()}
    stems = ("figure-3-claimed", "figure-3-honest", "figure-4", "splits")
    assert drawn == {f"{stem}.{kind}" for stem in stems for kind in ("png", "svg")}
    outputs = [home / "reports/table.csv", home / "reports/table.md"]
    outputs += sorted((home / "reports/figures").iterdir())
    before = [path.read_bytes() for path in outputs]
    call(*listed[-1])
    assert [path.read_bytes() for path in outputs] == before
    assert not list(home.rglob("*.part"))


def test_copies_cross_in_the_leaky_split_and_only_there(scripts) -> None:
    rows = pd.DataFrame(
        {
            "id": [f"r{row}" for row in range(60)],
            "text": [f"text number {row} {'abcdefghij'[row % 10] * 9}" for row in range(60)],
            "label": ["a"] * 45 + ["b"] * 15,
        }
    )
    split, section = scripts["splits"], Split(test_share=0.2, validation_share=0.1)
    leaky = split.copied_first(rows, section, 0)
    every = pd.concat(leaky.values())
    assert every["label"].value_counts().to_dict() == {"a": 45, "b": 45}
    assert every["id"].is_unique
    assert set(every["cluster"]) == set(rows["id"])
    assert leaky["test"]["cluster"].isin(leaky["train"]["cluster"]).any()
    assert len(leaky["test"]) == round(0.2 * 90)
    by_row = split.by_row(rows, section, 0)
    assert sorted(pd.concat(by_row.values())["id"]) == sorted(rows["id"])
    honest = split.honest(rows, section, 0)
    assert not honest["test"]["cluster"].isin(honest["train"]["cluster"]).any()


def test_a_file_that_is_absent_is_taken_from_kaggle_by_the_presets_slug(
    home: Path, scripts, monkeypatch
) -> None:
    asked = []

    def download(settings, *rest):
        asked.append((settings.slug, settings.file))
        path = home / "downloaded.csv"
        path.write_bytes(b"a,b\n1,2\n")
        return type("Source", (), {"path": path})

    monkeypatch.setattr(scripts["fetch"], "find_kaggle", download)
    scripts["fetch"].fetch(Path("data/x.csv"), at_hand=Path("absent.csv"))
    slug = "kashishparmar02/social-media-sentiments-analysis-dataset"
    assert asked == [(slug, "sentimentdataset.csv")]
    assert Path("data/x.csv").read_bytes() == b"a,b\n1,2\n"


def test_wilsons_interval_is_the_published_one(scripts) -> None:
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I."""
    right, low, high = scripts["published"].nearest_count(100 * 81 / 263, 263)
    assert (right, round(low, 4), round(high, 4)) == (81, 0.2553, 0.3662)
    right, low, high = scripts["published"].nearest_count(100 * 15 / 148, 148)
    assert (right, round(low, 4), round(high, 4)) == (15, 0.0624, 0.1605)


@pytest.mark.parametrize(
    ("accuracy", "rows", "digits", "possible"),
    [
        (50.0, 2, 1, True),
        (50.0, 3, 1, False),
        (33.3, 3, 1, True),
        (33.33, 3, 2, True),
        (33.4, 3, 1, False),
        (98.6, 147, 1, True),
        (98.7, 147, 1, False),
    ],
)
def test_which_accuracies_whole_rows_can_give(accuracy, rows, digits, possible, scripts) -> None:
    assert scripts["published"].is_possible(accuracy, rows, digits) is possible
    every = {round(100 * right / rows, digits) for right in range(rows + 1)}
    assert (accuracy in every) is possible


def test_an_error_bounds_the_accuracy(scripts) -> None:
    low, high = scripts["published"].accuracy_within(0.5)
    assert (low, high) == (0.5, 0.75)
    assert scripts["published"].accuracy_within(1.5) == (0.0, 0.25)


def test_what_the_page_says_of_seven_posts() -> None:
    """All seven discordant posts on one side: McNemar's exact test, two-sided."""
    assert round(147 * 0.987) - round(147 * 0.9403) == 7
    assert round(2 * float(binom.cdf(0, 7, 0.5)), 4) == 0.0156
    assert round(2 * float(binom.cdf(2, 11, 0.5)), 4) == 0.0654


def test_paths_of_commands_are_declared_and_nothing_is_a_metric_of_the_root() -> None:
    check_paths(GRAPH, folders=("reports", "data"))


def test_sections_are_readable_by_their_stages() -> None:
    for name in ("ingest", "clean", "split", "augment", "probe", "train", "baseline", "evaluate"):
        module = importlib.import_module(f"sluice.stages.{name}")
        read_section(HOME / "params.yaml", name, getattr(module, name.capitalize()))
    page = (ROOT / "docs/paper.md").read_text()
    printed = yaml.safe_load((HOME / "published.yaml").read_text())
    assert all(f"{accuracy}" in page for accuracy in printed["accuracy"].values())


@pytest.mark.skipif(not KAGGLE.is_file(), reason="the Kaggle set is not beside the checkout")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_on_the_real_file_the_protocol_alone_gives_what_is_claimed(
    home: Path, scripts, monkeypatch
) -> None:
    scripts["fetch"].fetch(Path("data/source/sentimentdataset.csv"), at_hand=KAGGLE)
    raw = [f"data/raw/{name}" for name in ("rows.parquet", "rejected.csv", "provenance.json")]
    call("sluice.stages.ingest", raw)
    call("sluice.stages.clean", [raw[0], "data/clean/rows.parquet"])
    rows = read_parquet(Path("data/clean/rows.parquet"))
    assert len(rows) == 732
    names = tuple(read_json(Path(raw[2]))["labels"])
    splits, section = scripts["splits"], read_section(HOME / "params.yaml", "split", Split)
    baseline = read_section(HOME / "params.yaml", "baseline", Baseline)
    baseline = baseline.model_copy(update={"c_grid": (10.0,)})
    claimed, honest = (
        splits.score(protocol(rows, section, 0), names, baseline)
        for protocol in (splits.copied_first, splits.honest)
    )
    assert claimed["accuracy"] > 0.95
    assert claimed["seen"] > 0.5 * claimed["test_rows"]
    assert honest["accuracy"] < 0.92
