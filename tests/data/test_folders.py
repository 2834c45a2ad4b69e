import hashlib
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sluice.data.folders import hash_all, hash_files, list_files, read_files
from sluice.errors import DataError, ParamsError, SourceError
from sluice.files import read_json, read_parquet
from sluice.stages.ingest import ingest

WANTED = {"text": "text", "label": "label"}
FIRST = "text,label\n" + "".join(f"text number {n},{'ab'[n % 2]}\n" for n in range(20))


def write(folder: Path, name: str, content: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)
    return folder


def run(folder: Path, **section: object) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    section = {"source": "csv", "path": str(folder / "source"), "labels": ["a", "b"]} | section
    (folder / "params.yaml").write_text(yaml.safe_dump({"ingest": section}))
    outputs = [folder / name for name in ("rows.parquet", "rejected.csv", "provenance.json")]
    ingest(*outputs, params=folder / "params.yaml")
    return read_parquet(outputs[0]), pd.read_csv(outputs[1]), read_json(outputs[2])


def test_files_are_read_by_name_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".gitignore"):
        write(tmp_path, name, "")
    assert [file.name for file in list_files(tmp_path)] == ["a.csv", "b.csv"]
    assert list_files(tmp_path / "a.csv") == [tmp_path / "a.csv"]


def test_rows_are_counted_on_and_found_again(tmp_path: Path) -> None:
    write(tmp_path, "1.csv", "text,label\nx,a\ny,b\n")
    write(tmp_path, "2.csv", "label,text\nb,z\n")
    table, places = read_files(list_files(tmp_path), ",", "utf-8", WANTED, 100)
    assert table["row"].to_list() == [1, 2, 3]
    assert table["text"].to_list() == ["x", "y", "z"]
    assert places.to_dict() == {1: "1.csv:1", 2: "1.csv:2", 3: "2.csv:1"}
    assert table["id"].to_list() == ["1-000000001", "1-000000002", "2-000000001"]


def test_a_later_file_changes_no_earlier_row(tmp_path: Path) -> None:
    write(tmp_path / "source", "2026-10.csv", FIRST)
    before, _, _ = run(tmp_path)
    write(tmp_path / "source", "2026-11.csv", "label,text\na,one more\nb,and another\n")
    after, _, provenance = run(tmp_path)
    pd.testing.assert_frame_equal(after[: len(before)], before)
    assert len(after) == len(before) + 2
    assert set(provenance["files"]) == {"2026-10.csv", "2026-11.csv"}
    assert provenance["rows"]["kept"] == 22


def test_the_hash_is_that_of_the_only_file_or_of_the_list(tmp_path: Path) -> None:
    write(tmp_path, "1.csv", "one")
    one = hash_files([tmp_path / "1.csv"])
    assert hash_all(one) == hashlib.sha256(b"one").hexdigest() == one["1.csv"]
    write(tmp_path, "2.csv", "two")
    both = hash_files(list_files(tmp_path))
    lines = f"{both['1.csv']}  1.csv\n{both['2.csv']}  2.csv\n"
    assert hash_all(both) == hashlib.sha256(lines.encode()).hexdigest()


def test_rejected_rows_name_their_file(tmp_path: Path) -> None:
    write(tmp_path / "source", "1.csv", FIRST)
    write(tmp_path / "source", "2.csv", "text,label\nfine,a\n,b\n")
    _, rejected, provenance = run(tmp_path, max_rejected=0.5)
    assert rejected["row"].to_list() == ["2.csv:2"]
    assert provenance["rows"]["rejected"] == 1
    with pytest.raises(DataError, match=r"row 2\.csv:2"):
        run(tmp_path, max_rejected=0.0)


def test_an_id_of_an_earlier_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "source", "1.csv", "key,text,label\n7,x,a\n8,y,b\n")
    write(tmp_path / "source", "2.csv", "key,text,label\n7,z,a\n")
    _, rejected, _ = run(tmp_path, max_rejected=0.5, columns={"id": "key"})
    assert rejected["reason"].to_list() == ["id of an earlier row"]
    assert rejected["row"].to_list() == ["2.csv:1"]


def test_a_broken_file_is_named_and_the_old_rows_stay(tmp_path: Path) -> None:
    write(tmp_path / "source", "1.csv", FIRST)
    before, _, _ = run(tmp_path)
    write(tmp_path / "source", "2.csv", "words,label\nx,a\n")
    with pytest.raises((SourceError, ParamsError), match=r"2\.csv"):
        run(tmp_path)
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "rows.parquet"), before)


@pytest.mark.parametrize(("make", "said"), [("", "empty folder"), ("deep", "holds a folder, deep")])
def test_folders_that_cannot_be_read(tmp_path: Path, make: str, said: str) -> None:
    (tmp_path / "source" / make).mkdir(parents=True)
    with pytest.raises(SourceError, match=said):
        run(tmp_path)
