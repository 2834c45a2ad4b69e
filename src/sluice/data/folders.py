"""Reads a source that grows by files: every file of a folder, in the order of their names.

In: a folder of delimited files with the same columns. Out: one table, and for each of its rows the
file and the row in it. New rows come as a new file whose name sorts behind the others, so that
nothing about earlier rows changes.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from sluice.data.delimited import read_columns
from sluice.data.schema import ID_DIGITS
from sluice.errors import SourceError


def list_files(path: Path) -> list[Path]:
    """The file itself, or the files of a folder by name; hidden ones (.gitignore) are passed over.

    Raises:
        SourceError: a folder without files, or with a folder in it.
    """
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    folders = [file.name for file in files if not file.is_file()]
    if folders:
        raise SourceError(f"{path} holds a folder, {folders[0]}: only files are read, move it out")
    if not files:
        raise SourceError(f"{path} is an empty folder: put a file of texts in it")
    return files


def read_files(
    files: list[Path], delimiter: str, encoding: str, wanted: Mapping[str, str], clip: int
) -> tuple[pd.DataFrame, pd.Series]:
    """Read several files one below the other; see `read_columns`.

    Returns:
        The table, its `row` counted on over all files, with an `id` of the file's name and the row
        where the source has none; and by that `row` the place, `<file>:<row in it>`.

    Raises:
        SourceError: as `read_columns`, naming the file.
    """
    tables, places, read = [], [], 0
    for file in files:
        table = read_columns(file, delimiter, encoding, wanted, clip)
        if "id" not in table:
            table.insert(0, "id", [f"{file.stem}-{row:0{ID_DIGITS}d}" for row in table["row"]])
        places += [f"{file.name}:{row}" for row in table["row"]]
        tables.append(table.assign(row=table["row"] + read))
        read += len(table)
    whole = pd.concat(tables, ignore_index=True)
    return whole, pd.Series(places, index=whole["row"], dtype="str")


def hash_files(files: list[Path]) -> dict[str, str]:
    """SHA-256 of each file, by name."""
    found = {}
    for file in files:
        with file.open("rb") as handle:
            found[file.name] = hashlib.file_digest(handle, "sha256").hexdigest()
    return found


def hash_all(hashes: Mapping[str, str]) -> str:
    """One SHA-256 for all: that of the only file, or of the lines `<hash>  <name>`."""
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    lines = "".join(f"{digest}  {name}\n" for name, digest in hashes.items())
    return hashlib.sha256(lines.encode()).hexdigest()
