"""Reads the columns that are asked for out of a delimited file, whatever state the file is in.

In: a path, a delimiter, an encoding, column names. Out: a table of stripped strings with the
number of each row, or one `SourceError`. What the values mean is decided in `sluice.data.schema`.
"""

import contextlib
import csv
import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import pandas as pd
import pyarrow as pa

from sluice.data.display import show, show_list
from sluice.data.encodings import explain_undecodable, reading_codec
from sluice.errors import SourceError

MAX_CHARACTERS = 16 * 2**20
"""Bound of one line and of one cell: what is longer is an unclosed quote or no table at all."""

DELIMITERS = {",": ",", ";": ";", "\t": "\\t", "|": "|"}
_BATCH = 65_536


@contextlib.contextmanager
def _cell_limit(characters: int) -> Iterator[None]:
    before = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _bounded_lines(handle: TextIO) -> Iterator[str]:
    number = 0
    while line := handle.readline(MAX_CHARACTERS):
        number += 1
        if len(line) == MAX_CHARACTERS:
            raise SourceError(
                f"{handle.name}: line {number} is longer than {MAX_CHARACTERS:,} characters: "
                "this is not a table with one record on a line; check ingest.path"
            )
        yield line


def _missing_column(path: Path, header: Sequence[str], name: str, delimiter: str) -> SourceError:
    """Say what is there instead, and guess: another delimiter, another encoding, a near name."""
    where = f"{path}: no column '{show(name)}'"
    if any("\x00" in cell for cell in header):
        return SourceError(
            f"{where}, and the header holds NUL bytes: the file is perhaps UTF-16; "
            "set ingest.encoding to utf-16-le or utf-16-be"
        )
    joined = delimiter.join(header)
    for other, written in DELIMITERS.items():
        cells = [cell.strip() for cell in next(csv.reader([joined], delimiter=other), [])]
        if other != delimiter and len(cells) > len(header) and name in cells:
            return SourceError(
                f"{where} when cells are separated by '{show(delimiter)}': "
                f'set ingest.delimiter to "{written}"'
            )
    lowered = {cell.casefold(): cell for cell in reversed(header)}
    near = difflib.get_close_matches(name.casefold(), list(lowered)[:1000], n=1)
    hint = f" (did you mean '{show(lowered[near[0]], 40)}'?)" if near else ""
    return SourceError(
        f"{where}{hint}; the file has {show_list(header)}: set the names in ingest.columns"
    )


def _find_columns(
    path: Path, header: Sequence[str], wanted: Sequence[str], delimiter: str
) -> list[int]:
    positions = []
    for name in wanted:
        found = [position for position, cell in enumerate(header) if cell == name]
        if not found:
            raise _missing_column(path, header, name, delimiter)
        if len(found) > 1:
            places = ", ".join(str(position + 1) for position in found)
            raise SourceError(
                f"{path}: {len(found)} columns are named '{show(name)}' (columns {places}): "
                "rename all but one in the file"
            )
        positions.append(found[0])
    return positions


def _explain_csv_error(error: csv.Error, where: str) -> SourceError:
    reason = str(error)
    if "field limit" in reason:
        return SourceError(
            f"{where}: a cell is longer than {MAX_CHARACTERS:,} characters: "
            "is a quote opened there and never closed?"
        )
    if "unexpected end" in reason:
        return SourceError(
            f'{where}: a quote (") is opened and never closed: close it, or double it ("")'
        )
    return SourceError(
        f"{where}: not a well-formed record ({reason}): "
        'a quote (") inside a quoted cell must be doubled ("")'
    )


def _records(path: Path, handle: TextIO, delimiter: str) -> Iterator[list[str]]:
    """Yield the header, then each record; blank lines are none."""
    reader = csv.reader(_bounded_lines(handle), delimiter=delimiter, strict=True)
    number, line = 0, 0
    try:
        for cells in reader:
            line = reader.line_num
            if cells:
                number += 1
                yield cells
    except csv.Error as error:
        place = "the header" if number == 0 else f"row {number}"
        raise _explain_csv_error(error, f"{path}: {place} (line {line + 1})") from error


def _take(
    records: Iterator[list[str]], positions: Sequence[int], width: int, clip: int
) -> Iterator[tuple[str | None, ...]]:
    """Yield the wanted cells of each record, and what is wrong with its shape or None."""
    for cells in records:
        if len(cells) == width:
            yield (*(cells[position].strip()[:clip] for position in positions), None)
        else:
            padded = (*cells, *itertools.repeat("", width))
            problem = f"wrong number of cells: {len(cells)} where the header has {width}"
            yield (*(padded[position].strip()[:clip] for position in positions), problem)


def _to_frame(rows: Iterator[tuple[str | None, ...]], names: Sequence[str]) -> pd.DataFrame:
    schema = pa.schema([(name, pa.string()) for name in names])
    batches = []
    while batch := list(itertools.islice(rows, _BATCH)):
        columns = [pa.array(column, pa.string()) for column in zip(*batch, strict=True)]
        batches.append(pa.record_batch(columns, schema=schema))
    frame: pd.DataFrame = pa.Table.from_batches(batches, schema=schema).to_pandas()
    return frame


def _read(
    path: Path, handle: TextIO, delimiter: str, wanted: Mapping[str, str], clip: int
) -> pd.DataFrame:
    with _cell_limit(MAX_CHARACTERS):
        records = _records(path, handle, delimiter)
        header = [cell.strip() for cell in next(records, [])]
        if not header:
            raise SourceError(f"{path} is empty: it must have a header and rows")
        positions = _find_columns(path, header, [*wanted.values()], delimiter)
        return _to_frame(_take(records, positions, len(header), clip), [*wanted, "problem"])


def read_columns(
    path: Path, delimiter: str, encoding: str, wanted: Mapping[str, str], clip: int
) -> pd.DataFrame:
    """Read the `wanted` columns of a delimited file as strings, {name here: name in the file}.

    Values are stripped and cut to `clip` characters, so that memory is bounded by what is kept;
    columns that nobody asked for are never stored. Names in the header are stripped.

    Returns:
        One row per record in file order: a string column for each name, `problem` (what is
        wrong with the record's shape, or null) and `row` (int64; the first record beneath the
        header is 1, blank lines are not counted).

    Raises:
        SourceError: the file is missing, empty, has no rows, lacks a column or names it twice,
            does not decode, or has a quote that is never closed.
    """
    try:
        with path.open(encoding=reading_codec(encoding), newline="") as handle:
            frame = _read(path, handle, delimiter, wanted, clip)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise SourceError(f"{path} is not there or is no file: check ingest.path") from error
    except UnicodeError as error:
        raise SourceError(explain_undecodable(path, encoding)) from error
    if frame.empty:
        raise SourceError(f"{path} has a header and no rows")
    return frame.assign(row=range(1, len(frame) + 1))
