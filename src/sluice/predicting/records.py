"""Reads texts to be labelled, one record at a time: lines, JSON Lines, CSV or Parquet of any size.

In: a path or a stream, and the names of columns. Out: records, a broken one with the reason why. A
file that cannot be a table of that kind at all is refused.
"""

import csv
import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from sluice.errors import ParamsError, ResourceError, SourceError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

LONGEST_LINE = 1_000_000
"""Bytes of a line beyond which it is not read."""
MAX_CHARACTERS = 5000
"""Characters of a text that are read, as stage ingest keeps by default."""
_PARQUET_ROWS = 4096


class Record(NamedTuple):
    """A text to be labelled, or the reason why it cannot be."""

    row: int
    """Its number in the source, from 1."""
    text: str
    id: str
    problem: str | None


class Source(NamedTuple):
    """Records, how much of them has been read, and how much there is (bytes or rows)."""

    records: Iterator[Record]
    done: Callable[[], int]
    total: int
    close: Callable[[], None]


class Columns(NamedTuple):
    """What the columns are called."""

    text: str = "text"
    id: str | None = None


def make_record(row: int, text: object, name: object = None, problem: str | None = None) -> Record:
    """Check a text that was read."""
    shown = "" if name is None else str(name)[:MAX_CHARACTERS]
    if problem is None and not isinstance(text, str):
        problem = "there is no text" if text is None else "the text is no text"
    kept = text.strip()[:MAX_CHARACTERS] if isinstance(text, str) else ""
    if problem is None and not (kept + shown).isascii():
        broken = any("\ud800" <= one <= "\udfff" for one in kept + shown)
        problem = "it is not UTF-8" if broken else None
    if problem is None and not kept:
        problem = "the text is empty"
    return Record(row, kept, shown if problem != "it is not UTF-8" else "", problem)


class _Lines:
    """Lines of a stream, each bounded; a longer one comes out empty and sets `cut`."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle, self.cut, self.read = handle, False, 0

    def __iter__(self) -> Iterator[str]:
        while piece := self._handle.readline(LONGEST_LINE):
            self.read += len(piece)
            whole = piece
            while len(piece) == LONGEST_LINE and not piece.endswith(b"\n"):
                self.cut, piece = True, self._handle.readline(LONGEST_LINE)
                self.read += len(piece)
                whole = b"\n"
            yield whole.decode("utf-8", "surrogateescape")

    def take_problem(self) -> str | None:
        """Say whether a line since the last call was too long."""
        found = f"a line is longer than {LONGEST_LINE:,} bytes" if self.cut else None
        self.cut = False
        return found


def read_lines(handle: BinaryIO) -> Iterator[Record]:
    """Read a text from each line; an empty line is a bad record."""
    lines = _Lines(handle)
    for row, line in enumerate(lines, 1):
        yield make_record(row, line, problem=lines.take_problem())


def _read_object(line: str, columns: Columns, row: int) -> Record:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return make_record(row, "", problem="the line is not JSON")
    if not isinstance(content, dict):
        return make_record(row, "", problem="the line is no JSON object")
    name = content.get(columns.id) if columns.id else None
    if columns.text not in content:
        return make_record(row, "", name, f"the object has no key {columns.text[:60]!r}")
    return make_record(row, content[columns.text], name)


def _json_records(lines: _Lines, columns: Columns) -> Iterator[Record]:
    for row, line in enumerate(lines, 1):
        problem = lines.take_problem()
        if problem is not None or not line.strip():
            yield make_record(row, "", problem=problem or "the line is empty")
        else:
            yield _read_object(line.removeprefix("\ufeff"), columns, row)


def _place(path: Path, header: list[str], name: str) -> int:
    if header.count(name) != 1:
        there = ", ".join(repr(cell[:40]) for cell in header[:20])
        raise SourceError(
            f"{path} has no column {name[:60]!r}, or several: it has {there:.400}; name one by "
            "--column or --id"
        )
    return header.index(name)


def _csv_records(path: Path, lines: _Lines, columns: Columns) -> Iterator[Record]:
    reader = csv.reader(iter(lines), strict=True)
    try:
        header = [cell.strip().removeprefix("\ufeff") for cell in next(reader, [])]
    except csv.Error as error:
        raise SourceError(f"{path}: its header is no CSV ({error}): name another file") from error
    text = _place(path, header, columns.text)
    place = _place(path, header, columns.id) if columns.id else None
    row = 0
    while True:
        try:
            cells = next(reader)
            problem = lines.take_problem()
            if not cells and problem is None:
                continue
            row += 1
            if problem is None and len(cells) != len(header):
                problem = f"{len(cells)} cells where the header has {len(header)}"
            whole = problem is None
            name = cells[place] if whole and place is not None else None
            yield make_record(row, cells[text] if whole else "", name, problem)
        except csv.Error as error:
            row += 1
            problem = lines.take_problem() or f"no well-formed CSV ({error})"
            yield make_record(row, "", problem=problem)
        except StopIteration:
            return


def _parquet_records(file: "pq.ParquetFile", columns: Columns, seen: list[int]) -> Iterator[Record]:
    names = [columns.text, *([columns.id] if columns.id else [])]
    for batch in file.iter_batches(_PARQUET_ROWS, columns=names):
        table: dict[str, list[Any]] = batch.to_pydict()
        ids = table[columns.id] if columns.id else [None] * batch.num_rows
        for text, name in zip(table[columns.text], ids, strict=True):
            seen[0] += 1
            yield make_record(seen[0], text, name)


def need_arrow() -> None:
    """See that Parquet can be read and written.

    Raises:
        ResourceError: PyArrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise ResourceError("Parquet needs PyArrow: pip install pyarrow, or use .csv or .jsonl")


def _open_parquet(path: Path, columns: Columns) -> Source:
    need_arrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, ValueError) as error:
        raise SourceError(f"{path} is not Parquet ({' '.join(str(error).split()):.200})") from error
    for name in filter(None, columns):
        _place(path, file.schema_arrow.names, name)
    kind, seen, rows = file.schema_arrow.field(columns.text).type, [0], file.metadata.num_rows
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise SourceError(f"{path}: column {columns.text!r} holds {kind}, not texts")
    return Source(_parquet_records(file, columns, seen), lambda: seen[0], rows, file.close)


FORMS = (".csv", ".jsonl", ".ndjson", ".parquet")


def check_form(path: Path) -> str:
    """The ending that says what a file is.

    Raises:
        ParamsError: it is none of those that are read and written.
    """
    form = path.suffix.lower()
    if form not in FORMS:
        raise ParamsError(f"{path}: {form or 'no ending'} is unknown; use {', '.join(FORMS)}")
    return ".jsonl" if form == ".ndjson" else form


def open_source(path: Path, columns: Columns) -> Source:
    """Open a file of texts by its ending.

    Raises:
        ParamsError: the ending is unknown.
        SourceError: there is no such file, it is empty, of another form or lacks a column.
    """
    form = check_form(path)
    if not path.is_file():
        raise SourceError(f"{path} is not there, or is no file")
    if not path.stat().st_size:
        raise SourceError(f"{path} is empty")
    if form == ".parquet":
        return _open_parquet(path, columns)
    handle = path.open("rb")
    lines = _Lines(handle)
    made = _csv_records(path, lines, columns) if form == ".csv" else _json_records(lines, columns)
    return Source(made, lambda: lines.read, path.stat().st_size, handle.close)
