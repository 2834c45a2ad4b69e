"""Text encodings of source files: which codec reads a file, and where a wrong one breaks.

In: an encoding's name, a file. Out: a codec's name, or a sentence that names the byte and line and
the encodings that would work. Repair of texts that were broken before is `sluice.text`'s work.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path

_CHUNK = 2**20
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"))
_ALTERNATIVES = ("utf-8", "cp1252", "latin-1")


def check_encoding(name: str) -> str:
    """Return `name` if Python reads text with it.

    Raises:
        ValueError: no such text encoding.
    """
    try:
        text_encoding = codecs.lookup(name)._is_text_encoding
    except LookupError:
        text_encoding = False
    if not text_encoding:
        raise ValueError(f"no text encoding '{name}'; usual ones: {', '.join(_ALTERNATIVES)}")
    return name


def reading_codec(encoding: str) -> str:
    """Name the codec that reads `encoding` and skips the byte order mark that UTF-8 may carry."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            yield chunk


def _find_undecodable(path: Path, encoding: str) -> tuple[int, int, int] | None:
    """Find the first byte that does not decode: its offset, its line (from 1), its value."""
    decoder = codecs.getincrementaldecoder(reading_codec(encoding))()
    read, line = 0, 1
    try:
        for chunk in _chunks(path):
            read += len(chunk)
            line += decoder.decode(chunk).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode(encoding, errors="ignore")
        offset = read - len(error.object) + error.start
        return offset, line + good.count("\n"), error.object[error.start]
    except UnicodeError:  # UTF-16 and UTF-32 without their byte order mark
        return 0, 1, next(_chunks(path))[0]
    return None


def _suggest(path: Path, encoding: str) -> str:
    start = next(_chunks(path), b"")
    for mark, name in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return name
    given = codecs.lookup(encoding).name
    fitting = (
        name
        for name in _ALTERNATIVES
        if codecs.lookup(name).name != given and _find_undecodable(path, name) is None
    )
    return next(fitting, "latin-1")


def explain_undecodable(path: Path, encoding: str) -> str:
    """Say where `path` stops being `encoding`, and which encoding reads all of it."""
    found = _find_undecodable(path, encoding)
    place = ""
    if found is not None:
        offset, line, value = found
        place = f": byte {offset:,} (line {line:,}) is 0x{value:02x}"
    suggestion = _suggest(path, encoding)
    return f"{path} is not {encoding}{place}; set ingest.encoding to {suggestion}, which reads it"
