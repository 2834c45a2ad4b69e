"""The entities pipeline: its stages by their own commands on tiny files, and `sluice tag`."""

import importlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from graphs import call, check_paths, commands
from typer.testing import CliRunner
from workspace import ROOT, merge

from sluice.cli import app
from sluice.errors import SluiceError
from sluice.files import read_json, read_parquet
from sluice.params import parse_section
from sluice.tagging.settings import Baselines, Evaluation, Reading, Training
from sluice.tagging.storage import FILES, load_tagger

HOME = ROOT / "pipelines/entities"
SHARED = ROOT / "../shared/data"
PARAMS = yaml.safe_load((HOME / "params.yaml").read_text())
GRAPH = yaml.safe_load((HOME / "dvc.yaml").read_text().replace("${data.folder}", "data/source"))
GRAPH = GRAPH["stages"]
SCRIPTS = ("read", "train", "baseline", "evaluate", "report")
SECTIONS = {"data": Reading, "train": Training, "baseline": Baselines, "evaluate": Evaluation}
TINY = {
    "data": {"source": "files", "train": "all.conll"},
    "train": {
        "seeds": [0, 1],
        "model": {
            "words": {"size": 8, "characters": 4, "character_hidden": 4},
            "hidden_size": 8,
            "dropout": 0.1,
            "scheme": "bioes",
        },
        "optimisation": {"max_epochs": 6, "batch_size": 8, "learning_rate": 0.03},
    },
    "baseline": {"crf": {"l1": [0.1], "l2": [0.01], "max_iterations": 20}},
    "evaluate": {"resamples": 100},
}
FIRST = ("Ada", "Bob", "Eve", "Max", "Ida", "Tom")
PLACES = ("Rome", "Oslo", "Lima", "Bern", "Cairo")
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning has views


def made(count: int) -> str:
    """Sentences whose names and places are told by the word before them."""
    generator = np.random.default_rng(0)
    blocks = []
    for number in range(count):
        name, place = generator.choice(FIRST), generator.choice(PLACES)
        words = [
            (f"day{number * 7919}", "O"), ("met", "O"), (str(name), "B-person"),
            ("Smith", "I-person"), ("in", "O"), (str(place), "B-place"),
            (f"{'xyz'[number % 3] * 6}{number * 104729}", "O"),
        ]  # fmt: skip
        blocks.append("".join(f"{word}\t{tag}\n" for word, tag in words))
    return "\n".join(blocks)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The pipeline in a folder of its own, on sentences that are easy."""
    shutil.copy(HOME / "report.html.j2", tmp_path)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(merge(PARAMS, TINY), sort_keys=False))
    (tmp_path / "data/source").mkdir(parents=True)
    (tmp_path / "data/source/all.conll").write_text(made(60))
    monkeypatch.syspath_prepend(HOME)
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)
    for name in SCRIPTS:
        sys.modules.pop(name, None)


def outputs(home: Path) -> dict[str, bytes]:
    folders = (home / name for name in ("data/corpus", "models", "reports"))
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(p.relative_to(home)): p.read_bytes() for p in files if p.parent.name != "timing"}


@pytest.mark.slow
def test_every_command_runs_and_leaves_the_same_bytes_again(home: Path) -> None:
    listed = list(commands(GRAPH, yaml.safe_load((home / "params.yaml").read_text())))
    for module, words in listed:
        call(module, words)
    first = outputs(home)
    for module, words in listed:
        if words[0] != "1":  # its like runs again
            call(module, words)
    assert outputs(home) == first
    assert not list(home.rglob("*.part"))
    assert not list((home / ".scratch").iterdir())
    metrics = read_json(home / "reports/metrics.json")
    assert set(metrics["candidates"]) == {"tagger", "most_frequent", "crf"}
    own = metrics["candidates"]["tagger"]
    assert len(own["test"]["f1"]["by_seed"]) == 2
    assert own["test"]["f1"]["value"] > 0.8
    assert set(own["types"]) == {"person", "place"}
    assert set(metrics["differences"]) == {"most_frequent", "crf"}
    page = (home / "reports/report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 4
    assert "<script" not in page
    assert len(list((home / "reports/figures").iterdir())) == 8
    assert (home / "reports/table.md").read_text().count("\n| ") == 4
    given = read_parquet(home / "reports/given/tagger-0.parquet")
    assert set(given["tag"]) <= {"O", "B-person", "I-person", "B-place", "I-place"}
    done = CliRunner().invoke(
        app, ["tag", "we met Ada Smith in Oslo", "--model", "models/0"], catch_exceptions=False
    )
    assert done.exit_code == 0
    assert "met Ada Smith [person] in Oslo [place]" in done.output


@pytest.mark.slow
def test_tags_of_conllu_are_scored_by_accuracy_and_a_tagger_is_stored_whole(home: Path) -> None:
    lines = [line.split("\t") for line in made(40).split("\n")]
    rows = [
        "" if len(one) < 2 else f"{at}\t{one[0]}\t_\t{one[1][0]}\t_\t_\t_\t_\t_\t_"
        for at, one in enumerate(lines, start=1)
    ]
    (home / "data/source/all.conllu").write_text("\n".join(rows) + "\n")
    changes = {
        "data": {"train": "all.conllu", "format": "conllu", "tag_column": 3, "kind": "tags"},
        "train": {"seeds": [0], "optimisation": {"max_epochs": 2}},
        "baseline": {"names": ["most_frequent"]},
    }
    params = merge(merge(PARAMS, TINY), changes)
    (home / "params.yaml").write_text(yaml.safe_dump(params))
    for module, words in commands(GRAPH, params):
        call(module, words)
    metrics = read_json(home / "reports/metrics.json")
    assert metrics["score"] == "accuracy"
    assert set(metrics["candidates"]["tagger"]["test"]) == {"accuracy"}
    model = load_tagger(home / "models/0")
    table = read_parquet(home / "data/corpus/tokens.parquet")
    asked = table[(table["part"] == "test") & (table["sentence"] == 0)]["token"].tolist()
    given = read_parquet(home / "reports/given/tagger-0.parquet")
    stored = given[(given["part"] == "test") & (given["sentence"] == 0)]["tag"].tolist()
    assert model.tag([asked]) == [stored]
    weights = home / "models/0" / FILES[0]
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(SluiceError, match="is no tagger"):
        load_tagger(home / "models/0")


@pytest.mark.faults
def test_a_training_killed_by_the_system_ends_with_the_same_bytes(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = {"train": {"seeds": [0], "optimisation": {"max_epochs": 15, "patience": None}}}
    params = merge(yaml.safe_load((home / "params.yaml").read_text()), changes)
    (home / "params.yaml").write_text(yaml.safe_dump(params))
    (first, words), (module, taught) = list(commands(GRAPH, params))[:2]
    call(first, words)
    seed, *paths = taught
    process = subprocess.Popen(
        [sys.executable, HOME / f"{module}.py", *taught], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not list(home.glob(".scratch/*/last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert list(home.glob(".scratch/*/last.ckpt"))
    assert not (home / "models").exists() or not list((home / "models").rglob("*.*"))
    train = importlib.import_module(module).train
    train(int(seed), *map(Path, paths))
    assert "resuming from .scratch/" in capfd.readouterr().err
    resumed = outputs(home)
    train(int(seed), *map(Path, paths))  # the scratch folder is gone: this one is unbroken
    assert "resuming" not in capfd.readouterr().err
    assert outputs(home) == resumed
    assert {"models/0/model.safetensors", "reports/curves/0.csv"} <= set(resumed)


def test_every_path_of_a_command_is_declared() -> None:
    check_paths(GRAPH, ("data/source", "reports/given", "reports/curves", "reports/found"))
    assert all("../../src/sluice" in stage["deps"] for stage in GRAPH.values())


@pytest.mark.parametrize("name", ["params.yaml", "wnut17.yaml", "ud-ewt.yaml"])
def test_every_params_file_is_good_and_has_the_same_keys(name: str) -> None:
    content = yaml.safe_load((HOME / name).read_text())
    assert set(content) == set(SECTIONS)
    for key, model in SECTIONS.items():
        parsed = parse_section(content[key], model, key)
        assert set(content[key]) == set(parsed.model_dump())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no sentence"),
        ("Ada\n", r"line 1: 1 column\(s\)"),
        ("Ada\tB-a\nSmith\tI-b\n", "'I-b' may not stand at token 2"),
        ("Ada\tPROPN\n", "is none of iob2"),
        ("Ada\tB-a\n", r"1 sentence\(s\) that differ are too few"),
    ],
)
def test_bad_input_is_one_line_and_leaves_what_was_there(home: Path, content, words) -> None:
    read = importlib.import_module("read").read
    tokens, facts = home / "data/corpus/tokens.parquet", home / "data/corpus/facts.json"
    read(home / "data/source", tokens, facts, home / "params.yaml")
    before = tokens.read_bytes(), facts.read_bytes()
    (home / "data/source/all.conll").write_text(content)
    with pytest.raises(SluiceError, match=words) as caught:
        read(home / "data/source", tokens, facts, home / "params.yaml")
    assert "\n" not in str(caught.value)
    assert (tokens.read_bytes(), facts.read_bytes()) == before
    assert sorted(path.name for path in tokens.parent.iterdir()) == ["facts.json", "tokens.parquet"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": {"train": None}}, "source: files needs train"),
        ({"data": {"source": "bundled"}}, "source: bundled has files of its own"),
        ({"data": {"format": "conllu"}}, "format: conllu needs tag_column"),
        ({"data": {"test_share": 0.9}}, "validation_share and test_share leave nothing"),
        ({"data": {"shceme": "iob2"}}, "data.shceme: unknown key; valid keys: "),
        ({"data": {"train": "none.conll"}}, "none.conll is not there"),
    ],
)
def test_unusable_parameters_are_named(home: Path, changes, words) -> None:
    params = merge(merge(PARAMS, TINY), changes)
    (home / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(SluiceError, match=words):
        importlib.import_module("read").read(
            home / "data/source", home / "a.parquet", home / "a.json", home / "params.yaml"
        )
    assert not (home / "a.parquet").exists()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
@pytest.mark.parametrize(
    ("name", "sentences"),
    [("wnut17.yaml", [3394, 1009, 1287]), ("ud-ewt.yaml", [12544, 2001, 2077])],
)
def test_published_corpora_are_read_whole(name: str, sentences: list[int]) -> None:
    from sluice.tagging.corpus import PARTS
    from sluice.tagging.sources import read_source

    content = yaml.safe_load((HOME / name).read_text())
    reading = parse_section(content["data"], Reading, "data")
    found = read_source(reading, SHARED / reading.folder.name)
    assert [len(found.sentences[part]) for part in PARTS] == sentences


def test_the_command_says_where_a_tagger_comes_from(home: Path) -> None:
    with pytest.raises(SluiceError, match=r"pipelines/entities/models/0 is no tagger: config.json"):
        CliRunner().invoke(app, ["tag", "Berlin"], catch_exceptions=False)
