"""The pipeline of rhymes: its stages by their own commands on a tiny corpus, and `generate`."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from graphs import call, check_paths, commands
from typer.testing import CliRunner
from workspace import ROOT, merge

from sluice.cli import app
from sluice.errors import DataError, SluiceError
from sluice.files import read_json
from sluice.params import parse_section
from sluice.rhyming.corpus import read_rhymes
from sluice.rhyming.settings import (
    Corpus,
    Evaluation,
    Generation,
    Network,
    Ngrams,
    Tokens,
    Training,
)

HOME = ROOT / "pipelines/rhymes"
SHARED = ROOT / "../shared/data"
PARAMS = yaml.safe_load((HOME / "params.yaml").read_text())
GRAPH = yaml.safe_load((HOME / "dvc.yaml").read_text().replace("${corpus.path}", "text.txt"))[
    "stages"
]
SECTIONS = {
    "corpus": Corpus, "tokens": Tokens, "train": Training,
    "baseline": Ngrams, "generate": Generation, "evaluate": Evaluation,
}  # fmt: skip
SCRIPTS = ("read", "train", "baseline", "generate", "evaluate", "report")
TINY = {
    "corpus": {"path": "text.txt"},
    "tokens": {"min_count": 1, "subwords": 60},
    "train": {
        "seeds": [0, 3],
        "network": {"embedding_size": 8, "hidden_size": 8},
        "batch_size": 2,
        "context": 8,
        "max_epochs": 2,
    },
    "baseline": {"orders": [2], "discounts": [0.75], "uniform": [0.01]},
    "generate": {"rhymes": 2, "max_lines": 3},
    "evaluate": {"shuffles": 3, "resamples": 100},
}
PAIRS = [("fox", "box"), ("cat", "hat"), ("moon", "spoon"), ("tree", "sea"), ("sky", "pie")]
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning has views


def make_text() -> str:
    found = []
    for place, size in enumerate(["little", "old", "big", "red", "blue", "small"]):
        for one, other in PAIRS[place % 2 :]:
            found.append(f"The {size} {one} sat down,\nby the {size} {other}\n\nand Tom, {one}.")
    return "\n\n\n".join(found)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The pipeline in a folder of its own."""
    (tmp_path / "report.html.j2").write_bytes((HOME / "report.html.j2").read_bytes())
    params = merge(PARAMS, TINY)
    params["generate"]["samplers"] = {"rhyming": {"candidates": 2}, "search": {"method": "beam"}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (tmp_path / "text.txt").write_text(make_text())
    monkeypatch.syspath_prepend(HOME)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in SCRIPTS:
        sys.modules.pop(name, None)


def outputs(home: Path) -> dict[str, bytes]:
    folders = (home / name for name in ("data", "models", "reports"))
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
        if module != "train" or words[:2] == ["subword", "3"]:  # its like runs again
            call(module, words)
    assert outputs(home) == first
    assert not list(home.rglob("*.part"))
    assert not list((home / ".sluice").rglob("*.ckpt"))
    metrics = read_json(home / "reports/metrics.json")
    for level in ("word", "subword"):
        found = metrics["levels"][level]["test"]
        scores = pd.read_parquet(home / f"reports/scores/{level}-kneser_ney.parquet")
        own = scores[scores["part"] == "test"]
        expected = np.exp(own["loss"].sum() / own["tokens"].sum())
        assert found["kneser_ney"] == pytest.approx(expected, abs=1e-5)
        assert len(found["by_seed"]) == 2
        other = pd.read_parquet(home / f"reports/scores/{level}-3.parquet")
        assert (other["tokens"] == scores["tokens"]).all()
    written = pd.read_parquet(home / "reports/written/word.parquet")
    assert written.groupby("sampler").size().to_dict() == {"rhyming": 2, "search": 2}
    assert all(1 <= len(text.replace("\n\n", "\n").split("\n")) <= 3 for text in written["text"])
    assert len(metrics["verdict"]) == 10
    page = (home / "reports/report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 4
    assert "<script" not in page
    assert len(list((home / "reports/figures").iterdir())) == 8
    assert "| wanted | measured | met |" in (home / "reports/table.md").read_text()
    _generate(home)


def _generate(home: Path) -> None:
    """`sluice generate` with the models that are there."""

    def run(*words: str) -> str:
        found = CliRunner().invoke(app, ["generate", *words], catch_exceptions=False)
        assert found.exit_code == 0
        return found.output.rstrip("\n")

    model = ["--model", "models/word/0"]
    rhyme = run(*model, "--prompt", "little fox", "--lines", "8", "--seed", "3")
    assert rhyme.startswith("Little fox")
    assert sum(bool(line) for line in rhyme.split("\n")) == 8
    assert rhyme == run(*model, "--prompt", "Little fox", "--lines", "8", "--seed", "3")
    assert rhyme != run(*model, "--prompt", "Little fox", "--lines", "8", "--seed", "4")
    assert run("--model", "models/subword/0", "--prompt", "Toto / th", "--lines", "2")
    for words, said in (
        (["--lines", "0"], "--lines must be from 1 to 1000, and is 0"),
        (["--prompt", "Little zebra"], "'zebra'"),
        (["--top-p", "2"], "--top-p: Input should be less than or equal to 1"),
        (["--method", "odd"], "--method: Input should be 'sample' or 'beam'"),
    ):
        with pytest.raises(SluiceError, match=said):
            run(*model, *words)
    (home / "models/word/0/model.safetensors").write_bytes(b"odd")
    with pytest.raises(SluiceError, match="is no model of rhymes"):
        run(*model)


def test_every_path_of_a_command_is_declared() -> None:
    check_paths(GRAPH, ("models/${item.level}",))


@pytest.mark.parametrize("name", ["params.yaml", "mother-goose.yaml"])
def test_every_params_file_is_good_and_has_the_same_keys(name: str) -> None:
    content = yaml.safe_load((HOME / name).read_text())
    assert set(content) == set(SECTIONS)
    for key, model in SECTIONS.items():
        assert set(content[key]) == set(parse_section(content[key], model, key).model_dump())
    assert set(content["train"]["network"]) == set(Network.model_fields)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_mother_goose_is_read_whole() -> None:
    rhymes = read_rhymes(SHARED / "real_mother_goose.txt")
    assert len(rhymes) == 305
    assert rhymes[0].startswith("Little Bo-Peep has lost her sheep,\nAnd can't tell")
    assert rhymes[-1].endswith("And then he'll live till snow is gone.")


def test_a_model_that_is_not_there_is_said(home: Path) -> None:
    with pytest.raises(SluiceError, match="run dvc repro in pipelines/rhymes"):
        CliRunner().invoke(app, ["generate"], catch_exceptions=False)


def test_bad_input_leaves_what_was_there(home: Path) -> None:
    read = importlib.import_module("read").read
    targets = home / "data/rhymes.parquet", home / "data/facts.json"
    read(home / "text.txt", *targets, home / "params.yaml")
    before = [path.read_bytes() for path in targets]
    for content, words in (("", "is empty"), ("one line", r"holds 1 rhyme\(s\)")):
        (home / "text.txt").write_text(content)
        with pytest.raises(SluiceError, match=words):
            read(home / "text.txt", *targets, home / "params.yaml")
    assert [path.read_bytes() for path in targets] == before
    assert len(list((home / "data").iterdir())) == 2


def test_a_text_shorter_than_a_context_is_refused(home: Path) -> None:
    path = home / "params.yaml"
    params = merge(yaml.safe_load(path.read_text()), {"train": {"context": 500}})
    path.write_text(yaml.safe_dump(params))
    (first, words), *rest = commands(GRAPH, params)
    call(first, words)
    with pytest.raises(DataError, match=r"train.batch_size x train.context = 1000 are needed"):
        call(*rest[0])
    assert not (home / "models").exists()


def test_unknown_keys_are_refused(home: Path) -> None:
    path = home / "params.yaml"
    params = merge(yaml.safe_load(path.read_text()), {"corpus": {"odd": 1}})
    path.write_text(yaml.safe_dump(params))
    read = importlib.import_module("read").read
    with pytest.raises(SluiceError, match=r"corpus.odd: unknown key; valid keys: path, seed"):
        read(home / "text.txt", home / "a", home / "b", path)
    params["corpus"] = {"path": "text.txt", "validation_share": 0.5, "test_share": 0.4}
    path.write_text(yaml.safe_dump(params))
    with pytest.raises(SluiceError, match="validation_share and test_share"):
        read(home / "text.txt", home / "a", home / "b", path)
