"""Reads new, unlabelled texts: a CSV or Parquet file, or a folder of such files.

In: a path and the name of a column. Out: a `Batch` of texts as they come, with a hash of the files.
Which of them are scored, and what is made of them, is decided elsewhere.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sluice.data.delimited import read_columns
from sluice.data.display import show_list
from sluice.data.folders import hash_all, hash_files, list_files
from sluice.errors import SourceError
from sluice.watching.settings import Watch

SUFFIXES = (".csv", ".parquet")
MAX_CHARACTERS = 5000
"""Characters of a text that are read, as stage ingest keeps by default."""
_COLUMN = "watch.column, or name it by --column"
_KEYS = {"the names in ingest.columns": _COLUMN, "ingest.": "watch."}
"""How the reader of delimited files calls its settings, and how they are called here."""


class Batch(NamedTuple):
    """Texts as they come."""

    name: str
    """Of the file or the folder."""
    files: int
    """How many files there are."""
    digest: str
    """SHA-256 of the files."""
    rows: int
    """Rows that were read, those without a text too."""
    texts: list[str]
    """Those that are not empty, in the order of files and rows."""


def find_batch(path: Path) -> list[Path]:
    """The files of a batch by name.

    Raises:
        SourceError: nothing is there, or a file is neither CSV nor Parquet.
    """
    if not path.exists():
        raise SourceError(f"{path} is not there: name a CSV or Parquet file, or a folder of them")
    files = list_files(path)
    other = [file for file in files if file.suffix.lower() not in SUFFIXES]
    if other:
        raise SourceError(f"{other[0]} is neither .csv nor .parquet: rename it, or move it out")
    return files


def _read_csv(path: Path, watch: Watch) -> pd.Series:
    """Texts of a delimited file, as stage ingest reads one; null where a record is no record."""
    wanted = {"text": watch.column}
    try:
        table = read_columns(path, watch.delimiter, watch.encoding, wanted, MAX_CHARACTERS)
    except SourceError as error:
        said = str(error)
        for theirs, ours in _KEYS.items():
            said = said.replace(theirs, ours)
        raise SourceError(said) from error
    return table["text"].where(table["problem"].isna())


def _read_parquet(path: Path, watch: Watch) -> pd.Series:
    try:
        names = pq.read_schema(path).names
        if names.count(watch.column) != 1:
            raise SourceError(
                f"{path} has no column '{watch.column:.40}'; the file has {show_list(names)}: "
                f"set {_COLUMN}"
            )
        column = pq.read_table(path, columns=[watch.column]).column(0).cast(pa.string())
    except (pa.ArrowException, ValueError) as error:
        reason = " ".join(str(error).split())
        raise SourceError(f"{path} is not Parquet with texts ({reason:.200})") from error
    cut = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(column), 0, MAX_CHARACTERS)
    texts: pd.Series = cut.to_pandas()
    return texts


def _texts(path: Path, watch: Watch) -> tuple[int, list[str]]:
    """How many rows a file has, and its texts."""
    read = _read_parquet if path.suffix.lower() == ".parquet" else _read_csv
    column = read(path, watch)
    return len(column), [str(text) for text in column.dropna() if text]


def read_batch(path: Path, watch: Watch) -> Batch:
    """Read a batch.

    Raises:
        SourceError: nothing is there, a file cannot be read, or no text is in any of them.
    """
    files = find_batch(path)
    parts = [_texts(file, watch) for file in files]
    texts = [text for _, part in parts for text in part]
    if not texts:
        raise SourceError(f"{path} holds no text in column {watch.column}: nothing can be watched")
    rows = sum(count for count, _ in parts)
    return Batch(path.name, len(files), hash_all(hash_files(files)), rows, texts)


def hash_batch(path: Path) -> str:
    """SHA-256 of a batch's files, as `Batch.digest`, without reading their rows."""
    return hash_all(hash_files(find_batch(path)))


def hash_file(path: Path) -> str:
    """MD5 of a file, by which DVC names it."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
