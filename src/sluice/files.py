"""Reading and writing of the formats that stand between stages: Parquet, JSON and CSV.

In: tables and plain values. Out: files, each written beside its place and renamed, so that a kill
at any moment leaves the old file or the new one. Anything a format means is decided elsewhere.
"""

import contextlib
import csv
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sluice.errors import SourceError

if TYPE_CHECKING:  # tables are for stages: a model at work has neither of the two
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_PARQUET: dict[str, Any] = {"compression": "zstd", "write_statistics": True}


def _sync(path: Path) -> None:
    for file in path.rglob("*") if path.is_dir() else [path]:
        if not file.is_dir():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(f".{target.name}.{suffix}")


def _recover(target: Path) -> None:
    """Undo what a kill between the two renames of a folder has left."""
    old = _beside(target, "old.part")
    if old.exists() and not target.exists():
        old.rename(target)
    for leftover in (old, _beside(target, "part")):
        if leftover.is_dir():  # a file would be written over
            _remove(leftover)


def _put_in_place(part: Path, target: Path) -> None:
    """Rename a file over the old one; a folder cannot replace one that has files: swap the two."""
    if not (part.is_dir() and target.exists()):
        part.replace(target)
        return
    old = target.rename(_beside(target, "old.part"))
    try:
        part.rename(target)
    except OSError:
        old.rename(target)
        raise
    _remove(old)


@contextlib.contextmanager
def staged(*targets: Path) -> Iterator[tuple[Path, ...]]:
    """Yield one temporary path per target; rename all of them when the block ends without error.

    A target is a file, or a folder if the block makes a folder of its path. On an error nothing is
    renamed and what is temporary is removed: earlier outputs stay. A kill between the two renames
    that swap a folder leaves the old one beside its place; the next `staged` puts it back.

    Raises:
        OSError: a disk that is full or not writable; `sluice.command` says it in one line.
    """
    parts = tuple(_beside(target, "part") for target in targets)
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
        _recover(target)
    try:
        yield parts
        for part in parts:
            _sync(part)
        for part, target in zip(parts, targets, strict=True):
            _put_in_place(part, target)
    finally:
        for part in parts:
            _remove(part)


def write_json(value: object, path: Path) -> None:
    """Write `value` as UTF-8 JSON with sorted keys and a final newline; NaN is refused."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _broken(path: Path, form: str, error: Exception) -> SourceError:
    reason = " ".join(str(error).split())
    return SourceError(f"{path} is not {form} ({reason:.200}): delete it and run dvc repro")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        SourceError: the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SourceError(f"{path} is missing: run the stage that writes it (dvc repro)") from error
    except (ValueError, RecursionError) as error:
        raise _broken(path, "JSON", error) from error


def write_parquet(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table as Parquet with Arrow types, without pandas' index and metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, **_PARQUET)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say in one line what is wrong with a Parquet file; errors of the system pass as they are."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError as error:
        raise SourceError(f"{path} is missing: run the stage that writes it (dvc repro)") from error
    except OSError as error:
        if error.errno is not None:  # the operating system's; what is left is Arrow's
            raise
        raise _broken(path, "Parquet", error) from error
    except (pa.ArrowException, ValueError) as error:
        raise _broken(path, "Parquet", error) from error


def read_parquet(path: Path, columns: list[str] | None = None) -> "pd.DataFrame":
    """Read a Parquet table, or the named columns of it.

    Raises:
        SourceError: the file is missing, is not Parquet, or lacks a column.
    """
    import pyarrow.parquet as pq

    with _reading(path):
        absent = sorted(set(columns or ()) - set(pq.read_schema(path).names))
        if absent:
            raise SourceError(f"{path} has no column {', '.join(absent)}: run dvc repro")
        frame: pd.DataFrame = pq.read_table(path, columns=columns).to_pandas()
        return frame


def open_parquet(path: Path) -> "pq.ParquetFile":
    """Open a Parquet table for reading in batches.

    Raises:
        SourceError: the file is missing or is not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise SourceError(f"{path} is missing: run the stage that writes it (dvc repro)") from error
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path} is not Parquet ({error}): delete it, run dvc repro") from error


class TextColumn:
    """A column of texts in a Parquet table, some rows at a time, walked through as often as asked.

    Args:
        path: of the table.
        name: of the column.
        rows: how many are in memory at once.

    Raises:
        SourceError: the file is missing, is not Parquet, or lacks the column.
    """

    def __init__(self, path: Path, name: str, rows: int = 8192) -> None:
        self._path, self._name, self._rows = path, name, rows
        self.columns: list[str] = open_parquet(path).schema_arrow.names
        if name not in self.columns:
            raise SourceError(f"{path} has no column {name}: run dvc repro")

    def __iter__(self) -> Iterator[list[str]]:
        """Texts, `rows` at a time.

        Raises:
            SourceError: the file has been cut off.
        """
        with _reading(self._path):
            for batch in open_parquet(self._path).iter_batches(self._rows, columns=[self._name]):
                yield batch.column(0).to_pylist()


def write_batches(tables: "Iterator[pa.Table]", path: Path) -> "Iterator[pa.Table]":
    """Write tables of one schema, at least one, into one Parquet file; yield each when written."""
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None
    try:
        for table in tables:
            plain = table.replace_schema_metadata(None)
            writer = writer or pq.ParquetWriter(path, plain.schema, **_PARQUET)
            writer.write_table(plain)
            yield table
    finally:
        if writer is not None:
            writer.close()


def neutralise_formula(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula (OWASP CSV)."""
    return f"'{text}" if text.startswith(_RISKY) else text


def neutralise_formulas(column: "pd.Series") -> "pd.Series":
    """Put an apostrophe before texts that a spreadsheet would take for a formula (OWASP CSV)."""
    texts = column.astype("string")
    risky = texts.str.match(rf"^[{re.escape(''.join(_RISKY))}]", na=False)
    return texts.where(~risky, "'" + texts)


def _quoting(frame: "pd.DataFrame") -> Literal[0, 2]:
    # Python 3.11's `csv` leaves a carriage return bare, and readers would start a row behind it.
    texts = (frame[name].astype("string") for name in frame.select_dtypes(exclude="number"))
    found = any(text.str.contains("\r", regex=False).any() for text in texts)
    return csv.QUOTE_NONNUMERIC if found else csv.QUOTE_MINIMAL


def write_csv(frame: "pd.DataFrame", path: Path, texts: tuple[str, ...] = ()) -> None:
    """Write a table as CSV for people and plots; `texts` names columns that hold foreign text."""
    safe = frame.assign(**{name: neutralise_formulas(frame[name]) for name in texts})
    shape: dict[str, Any] = {"lineterminator": "\n", "float_format": "%.6g"}
    safe.to_csv(path, index=False, quoting=_quoting(safe), **shape)
