"""Files between stages: whole or not at all, the same bytes again, broken ones named."""

import csv
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from sluice.errors import SourceError
from sluice.files import (
    TextColumn,
    neutralise_formulas,
    read_json,
    read_parquet,
    staged,
    write_csv,
    write_json,
    write_parquet,
)
from sluice.models.storage import save_weights

FRAME = pd.DataFrame({"id": ["a", "b"], "n": [1, 2], "x": [0.5, np.nan]})
BIG = pd.DataFrame({"text": [f"{number:x}" for number in np.random.default_rng(0).bytes(50_000)]})
WRITERS = {
    "json": lambda path: write_json({"texts": BIG["text"].to_list()}, path),
    "csv": lambda path: write_csv(BIG, path, texts=("text",)),
    "parquet": lambda path: write_parquet(BIG, path),
    "safetensors": lambda path: save_weights({"w": torch.zeros(9_999)}, path),
}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# staged


def test_all_targets_appear_at_the_end_and_not_before(tmp_path: Path) -> None:
    targets = (tmp_path / "a/b/one", tmp_path / "two")
    with staged(*targets) as parts:
        for part in parts:
            part.write_text("new")
        assert not any(target.exists() for target in targets)
        assert [part.parent for part in parts] == [target.parent for target in targets]
    assert contents(tmp_path) == {"a/b/one": b"new", "two": b"new"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_renames_nothing_and_leaves_nothing(error, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("old")

    def fail() -> None:
        with staged(tmp_path / "one", tmp_path / "two", tmp_path / "folder") as parts:
            parts[0].write_text("new")
            parts[2].mkdir()
            (parts[2] / "page").write_text("new")
            raise error

    with pytest.raises(error):
        fail()
    assert contents(tmp_path) == {"one": b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_block_that_forgets_one_target_renames_none(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("old")

    def forget() -> None:
        with staged(tmp_path / "one", tmp_path / "two") as parts:
            parts[0].write_text("new")

    with pytest.raises(FileNotFoundError, match="two"):
        forget()
    assert contents(tmp_path) == {"one": b"old"}


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "plots"
    for names in (("a", "b"), ("b", "c")):
        with staged(target) as (part,):
            part.mkdir()
            for name in names:
                (part / name).write_text(name)
        assert contents(tmp_path) == {f"plots/{name}": name.encode() for name in names}
    assert [path.name for path in tmp_path.iterdir()] == ["plots"]


def test_a_kill_between_the_renames_of_a_folder_is_undone(tmp_path: Path) -> None:
    """Between them the old folder stands beside its place, and the new one is not there yet."""
    (tmp_path / ".plots.old.part").mkdir()
    (tmp_path / ".plots.old.part/a").write_text("old")
    (tmp_path / ".plots.part").mkdir()
    (tmp_path / ".plots.part/half").write_text("new")

    def fail() -> None:
        with staged(tmp_path / "plots") as (part,):
            assert not part.exists()
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - only that it comes through
        fail()
    assert contents(tmp_path) == {"plots/a": b"old"}


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
@pytest.mark.parametrize("form", WRITERS)
def test_permissions_are_those_of_any_new_file(mask: int, form: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("old")
    target.chmod(0o444)  # as DVC protects what its cache holds
    before = os.umask(mask)
    try:
        with staged(target) as (part,):
            WRITERS[form](part)
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_target_that_is_a_link_into_a_cache_leaves_the_cache_alone(link, tmp_path: Path) -> None:
    cached, target = tmp_path / "cached", tmp_path / "out"
    cached.write_text("old")
    link(cached, target)
    with staged(target) as (part,):
        part.write_text("new")
    assert (cached.read_text(), target.read_text()) == ("old", "new")
    assert not target.is_symlink()


HALF_WRITTEN = """
import signal, time
from pathlib import Path
from sluice.files import staged
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
with staged(Path("one"), Path("two")) as parts:
    parts[0].write_text("new")
    with parts[1].open("w") as handle:
        handle.write("ne")
        handle.flush()
        print("half", flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_killed_halfway_leaves_the_old_files(how: signal.Signals, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("old")
    with subprocess.Popen(
        [sys.executable, "-c", HALF_WRITTEN],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.send_signal(how)
    assert process.returncode != 0
    assert {(tmp_path / name).read_text() for name in ("one", "two")} == {"old"}
    if how == signal.SIGINT:  # an interrupt also tidies up
        assert sorted(contents(tmp_path)) == ["one", "two"]
    with staged(tmp_path / "one", tmp_path / "two") as parts:
        for part in parts:
            part.write_text("new")
    assert contents(tmp_path) == {"one": b"new", "two": b"new"}


BUSY = """
from itertools import count
from pathlib import Path
from sluice.files import staged, write_json
for number in count():
    with staged(Path("one.json"), Path("two.json")) as parts:
        for part in parts:
            write_json([number] * 20_000, part)
    print(number, flush=True)
"""


def test_a_kill_at_any_moment_leaves_whole_files(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", BUSY], cwd=tmp_path, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"0\n"
            time.sleep(generator.uniform(0, 0.15))
            process.kill()
        one, two = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("one", "two"))
        for values in (one, two):
            assert len(values) == 20_000
            assert set(values) == {values[0]}
        assert 0 <= one[0] - two[0] <= 1  # renamed in the order of the targets


@pytest.mark.parametrize("form", WRITERS)
def test_a_full_disk_is_an_error_of_the_system_in_every_format(form: str, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full, a disk that is always full, is Linux's")
    (tmp_path / "out").write_text("old")

    def fill() -> None:
        with staged(tmp_path / "out", tmp_path / "other") as parts:
            parts[0].symlink_to("/dev/full")
            WRITERS[form](parts[0])

    with pytest.raises(OSError, match="No space left") as caught:
        fill()
    assert caught.value.errno == 28
    assert contents(tmp_path) == {"out": b"old"}


@pytest.mark.parametrize("form", WRITERS)
def test_every_format_gives_the_same_bytes_again(form: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        WRITERS[form](tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_weights_come_back(tmp_path: Path) -> None:
    weights = {"b": torch.arange(6.0).reshape(2, 3).t(), "a": torch.tensor([1, 2])}
    save_weights(weights, tmp_path / "w")
    again = load_file(tmp_path / "w")
    assert all(torch.equal(again[name], weights[name]) for name in ("a", "b"))


# JSON


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4),
    max_leaves=15,
)


@given(JSON)
def test_json_comes_back(tmp_path_factory, value: object) -> None:
    path = tmp_path_factory.mktemp("json") / "value.json"
    write_json(value, path)
    assert read_json(path) == value
    assert path.read_bytes().endswith(b"\n")


def test_json_is_sorted_readable_and_strict(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    write_json({"b": "é", "a": [1]}, path)
    assert path.read_text(encoding="utf-8") == '{\n  "a": [\n    1\n  ],\n  "b": "é"\n}\n'
    for number in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write_json(number, path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}", b"{} {}", b"[" * 100_000, b"x\n\ny"])
def test_broken_json_is_one_line_that_names_the_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"value\.json is not JSON .*run dvc repro") as caught:
        read_json(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("read", [read_json, read_parquet])
def test_a_missing_file_says_which_command_writes_it(read, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"absent is missing: .*dvc repro"):
        read(tmp_path / "absent")


# Parquet


def test_parquet_comes_back_without_pandas_marks(tmp_path: Path) -> None:
    path = tmp_path / "year=2024" / "t.parquet"  # a folder that looks like a partition
    path.parent.mkdir()
    frame = FRAME.set_axis([5, 9])
    write_parquet(frame, path)
    again = read_parquet(path)
    assert [*again.columns] == ["id", "n", "x"]
    pd.testing.assert_frame_equal(again, FRAME, check_dtype=False)
    assert b"pandas" not in path.read_bytes()
    assert [*frame.index] == [5, 9]
    assert [*read_parquet(path, ["n", "id"]).columns] == ["n", "id"]


def test_an_empty_table_and_nulls_keep_their_types(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"s": pd.Series(["a", None], dtype="string"), "i": pd.Series([1, None], dtype="Int64")}
    )
    for name, table in (("none", frame.iloc[:0]), ("two", frame)):
        write_parquet(table, tmp_path / name)
        again = read_parquet(tmp_path / name)
        assert len(again) == len(table)
        assert again["s"].isna().to_list() == table["s"].isna().to_list()


def test_an_absent_column_is_named(tmp_path: Path) -> None:
    write_parquet(FRAME, tmp_path / "t.parquet")
    with pytest.raises(SourceError, match=r"t\.parquet has no column cleaned: run dvc repro"):
        read_parquet(tmp_path / "t.parquet", ["id", "cleaned"])


WHOLE = FRAME.to_parquet(index=False, compression="zstd")


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_parquet_is_named_or_read_and_nothing_else(tmp_path_factory, data) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    length = data.draw(st.just(len(content)) | st.integers(0, len(content)))
    path = tmp_path_factory.mktemp("parquet") / "t.parquet"
    path.write_bytes(content[:length])
    try:
        read_parquet(path)
    except SourceError as error:
        message = str(error)
    else:
        return
    assert "t.parquet is not Parquet" in message
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"", b"id,text\n", WHOLE[:-1], WHOLE[:100], b"PAR1PAR1"])
def test_what_is_not_parquet_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"t\.parquet is not Parquet"):
        read_parquet(path)


# CSV


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "=cmd|' /C x'!A"]
)
def test_formulas_are_made_texts(text: str) -> None:
    assert neutralise_formulas(pd.Series([text])).to_list() == ["'" + text]


@pytest.mark.parametrize("text", ["", "fine", "a=1", "1-1", "'quoted'", " =1", "é@"])
def test_other_texts_stay(text: str) -> None:
    assert neutralise_formulas(pd.Series([text])).to_list() == [text]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(TEXT, min_size=1, max_size=5))
@example(["=1\n", 'a,"b"', "x\r\ny", "\r", "\n=1"])
def test_texts_of_a_csv_come_back_and_none_is_a_formula(tmp_path_factory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    frame = pd.DataFrame({"text": texts, "n": range(len(texts))})
    write_csv(frame, path, texts=("text",))
    with path.open(encoding="utf-8", newline="") as handle:
        cells = [row[0] for row in csv.reader(handle)][1:]
    for text, cell in zip(texts, cells, strict=True):
        assert cell in (text, "'" + text)
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert frame["text"].to_list() == texts


def test_numbers_of_a_csv_keep_six_digits_and_gaps(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ["a", None], "x": [-1 / 3, np.nan], "n": [10**9, -1]})
    write_csv(frame, tmp_path / "t.csv", texts=("name",))
    lines = (tmp_path / "t.csv").read_bytes().split(b"\n")
    assert lines == [b"name,x,n", b"a,-0.333333,1000000000", b",,-1", b""]


# Columns of texts


def test_a_column_of_texts_is_read_in_chunks_as_often_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    texts = [f"text {number}" for number in range(10)]
    write_parquet(pd.DataFrame({"id": range(10), "cleaned": texts}), path)
    column = TextColumn(path, "cleaned", rows=4)
    assert column.columns == ["id", "cleaned"]
    for _ in range(2):
        assert list(column) == [texts[:4], texts[4:8], texts[8:]]
    with pytest.raises(SourceError, match=r"rows\.parquet has no column text: run dvc repro"):
        TextColumn(path, "text")
    with pytest.raises(SourceError, match="is missing"):
        TextColumn(tmp_path / "other.parquet", "text")


def test_a_column_that_is_broken_behind_its_head_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(pd.DataFrame({"cleaned": [f"text {n * 7919}" for n in range(5000)]}), path)
    column = TextColumn(path, "cleaned")
    content = bytearray(path.read_bytes())
    content[8:2000] = b"x" * 1992
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"rows\.parquet is not Parquet"):
        list(column)
