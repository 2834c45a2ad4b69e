"""Files of wheels that bring data."""

import pytest

from sluice.errors import ResourceError
from sluice.wheels import find_in_wheel


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> str:
    """A wheel that lists two files, of which one is gone."""
    folder, info = tmp_path / "tiny_data/model", tmp_path / "tiny_data-1.5.dist-info"
    folder.mkdir(parents=True)
    info.mkdir()
    (folder / "words.txt").write_text("a")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.5\n")
    (info / "RECORD").write_text("tiny_data/model/words.txt,,\ntiny_data/model/gone.txt,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "tiny-data"


def test_a_file_is_found_by_the_end_of_its_path(wheel) -> None:
    assert find_in_wheel(wheel, "model/words.txt", "").read_text() == "a"


@pytest.mark.parametrize("ending", ["gone.txt", "never.txt"])
def test_a_file_that_is_not_there_is_named_with_what_to_do(wheel, ending) -> None:
    with pytest.raises(ResourceError, match=f"tiny-data 1.5 has no file {ending}: run this"):
        find_in_wheel(wheel, ending, "run this")


def test_a_wheel_that_is_not_installed_is_named_with_what_to_do() -> None:
    with pytest.raises(ResourceError, match="no-such-wheel is not installed: run this"):
        find_in_wheel("no-such-wheel", "words.txt", "run this")
