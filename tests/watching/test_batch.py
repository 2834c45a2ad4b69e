"""New texts are read from CSV, Parquet and folders; what is no batch is refused in words."""

import pandas as pd
import pytest

from sluice.errors import SourceError
from sluice.watching.batch import MAX_CHARACTERS, hash_batch, read_batch
from sluice.watching.settings import Watch

WATCH = Watch()


def test_a_csv_keeps_texts_and_counts_what_is_none(tmp_path) -> None:
    path = tmp_path / "new.csv"
    path.write_text('id,text\n1,good\n2,\n3,"a, b\nc"\n4,x,y\n')
    batch = read_batch(path, WATCH)
    assert batch.texts == ["good", "a, b\nc"]
    assert (batch.rows, batch.files, batch.name) == (4, 1, "new.csv")
    assert batch.digest == hash_batch(path)


def test_a_folder_is_read_by_name(tmp_path) -> None:
    (tmp_path / "b.csv").write_text("text\nlast\n")
    pd.DataFrame({"text": ["first", None], "n": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    (tmp_path / ".hidden").write_text("")
    batch = read_batch(tmp_path, WATCH)
    assert batch.texts == ["first", "last"]
    assert (batch.rows, batch.files) == (3, 2)
    before = hash_batch(tmp_path)
    (tmp_path / "b.csv").write_text("text\nother\n")
    assert hash_batch(tmp_path) != before


def test_long_texts_are_cut(tmp_path) -> None:
    for name in ("new.csv", "new.parquet"):
        frame = pd.DataFrame({"text": ["x" * 9000]})
        write = frame.to_parquet if name.endswith("parquet") else frame.to_csv
        write(tmp_path / name)
        assert [len(text) for text in read_batch(tmp_path / name, WATCH).texts] == [MAX_CHARACTERS]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("new.csv", "post\nhello\n", "no column 'text'.*'post'.*watch.column.*--column"),
        ("new.csv", "text\n", "has a header and no rows"),
        ("new.csv", "", "is empty"),
        ("new.csv", "text\n\n  \n\n", "no rows|holds no text"),
        ("new.csv", "a;text\n1;x\n", r"set watch.delimiter"),
        ("new.parquet", "text\nhello\n", "is not Parquet with texts"),
        ("new.txt", "hello", r"neither \.csv nor \.parquet"),
    ],
)
def test_what_is_no_batch_is_refused(tmp_path, name, content, words) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(SourceError, match=words) as caught:
        read_batch(path, WATCH)
    assert "ingest" not in str(caught.value)


def test_a_parquet_file_without_the_column_or_with_numbers(tmp_path) -> None:
    path = tmp_path / "new.parquet"
    pd.DataFrame({"post": ["x"]}).to_parquet(path)
    with pytest.raises(SourceError, match=r"no column 'text'; the file has 'post'"):
        read_batch(path, WATCH)
    pd.DataFrame({"text": [[1, 2]]}).to_parquet(path)
    with pytest.raises(SourceError, match="is not Parquet with texts"):
        read_batch(path, WATCH)


def test_nothing_there_and_only_empty_texts(tmp_path) -> None:
    with pytest.raises(SourceError, match="is not there"):
        read_batch(tmp_path / "new.csv", WATCH)
    with pytest.raises(SourceError, match="empty folder"):
        read_batch(tmp_path, WATCH)
    (tmp_path / "new.csv").write_text('id,text\n1,""\n2,  \n')
    with pytest.raises(SourceError, match="holds no text in column text"):
        read_batch(tmp_path / "new.csv", WATCH)
