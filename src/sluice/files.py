"""Reading and writing of the formats that stand between stages: Parquet, JSON and CSV.

In: tables and plain values. Out: files, each written beside its place and renamed, so that a kill
at any moment leaves the old file or the new one. Anything a format means is decided elsewhere.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sluice.errors import SourceError

_PARQUET: dict[str, Any] = {"compression": "zstd", "write_statistics": True}


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


@contextlib.contextmanager
def staged(*targets: Path) -> Iterator[tuple[Path, ...]]:
    """Yield one temporary path per target; rename all of them when the block ends without error.

    On an error nothing is renamed and the temporary files are removed: earlier outputs stay.

    Raises:
        OSError: a disk that is full or not writable; `sluice.command` says it in one line.
    """
    parts = tuple(target.with_name(f".{target.name}.part") for target in targets)
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield parts
        for part in parts:
            _sync(part)
        for part, target in zip(parts, targets, strict=True):
            part.replace(target)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def write_json(value: object, path: Path) -> None:
    """Write `value` as UTF-8 JSON with sorted keys and a final newline; NaN is refused."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        SourceError: the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SourceError(f"{path} is missing: run the stage that writes it (dvc repro)") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} is not JSON ({error}): delete it and run dvc repro") from error


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet with Arrow types, without pandas' index and metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, **_PARQUET)


def read_parquet(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a Parquet table, or the named columns of it.

    Raises:
        SourceError: the file is missing or is not Parquet.
    """
    try:
        frame: pd.DataFrame = pq.read_table(path, columns=columns).to_pandas()
        return frame
    except FileNotFoundError as error:
        raise SourceError(f"{path} is missing: run the stage that writes it (dvc repro)") from error
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path} is not Parquet ({error}): delete it, run dvc repro") from error


def neutralise_formulas(column: pd.Series) -> pd.Series:
    """Put an apostrophe before texts that a spreadsheet would take for a formula (OWASP CSV)."""
    texts = column.astype("string")
    risky = texts.str.match(r"^[=+\-@\t\r]", na=False)
    return texts.where(~risky, "'" + texts)


def write_csv(frame: pd.DataFrame, path: Path, texts: tuple[str, ...] = ()) -> None:
    """Write a table as CSV for people and plots; `texts` names columns that hold foreign text."""
    safe = frame.assign(**{name: neutralise_formulas(frame[name]) for name in texts})
    safe.to_csv(path, index=False, lineterminator="\n", float_format="%.6g")
