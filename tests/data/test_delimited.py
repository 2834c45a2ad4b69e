import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.data.delimited import MAX_CHARACTERS, read_columns
from sluice.errors import SourceError

BOTH = {"text": "text", "label": "label"}


@pytest.fixture
def table(tmp_path: Path):
    """Write a file and read it."""

    def read(content: str | bytes, wanted=BOTH, delimiter=",", encoding="utf-8", clip=5000):
        path = tmp_path / "texts.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_columns(path, delimiter, encoding, wanted, clip)

    return read


def test_rows_are_numbered_beneath_the_header(table) -> None:
    frame = table('label,text,more\na,"two\nlines",x\n\n  b , padded ,y\n')
    assert frame["text"].tolist() == ["two\nlines", "padded"]
    assert frame["label"].tolist() == ["a", "b"]
    assert frame["row"].tolist() == [1, 2]
    assert frame["problem"].isna().all()
    assert [*frame.columns] == ["text", "label", "problem", "row"]


def test_names_here_may_be_names_of_other_columns_there(table) -> None:
    frame = table(
        "row,problem,label\n7,hello,a\n", {"text": "problem", "id": "row", "again": "row"}
    )
    assert frame["text"].tolist() == ["hello"]
    assert frame["id"].tolist() == frame["again"].tolist() == ["7"]
    assert frame["row"].tolist() == [1]


def test_a_byte_order_mark_and_padding_are_no_part_of_a_name(table) -> None:
    assert table(b"\xef\xbb\xbf text ,label\nx,a\n")["text"].tolist() == ["x"]
    assert table("text;label\nx;a\n".encode("utf-16"), delimiter=";", encoding="utf-16").shape[0]


def test_a_record_of_another_width_is_marked(table) -> None:
    frame = table("text,label\nx,a\ny,b,c\nz\n")
    assert frame["problem"].isna().tolist() == [True, False, False]
    assert frame["problem"][1] == "wrong number of cells: 3 where the header has 2"
    assert frame["label"].tolist() == ["a", "b", ""]


def test_words_that_pandas_takes_for_nothing_are_words(table) -> None:
    assert table("text,label\nNA,null\n")["text"].tolist() == ["NA"]


def test_cells_are_cut_when_they_are_read(table) -> None:
    assert table(f"text,label\n{'x' * 100},a\n", clip=10)["text"].tolist() == ["x" * 10]


def test_a_cell_up_to_the_bound_is_read_and_one_beyond_is_not(table) -> None:
    assert len(table(f"text,label\n{'x' * 10_000_000},a\n")) == 1
    with pytest.raises(SourceError, match="line 2 is longer than 16,777,216 characters"):
        table("text,label\n" + "x" * MAX_CHARACTERS)
    lines = ("x" * 1023 + "\n") * (MAX_CHARACTERS // 1024 + 1)
    with pytest.raises(SourceError, match=r"row 1 \(line 2\): a cell is longer.*never closed"):
        table(f'text,label\n"{lines}')


def test_many_columns_that_nobody_asked_for_cost_little(table) -> None:
    header = ",".join(f"c{i}" for i in range(100_000))
    cells = "," * 99_999
    frame = table(f"{header},text,label\n" + f"{cells},x,a\n" * 5)
    assert frame["text"].tolist() == ["x"] * 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("text,label\n", "has a header and no rows"),
        ('text,label\nx,a\n"y,b\n', r"row 2 \(line 3\): a quote \(\"\) is opened and never closed"),
        ('text,label\n"x" y,a\n', r"row 1 \(line 2\): not a well-formed record.*must be doubled"),
        ('"text,label\n', r"the header \(line 1\): a quote"),
        ("text;label\nx;a\n", "separated by ',': set ingest.delimiter to \";\""),
        ("text\tlabel\nx\ta\n", r'set ingest.delimiter to "\\t"'),
        (
            "Text,label\nx,a\n",
            r"no column 'text' \(did you mean 'Text'\?\); the file has 'Text', 'label': set",
        ),
        ("text,text,label\nx,y,a\n", r"2 columns are named 'text' \(columns 1, 2\)"),
        ("text,label\nx,a\n".encode("utf-16-le"), "NUL bytes: the file is perhaps UTF-16"),
        (b"text,label\nx,a\n\xff,b\n", r"is not utf-8: byte 15 \(line 3\)"),
    ],
)
def test_what_cannot_be_read_is_named(table, content: str | bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        table(content)


def test_a_column_missing_among_100_000_is_told_in_a_bounded_message(table) -> None:
    header = ",".join(f"column {i}" for i in range(100_000))
    with pytest.raises(SourceError, match="and 99988 more") as caught:
        table(f"{header}\n")
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_file_that_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"check ingest.path"):
        read_columns(tmp_path / name, ",", "utf-8", BOTH, 100)


def test_the_limit_of_the_csv_module_is_given_back(table) -> None:
    before = csv.field_size_limit()
    with pytest.raises(SourceError):
        table('text,label\n"')
    assert csv.field_size_limit() == before


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


@given(st.lists(st.tuples(cells, cells), min_size=1))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, rows) -> None:
    path = tmp_path_factory.getbasetemp() / "written.csv"
    written = io.StringIO(newline="")
    csv.writer(written).writerows([("text", "label"), *rows])
    path.write_text(written.getvalue(), encoding="utf-8", newline="")
    frame = read_columns(path, ",", "utf-8", BOTH, 100)
    found = list(zip(frame["text"], frame["label"], strict=True))
    assert found == [(text.strip(), label.strip()) for text, label in rows]
