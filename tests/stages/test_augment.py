"""The augment stage: its files, its counts, what it refuses, and that only training rows enter."""

import importlib.util
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluice.errors import DataError, ParamsError, ResourceError, SourceError
from sluice.files import write_parquet
from sluice.stages.augment import Augment, Operations, augment, augment_rows
from sluice.text import augmentation
from sluice.text.protection import protected_tokens
from sluice.text.wordnet import _in_nltk_data, _in_wheel

ROOT = Path(__file__).parents[2]
OUTPUTS = ("train.parquet", "augment.json")
WORDS = ["the", "car", "plane", "was", "not", "late", "town", "<url>", "really", "good", "bag", ","]


def small(rows: int = 40) -> pd.DataFrame:
    """Rows of three unequal classes, two to a cluster."""
    generator = np.random.default_rng(1)
    cleaned = [" ".join(generator.choice(WORDS, size=7)) + f" w{row}" for row in range(rows)]
    labels = (["negative"] * 5 + ["neutral"] * 2 + ["positive"]) * rows
    return pd.DataFrame(
        {
            "id": [f"row-{row}" for row in range(rows)],
            "text": [text.title() for text in cleaned],
            "label": labels[:rows],
            "confidence": generator.random(rows),
            "time": pd.date_range("2015-02-17", periods=rows, freq="min", tz="UTC"),
            "cleaned": cleaned,
            "cluster": [f"cluster-{row // 2}" for row in range(rows)],
        }
    )


def write_params(folder: Path, **section: object) -> None:
    (folder / "params.yaml").write_text(yaml.safe_dump({"augment": section}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_parquet(small(), tmp_path / "train.parquet")
    write_params(tmp_path)
    return tmp_path


def run(folder: Path) -> tuple[pd.DataFrame, dict]:
    outputs = [folder / "out" / name for name in OUTPUTS]
    augment(folder / "train.parquet", *outputs, params=folder / "params.yaml")
    return pd.read_parquet(outputs[0]), json.loads(outputs[1].read_text())


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


def test_by_default_rows_stay_and_classes_weigh_the_same(folder: Path) -> None:
    rows, metrics = run(folder)
    pd.testing.assert_frame_equal(rows[small().columns], small())
    assert rows[["parent_id", "operation"]].isna().all(axis=None)
    sums = rows.groupby("label")["weight"].sum()
    assert sums.tolist() == pytest.approx([40 / 3] * 3)
    sizes = {"negative": 25, "neutral": 10, "positive": 5}
    assert metrics == {
        "resampling": "class_weights",
        "rows": {"before": 40, "after": 40, "synthetic": 0},
        "label_counts": {"before": sizes, "after": sizes},
        "weights": pytest.approx({"negative": 40 / 75, "neutral": 40 / 30, "positive": 40 / 15}),
        "operations": {name: {"asked": 0, "made": 0} for name in Operations.model_fields},
    }


def test_columns_have_one_type_whatever_is_made(folder: Path) -> None:
    schemas = []
    for resampling in ("none", "over"):
        write_params(folder, resampling=resampling)
        run(folder)
        schemas.append(pq.read_schema(folder / "out/train.parquet"))
    assert schemas[0].equals(schemas[1])
    assert schemas[0].names == [*small().columns, "parent_id", "operation", "weight"]
    assert str(schemas[0].field("weight").type) == "double"
    assert schemas[0].field("parent_id").type == schemas[0].field("id").type


@pytest.mark.parametrize(
    ("resampling", "after", "synthetic"), [("over", 75, 35), ("under", 15, 0), ("combined", 39, 11)]
)
def test_resampling_balances_and_names_its_copies(
    folder: Path, resampling: str, after: int, synthetic: int
) -> None:
    write_params(folder, resampling=resampling)
    rows, metrics = run(folder)
    assert metrics["rows"] == {"before": 40, "after": after, "synthetic": synthetic}
    assert len(set(metrics["label_counts"]["after"].values())) == 1
    assert set(metrics["weights"].values()) == set(rows["weight"]) == {1.0}
    copies = rows[rows["parent_id"].notna()]
    assert len(copies) == synthetic
    assert copies["operation"].eq("over").all()
    parents = small().set_index("id").loc[copies["parent_id"]]
    assert copies["text"].tolist() == parents["text"].tolist()
    assert rows["id"].is_unique


def test_weights_count_synthetic_rows_too(folder: Path) -> None:
    write_params(folder, resampling="class_weights", operations={"delete": 1.0})
    rows, metrics = run(folder)
    assert metrics["operations"]["delete"] == {"asked": 40, "made": 40}
    assert rows["weight"].mean() == pytest.approx(1.0)
    assert rows.groupby("label")["weight"].sum().tolist() == pytest.approx([80 / 3] * 3)


def test_a_shortfall_is_reported(folder: Path) -> None:
    rows = small(8).assign(cleaned=["one"] * 7 + ["the car"], text="x")
    write_parquet(rows, folder / "train.parquet")
    write_params(folder, operations={"swap": 0.5})
    made, metrics = run(folder)
    assert metrics["operations"]["swap"] == {"asked": 4, "made": 1}
    child = made[made["parent_id"].notna()].iloc[0]
    assert child[["id", "cleaned", "text"]].tolist() == ["row-7~swap~1", "car the", "car the"]


texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
tables = st.lists(st.tuples(texts, st.sampled_from(["a", "b"])), min_size=1, max_size=16)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables, st.sampled_from(["none", "over", "combined", "class_weights"]), st.integers(0, 5))
def test_children_are_like_their_parents(monkeypatch, rows, resampling: str, seed: int) -> None:
    synonyms = {"car": ("auto",), "plane": ("aircraft",)}
    monkeypatch.setattr(augmentation, "find_synonyms", lambda word: synonyms.get(word, ()))
    both = [("the car", "a"), ("a plane", "b")]
    frame = pd.DataFrame(rows + both, columns=["cleaned", "label"], dtype="str")
    names = pd.Series(range(len(frame))).astype("str")
    frame = frame.assign(id="row-" + names, text=frame["cleaned"], cluster="cluster-" + names)
    before = frame.copy()
    shares = Operations(synonyms=0.5, swap=2.0, delete=1.0, insert=0.5)
    section = Augment(resampling=resampling, operations=shares, seed=seed, share_of_tokens=0.3)
    result = augment_rows(frame, section).rows
    pd.testing.assert_frame_equal(frame, before)
    assert result["id"].is_unique
    assert result["weight"].mean() == pytest.approx(1.0)
    originals = result[result["parent_id"].isna()]
    assert set(originals["id"]) <= set(frame["id"])
    children = result[result["parent_id"].notna()]
    parents = frame.set_index("id").loc[children["parent_id"]]
    assert set(children["parent_id"]) <= set(originals["id"])
    assert children["label"].tolist() == parents["label"].tolist()
    assert children["cluster"].tolist() == parents["cluster"].tolist()
    for child, parent in zip(children["cleaned"], parents["cleaned"], strict=True):
        assert protected_tokens(child.split()) == protected_tokens(parent.split())
    edited = children[children["operation"] != "over"]
    assert edited["cleaned"].is_unique
    assert not set(edited["cleaned"]) & set(frame["cleaned"])


def test_no_argument_lets_validation_or_test_rows_in() -> None:
    names = list(inspect.signature(augment).parameters)
    assert names == ["train", "augmented", "metrics", "params"]
    command = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["augment"]
    assert [dep for dep in command["deps"] if dep.startswith("data/")] == [
        "data/split/train.parquet"
    ]
    assert not {"validation", "test"} & {Path(word).stem for word in command["cmd"].split()}


def command_line(folder: Path, hash_seed: str = "0") -> subprocess.CompletedProcess:
    arguments = ["train.parquet", *(f"out/{name}" for name in OUTPUTS)]
    return subprocess.run(
        [sys.executable, "-m", "sluice.stages.augment", *arguments],
        cwd=folder, env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(
    not (_in_nltk_data() or _in_wheel()), reason="the extra 'wordnet' is not installed"
)
def test_only_seed_and_params_decide(folder: Path) -> None:
    shares = {"synonyms": 0.5, "swap": 0.5, "delete": 0.5, "insert": 0.5}
    write_params(folder, resampling="combined", operations=shares)
    done = command_line(folder, hash_seed="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    before = written(folder)
    run(folder)  # this interpreter has another hash seed
    assert written(folder) == before
    made = json.loads(before["augment.json"])["operations"]
    assert all(made[name]["made"] > 0 for name in shares)
    write_params(folder, resampling="combined", operations=shares, seed=1)
    run(folder)
    assert written(folder)["train.parquet"] != before["train.parquet"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: rows.head(0),
            r"train\.parquet has no rows: check the shares of section split",
        ),
        (
            lambda rows: rows.assign(label="neutral"),
            r"all 40 training rows have the label 'neutral'",
        ),
        (lambda rows: rows.drop(columns=["cleaned"]), r"train\.parquet has no column cleaned"),
        (lambda rows: rows.assign(weight=1.0), r"has a column weight already.*ingest\.slices"),
        (lambda rows: rows.assign(id="twice"), r"the id 'twice' is there twice"),
    ],
)
def test_broken_rows_are_refused_and_earlier_outputs_stay(folder, change, message: str) -> None:
    run(folder)
    before = written(folder)
    write_parquet(change(small()), folder / "train.parquet")
    with pytest.raises(DataError, match=message):
        run(folder)
    assert written(folder) == before


def test_a_class_with_one_row_is_copied_or_weighed_but_not_the_measure_of_all(folder) -> None:
    rows = small().assign(label=["positive"] + ["negative"] * 39)
    write_parquet(rows, folder / "train.parquet")
    assert run(folder)[1]["weights"]["positive"] == 20.0
    write_params(folder, resampling="over")
    assert run(folder)[1]["label_counts"]["after"] == {"negative": 39, "positive": 39}
    write_params(folder, resampling="under")
    with pytest.raises(DataError, match="for 'positive' has one row only"):
        run(folder)


def test_a_missing_table_is_one_line_without_a_traceback(folder: Path) -> None:
    (folder / "train.parquet").unlink()
    with pytest.raises(SourceError, match=r"train\.parquet is missing"):
        run(folder)
    done = command_line(folder)
    assert done.returncode == 1
    assert done.stderr.startswith("error: train.parquet is missing")
    assert done.stderr.count("\n") == 1
    assert not (folder / "out").exists()


FOLDERS = {"there": "models/en-fr", "back": "models/fr-en"}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"resampling": "smote"}, r"augment\.resampling: Input should be 'none', 'over'"),
        (
            {"operations": {"shuffle": 0.5}},
            r"operations\.shuffle: unknown key; valid keys: back_tr",
        ),
        (
            {"operations": {"swap": -0.1}},
            r"augment\.operations\.swap: .*greater than or equal to 0",
        ),
        ({"operations": {"swap": 5}}, r"augment\.operations\.swap: .*less than or equal to 4"),
        ({"share_of_tokens": 0.0}, r"augment\.share_of_tokens: .*greater than 0"),
        ({"seed": -1}, r"augment\.seed"),
        ({"seed": "one"}, r"augment\.seed"),
        ({"languag": "fr"}, r"augment\.languag: unknown key; valid keys: language"),
        ({"language": "fr"}, r"language is given and operations\.back_translate is 0"),
        ({"translation": FOLDERS}, r"translation is given and operations\.back_translate is 0"),
        (
            {"operations": {"back_translate": 0.5}, "translation": FOLDERS},
            r"operations\.back_translate is above 0 and language is null",
        ),
        (
            {"operations": {"back_translate": 0.5}, "language": "fr"},
            r"operations\.back_translate is above 0 and translation is null",
        ),
    ],
)
def test_bad_params_are_named_by_key(folder: Path, section: dict, message: str) -> None:
    run(folder)
    before = written(folder)
    write_params(folder, **section)
    with pytest.raises(ParamsError, match=message):
        run(folder)
    assert written(folder) == before


def test_back_translation_without_a_model_says_what_to_do(folder: Path) -> None:
    run(folder)
    before = written(folder)
    shares = {"back_translate": 0.5}
    write_params(folder, operations=shares, language="fr", translation=FOLDERS)
    installed = all(importlib.util.find_spec(name) for name in ("transformers", "sentencepiece"))
    expected = "translation.there: .*holds no Marian model" if installed else "sluice.translation"
    with pytest.raises(ResourceError, match=expected):
        run(folder)
    assert written(folder) == before


def test_the_shipped_section_is_read() -> None:
    section = yaml.safe_load((ROOT / "params.yaml").read_text())["augment"]
    assert set(section) == set(Augment.model_fields)
    assert set(section["operations"]) == set(Operations.model_fields)
    assert Augment.model_validate_json(json.dumps(section)) == Augment()
