import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.feature_extraction.text import CountVectorizer

from sluice.errors import DataError, ParamsError, SourceError
from sluice.files import read_json, read_parquet, write_parquet
from sluice.stages.clean import clean
from sluice.stages.ingest import ingest
from sluice.stages.split import PARTS, split

ROOT = Path(__file__).parents[2]
NAMES = (
    "train.parquet",
    "validation.parquet",
    "test.parquet",
    "conflicts.csv",
    "leaks.json",
    "folds",
)
WORDS = ("river", "stone", "cloud", "paper", "window", "garden", "engine", "silver", "letter")


def sentences(count: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, 9)) + f" {number}" for number in range(count)]


def table(texts: list[str], labels: list[str], **columns) -> pd.DataFrame:
    ids = [f"{number:05}" for number in range(len(texts))]
    return pd.DataFrame({"id": ids, "text": texts, "label": labels, "cleaned": texts} | columns)


def run(folder: Path, frame: pd.DataFrame, **section) -> dict[str, pd.DataFrame]:
    write_parquet(frame, folder / "rows.parquet")
    (folder / "params.yaml").write_text(yaml.safe_dump({"split": section}))
    split(
        folder / "rows.parquet",
        *(folder / "out" / name for name in NAMES),
        params=folder / "params.yaml",
    )
    return {name: read_parquet(folder / "out" / f"{name}.parquet") for name in PARTS}


def many(count: int = 200) -> pd.DataFrame:
    return table(sentences(count), ["a", "b"] * (count // 2))


def test_every_row_is_in_one_part_or_accounted_for(tmp_path) -> None:
    frame = pd.concat([many(), many(20)], ignore_index=True)
    frame["id"] = [f"{number:05}" for number in range(len(frame))]
    parts = run(tmp_path, frame)
    report = read_json(tmp_path / "out/leaks.json")
    rows = report["rows"]
    assert rows["read"] == 220 == sum(value for key, value in rows.items() if key != "read")
    assert rows["dropped_exact"] == 20
    assert sum(map(len, parts.values())) == 200
    assert pd.concat(parts)["id"].is_unique
    assert report["leaked"] == 0
    assert report["naive_split"]["leaked"]["mean"] > 0


def test_columns_stay_and_clusters_are_named_by_their_first_row(tmp_path) -> None:
    frame = many().assign(platform="web", confidence=0.5)
    whole = pd.concat(run(tmp_path, frame), ignore_index=True)
    assert list(whole.columns) == [*frame.columns, "cluster"]
    assert set(whole["cluster"]) <= set(frame["id"])


def test_contradictions_are_written_down(tmp_path) -> None:
    frame = many()
    extra = table(["the very same words again and again"] * 3, ["a", "b", "b"])
    extra["id"] = ["x1", "=cmd|x2", "x3"]
    run(tmp_path, pd.concat([frame, extra], ignore_index=True))
    with (tmp_path / "out/conflicts.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["id"], row["kept"]) for row in rows] == [
        ("'=cmd|x2", "True"), ("x1", "False"), ("x3", "True"),
    ]  # fmt: skip
    report = read_json(tmp_path / "out/leaks.json")
    assert report["conflicts"] == {"rule": "majority", "clusters": 1, "rows": 3, "dropped": 1}


def test_groups_of_the_data_never_cross(tmp_path) -> None:
    authors = [f"author {number % 40}" for number in range(200)]
    parts = run(tmp_path, many().assign(group=authors))
    owners = pd.concat([part["group"].drop_duplicates() for part in parts.values()])
    assert owners.is_unique


def test_time_parts_the_old_from_the_new(tmp_path) -> None:
    times = pd.date_range("2026-01-01", periods=200, tz="UTC")[::-1]
    parts = run(tmp_path, many().assign(time=times), method="time")
    assert parts["train"]["time"].max() < parts["validation"]["time"].min()
    assert parts["validation"]["time"].max() < parts["test"]["time"].min()


def test_folds_share_the_test_rows_and_cover_the_rest(tmp_path) -> None:
    tests, validations = [], []
    for fold in range(4):
        parts = run(tmp_path, many(), folds=4, fold=fold)
        tests.append(tuple(parts["test"]["id"]))
        validations.append(set(parts["validation"]["id"]))
        assert set(parts["validation"]["fold"]) == {fold}
        assert fold not in set(parts["train"]["fold"])
    assert len(set(tests)) == 1
    assert sum(map(len, validations)) == len(set.union(*validations)) == 200 - len(tests[0])


def test_each_fold_is_held_out_once_and_never_beside_its_duplicates(tmp_path) -> None:
    texts = sentences(120)
    frame = table(texts + [f"{text}!" for text in texts[:60]], ["a", "b"] * 90)
    parts = run(tmp_path, frame, folds=4)
    frozen = set(parts["test"]["cluster"])
    held_out: list[str] = []
    for fold in range(4):
        turn = {name: read_parquet(tmp_path / f"out/folds/{fold}/{name}.parquet") for name in PARTS}
        assert set(turn["test"]["fold"]) == {fold}
        assert set(turn["validation"]["fold"]) == {(fold + 1) % 4}
        clusters = [set(part["cluster"]) for part in turn.values()]
        assert not frozen & set.union(*clusters)
        assert sum(map(len, clusters)) == len(set.union(*clusters))
        held_out += turn["test"]["id"].to_list()
        assert sum(map(len, turn.values())) == len(parts["train"]) + len(parts["validation"])
    known = pd.concat([parts["train"], parts["validation"]])
    assert sorted(held_out) == sorted(known["id"])


GROWING = {"method": "hash", "conflicts": "first", "test_share": 0.25, "validation_share": 0.25}


@pytest.mark.parametrize("folds", [0, 3])
def test_by_hash_appended_rows_never_change_the_part_of_those_before(tmp_path, folds) -> None:
    texts = sentences(400)
    # Later rows repeat, contradict and nearly repeat earlier ones.
    late = [f"{text}!" for text in texts[:30]] + [f"{text} now" for text in texts[30:60]]
    frame = table(texts + late, ["a", "b"] * 230)
    before = run(tmp_path, frame[:300], **GROWING, folds=folds)
    after = run(tmp_path, frame, **GROWING, folds=folds)
    old = set(frame["id"][:300])
    for name in ("test",) if folds else PARTS:
        assert set(before[name]["id"]) == set(after[name]["id"]) & old
    assert len(after["test"]) > len(before["test"])
    assert read_json(tmp_path / "out/leaks.json")["leaked"] == 0
    if folds:
        assert set(after["train"]["fold"]) == {1, 2}


def test_a_hash_needs_a_rule_that_later_rows_cannot_change(tmp_path) -> None:
    with pytest.raises(ParamsError, match=r"conflicts is majority.*method: hash"):
        run(tmp_path, many(), method="hash")


def test_a_hash_may_keep_what_contradicts(tmp_path) -> None:
    frame = table(sentences(200) * 2, ["a", "b"] * 100 + ["b", "a"] * 100)
    kept = run(tmp_path, frame, **GROWING | {"conflicts": "keep"})
    assert sum(map(len, kept.values())) == 400
    first = run(tmp_path, frame, **GROWING)
    assert set(pd.concat(first)["id"]) == set(frame["id"][:200])
    assert read_json(tmp_path / "out/leaks.json")["rows"]["dropped_conflicts"] == 200


def test_no_folds_leave_an_empty_folder(tmp_path) -> None:
    run(tmp_path, many(), folds=3)
    assert len(list((tmp_path / "out/folds").iterdir())) == 3
    run(tmp_path, many())
    assert list((tmp_path / "out/folds").iterdir()) == []


def contents(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return {file.relative_to(path.parent).as_posix(): file.read_bytes() for file in files}


def test_the_same_rows_give_the_same_bytes(tmp_path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(tmp_path / name, many(), folds=3)
        found.append([contents(tmp_path / name / "out" / file) for file in NAMES])
    assert found[0] == found[1]
    assert len(found[0][-1]) == 9


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (table(sentences(20), ["a"] * 20), "a classifier needs two"),
        (table(["the same"] * 20, ["a"] * 12 + ["b"] * 8), "a classifier needs two"),
        (table(["one text and no other"] * 12, ["a"] * 12), "a classifier needs two"),
        (table(sentences(20), ["a"] * 18 + ["b"] * 2), "label 'b' is in 2 group"),
    ],
)
def test_rows_that_cannot_be_split_leave_the_old_files(tmp_path, frame, said) -> None:
    (tmp_path / "out").mkdir()
    for name in NAMES:
        (tmp_path / "out" / name).write_text("old")
    with pytest.raises(DataError, match=said):
        run(tmp_path, frame)
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == dict.fromkeys(
        NAMES, "old"
    )


def test_all_rows_duplicates_of_each_other(tmp_path) -> None:
    frame = table(["the same words in every row"] * 20, ["a", "b"] * 10)
    with pytest.raises(DataError, match="duplicates of each other"):
        run(tmp_path, frame, conflicts="keep", duplicates={"drop_exact": False})
    with pytest.raises(DataError, match="no rows are left"):
        run(tmp_path, frame)


def test_groups_parted_by_time_may_leave_a_part_without_a_label(tmp_path) -> None:
    times = pd.date_range("2026-01-01", periods=200, tz="UTC")
    frame = many().assign(time=times, group=[f"y{n % 6}" if n % 2 else f"g{n}" for n in range(200)])
    with pytest.raises(DataError, match=r"labelled 'b'.*take out ingest\.columns\.group"):
        run(tmp_path, frame, method="time")


def test_a_missing_time_is_said(tmp_path) -> None:
    with pytest.raises(DataError, match=r"ingest\.columns\.time"):
        run(tmp_path, many(), method="time")


def test_a_missing_file_is_said(tmp_path) -> None:
    (tmp_path / "params.yaml").write_text("split: {}\n")
    outputs = (tmp_path / name for name in NAMES)
    with pytest.raises(SourceError, match="dvc repro"):
        split(tmp_path / "none.parquet", *outputs, params=tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"test_share": 0.6, "validation_share": 0.5}, "validation_share"),
        ({"folds": 1}, "folds"),
        ({"folds": 2}, "at least 3"),
        ({"fold": 1}, "fold is 1 and must be below folds, which is 0"),
        ({"folds": 3, "fold": 3}, "fold"),
        ({"folds": 3, "method": "time"}, "method"),
        ({"method": "random"}, "method"),
        ({"duplicates": {"threshold": 2}}, "threshold"),
    ],
)
def test_bad_sections_are_named(tmp_path, section, named) -> None:
    with pytest.raises(ParamsError, match=named):
        run(tmp_path, many(), **section)


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("tweets")
    params = ROOT / "params.yaml"
    ingest(folder / "rows.parquet", folder / "rejected.csv", folder / "provenance.json", params)
    clean(folder / "rows.parquet", folder / "clean.parquet", params)
    split(folder / "clean.parquet", *(folder / name for name in NAMES), params=params)
    return {name: read_parquet(folder / f"{name}.parquet") for name in PARTS}


def test_no_real_tweet_has_a_near_duplicate_in_another_part(real) -> None:
    """All pairs between parts, by another way: no MinHash, no code of the stage."""
    frame = pd.concat(real, names=["part"]).reset_index(level="part")
    texts = frame["text"].str.lower()
    for noise in (r"https?:/{0,2}\S*|www\.\S+|@\w+|\b(?:rt|mt)\b", r"[\W_]+"):
        texts = texts.str.replace(noise, " ", regex=True)
    counter = CountVectorizer(analyzer="char", ngram_range=(5, 5), binary=True, lowercase=False)
    shingles = counter.fit_transform(texts.str.strip()).astype(np.float32)
    sizes = np.asarray(shingles.sum(axis=1)).ravel()
    assert len(frame) > 30_000
    for held, seen in (("test", "train"), ("validation", "train"), ("test", "validation")):
        one, other = (np.flatnonzero(frame["part"] == name) for name in (held, seen))
        common = (shingles[one] @ shingles[other].T).tocoo()
        similarity = common.data / (sizes[one][common.row] + sizes[other][common.col] - common.data)
        assert common.nnz > 100_000
        assert (similarity >= 0.8).sum() == 0


def test_real_parts_have_their_shares(real) -> None:
    whole = pd.concat(real)["label"].value_counts(normalize=True)
    for part in real.values():
        assert np.abs(part["label"].value_counts(normalize=True) - whole).max() < 0.003
