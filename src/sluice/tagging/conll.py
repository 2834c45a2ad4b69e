"""Reads sentences of tokens with tags: columns as in CoNLL 2003, or CoNLL-U.

In: a file, plain or gzip, in UTF-8. Out: sentences as they are written, or one error line with the
file's line. Both forms are a token a line and an empty line between sentences.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, TextIO

from sluice.data.display import show
from sluice.errors import DataError, SourceError

LONGEST_TOKEN = 500
LONGEST_SENTENCE = 2_000
_CONLLU_COLUMNS = 10
_FORM = 1
_START = "-DOCSTART-"


class Sentence(NamedTuple):
    """One sentence."""

    tokens: tuple[str, ...]
    """Words as they are written."""
    tags: tuple[str, ...]
    """The tag of each."""
    line: int
    """Line of its first token in the file, from 1."""


class Columns(NamedTuple):
    """Where token and tag stand."""

    form: Literal["columns", "conllu"]
    token: int
    tag: int


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="\n")
    return path.open(encoding="utf-8-sig", newline="\n")


def _cells(text: str, columns: Columns, where: str) -> list[str] | None:
    """Give the cells of a line; None where the line is no token."""
    if columns.form == "columns":
        return None if text.startswith(_START) else text.split("\t" if "\t" in text else None)
    if text.startswith("#"):
        return None
    cells = text.split("\t")
    if len(cells) != _CONLLU_COLUMNS:
        raise DataError(
            f"{where}: {len(cells)} column(s), and CoNLL-U has {_CONLLU_COLUMNS} with a tab between"
        )
    # 3-4 is a contraction whose words follow, 5.1 a word that is not written.
    return None if "-" in cells[0] or "." in cells[0] else cells


def _token(cells: list[str], columns: Columns, where: str) -> tuple[str, str]:
    place = _FORM if columns.form == "conllu" else columns.token
    at = columns.tag if columns.tag >= 0 else len(cells) + columns.tag
    need = max(place, at) + 1
    if len(cells) < max(need, 2):
        raise DataError(
            f"{where}: {len(cells)} column(s), and at least {max(need, 2)} are needed for a token "
            "and its tag: check data.token_column and data.tag_column"
        )
    token, tag = cells[place].strip(), cells[at].strip()
    if not token or not tag:
        raise DataError(f"{where}: {'the token' if not token else 'the tag'} is empty")
    if len(token) > LONGEST_TOKEN:
        raise DataError(f"{where}: a token of {len(token):,} characters; {LONGEST_TOKEN} at most")
    return token, tag


def _sentence(words: list[tuple[str, str]], line: int) -> Sentence:
    return Sentence(tuple(one for one, _ in words), tuple(tag for _, tag in words), line)


def _sentences(handle: TextIO, columns: Columns, path: Path) -> Iterator[Sentence]:
    words: list[tuple[str, str]] = []
    first, width = 0, None
    for number, raw in enumerate(handle, start=1):
        where, text = f"{path}: line {number}", raw.rstrip("\r\n")
        if not text.strip():
            if words:
                yield _sentence(words, first)
            words = []
            continue
        cells = _cells(text, columns, where)
        if cells is None:
            continue
        width = width or len(cells)
        if len(cells) != width:
            raise DataError(
                f"{where}: {len(cells)} column(s), and the first line has {width}: "
                f"'{show(text, 60)}'"
            )
        first = first if words else number
        words.append(_token(cells, columns, where))
        if len(words) > LONGEST_SENTENCE:
            raise DataError(
                f"{where}: a sentence of more than {LONGEST_SENTENCE:,} tokens: put an empty line "
                "between sentences"
            )
    if words:
        yield _sentence(words, first)


def read_sentences(path: Path, columns: Columns) -> list[Sentence]:
    """Read all sentences of a file.

    Raises:
        SourceError: the file is missing, not UTF-8, or a broken gzip.
        DataError: it is empty, or a line has not the columns.
    """
    try:
        with _open(path) as handle:
            found = list(_sentences(handle, columns, path))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise SourceError(f"{path} is not there or is no file: check section data") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 ({error.reason}): save it as UTF-8") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{path} is no whole gzip file: fetch it again") from error
    if not found:
        raise DataError(f"{path} holds no sentence: each line must hold a token and its tag")
    return found
