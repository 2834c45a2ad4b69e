"""Batches on a cluster: the same bytes as without, and what is refused."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from dask_cluster import ended, scheduler, start_worker
from workspace import ROOT

from sluice import partitions
from sluice.errors import ResourceError
from sluice.files import write_parquet
from sluice.partitions import ADDRESS
from sluice.stages.augment import augment
from sluice.stages.clean import clean
from sluice.text import wordnet

pytestmark = pytest.mark.slow


def run_augment(folder: Path, name: str) -> bytes:
    """Children of every operation that edits, from more than one batch of rows."""
    outs = [folder / name, folder / "augment.json"]
    augment(folder / "train.parquet", *outs, folder / "params.yaml")
    return outs[0].read_bytes()


@pytest.fixture
def workspace(tmp_path) -> Path:
    """A folder with the flows, and a table of five batches."""
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    texts = [f"RT @user{number}: I can't {'so' + 'o' * number} #GoodMorning" for number in range(9)]
    write_parquet(pd.DataFrame({"id": map(str, range(9)), "text": texts}), tmp_path / "raw.parquet")
    words = ["car", "dog", "house", "river", "table", "stone", "plane", "window"]
    drawn = np.random.default_rng(0).choice(words, (3000, 6))
    train = pd.DataFrame({"text": [" ".join(row) for row in drawn]}).drop_duplicates()
    train = train.assign(cleaned=train["text"], id=[f"r{row}" for row in range(len(train))])
    train["label"] = ["a" if row % 3 else "b" for row in range(len(train))]
    write_parquet(train.assign(cluster=train["id"]), tmp_path / "train.parquet")
    write_params(tmp_path, "stem")
    return tmp_path


def write_params(folder: Path, words: str) -> None:
    steps = {"normalise_words": words}
    operations = {"synonyms": 0.5, "swap": 0.5}
    sections = {
        "clean": {"batch_rows": 2, "steps": steps},
        "augment": {"operations": operations},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(sections))


def run(folder: Path, name: str) -> bytes:
    clean(folder / "raw.parquet", folder / name, folder / "params.yaml")
    return (folder / name).read_bytes()


def test_work_on_workers_gives_the_same_bytes(workspace, monkeypatch) -> None:
    """Cleaning with lemmas and augmentation with synonyms, which both ask WordNet."""
    write_params(workspace, "lemmatise")
    here = run(workspace, "here.parquet")
    augmented = run_augment(workspace, "augmented-here.parquet")
    assert pd.read_parquet(workspace / "augmented-here.parquet")["operation"].nunique() == 2
    with scheduler(workspace) as address:
        monkeypatch.setenv(ADDRESS, address)
        with ended(start_worker(workspace, address, "one")):
            assert run(workspace, "there.parquet") == here
            assert run_augment(workspace, "augmented-there.parquet") == augmented
            with monkeypatch.context() as changed:
                changed.setattr(wordnet, "fingerprint_wordnet", lambda: "another")
                with pytest.raises(ResourceError, match="worker one has another WordNet than this"):
                    run(workspace, "refused.parquet")
        write_params(workspace, "stem")
        other = workspace / "other"
        shutil.copytree(ROOT / "src/sluice", other / "sluice")
        code = other / "sluice/version.py"
        code.write_text(code.read_text() + "# other\n")
        with (
            ended(start_worker(workspace, address, "old", code=other)),
            pytest.raises(ResourceError, match="worker old has other code or other versions"),
        ):
            run(workspace, "refused.parquet")
    assert not (workspace / "refused.parquet").exists()


def test_a_part_that_ends_just_as_the_waiting_does_is_taken(monkeypatch) -> None:
    states = iter([False, True, True])

    def late(timeout: float) -> None:
        raise TimeoutError

    future = SimpleNamespace(done=lambda: next(states), result=lambda: 7, exception=late)
    assert partitions._result(future, None, "nowhere") == 7
