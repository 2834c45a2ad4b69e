"""The suspect stage: its files, its determinism, what it refuses, and planted flips in tweets."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sluice.data.delimited import read_columns
from sluice.data.sources import find_bundled
from sluice.errors import DataError, ParamsError, SourceError
from sluice.files import read_json, write_json, write_parquet
from sluice.stages.suspect import suspect

LABELS = ["bad", "good"]


def write_inputs(folder: Path, texts: list[str], labels: list[str], **section: object) -> Path:
    frame = pd.DataFrame({"id": [f"={n}" for n in range(len(texts))], "text": texts})
    frame = frame.assign(label=labels, cluster=frame["id"]).astype("str")
    write_parquet(frame, folder / "train.parquet")
    write_json({"labels": sorted(set(labels))}, folder / "provenance.json")
    (folder / "params.yaml").write_text(yaml.safe_dump({"suspect": section}))
    return folder


def run(folder: Path, name: str = "out") -> tuple[Path, Path]:
    paths = folder / f"{name}.csv", folder / f"{name}.json"
    inputs = folder / "train.parquet", folder / "provenance.json"
    suspect(*inputs, *paths, params=folder / "params.yaml")
    return paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    labels = [LABELS[n % 2] for n in range(60)]
    texts = [f"=a {label} film of {n % 9} hours" for n, label in enumerate(labels)]
    labels[7], labels[10] = "bad", "good"  # two flips
    return write_inputs(tmp_path, texts, labels, top=1)


def test_flips_are_named_first(folder: Path) -> None:
    csv, facts = run(folder)
    table = pd.read_csv(csv)
    assert set(table["id"]) == {"'=7", "'=10"}
    assert list(table.columns[:3]) == ["id", "given", "suggested"]
    assert table["text"].str.startswith("'=a ").all()
    found = read_json(facts)
    assert (found["rows"], found["suspects"], len(found["top"])) == (60, 2, 1)
    assert found["top"][0]["id"] in {"=7", "=10"}
    assert found["joint"][0][1] == found["joint"][1][0] == 1
    assert found["estimated_share"] == pytest.approx(2 / 60, abs=0.02)


def test_the_same_twice(folder: Path) -> None:
    first, second = run(folder, "a"), run(folder, "b")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_what_it_refuses(folder: Path) -> None:
    (folder / "params.yaml").write_text("suspect: {folds: 1}\n")
    with pytest.raises(ParamsError, match=r"suspect\.folds"):
        run(folder)
    (folder / "params.yaml").write_text("suspect: {}\n")
    write_json({"labels": ["bad"]}, folder / "provenance.json")
    with pytest.raises(DataError, match=r"provenance\.json does not name"):
        run(folder)
    (folder / "train.parquet").unlink()
    with pytest.raises(SourceError, match=r"train\.parquet is missing"):
        run(folder)
    assert not (folder / "out.csv").exists()


@pytest.mark.slow
def test_flips_planted_in_tweets(tmp_path: Path) -> None:
    """5% of 6,360 real labels flipped: far more of the top suspects are flips than by chance."""
    source = find_bundled()
    names = {"text": source.columns.text, "label": source.columns.label}
    rows = read_columns(source.path, ",", source.encoding, names, 500).iloc[::6]
    generator = np.random.default_rng(0)
    classes = np.array(sorted(set(rows["label"])))
    codes = np.searchsorted(classes, rows["label"])
    flipped = generator.random(len(rows)) < 0.05
    given = np.where(flipped, (codes + generator.integers(1, 3, len(rows))) % 3, codes)
    write_inputs(tmp_path, list(rows["text"]), list(classes[given]), top=100)
    top = [int(one["id"][1:]) for one in read_json(run(tmp_path)[1])["top"]]
    assert flipped[top].mean() > 0.4
