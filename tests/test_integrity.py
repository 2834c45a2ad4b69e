"""A damaged cache: found and taken out, so that DVC rebuilds or fetches, and never uses it."""

import os
import shutil
import stat
from pathlib import Path

import pytest
from workspace import run

from sluice.errors import DataError
from sluice.integrity import verify

GRAPH = """
stages:
  copy:
    cmd: >-
      echo 1 > score.json && cp in.txt one.txt &&
      mkdir -p many && cp in.txt many/a.txt && echo b > many/b.txt
    deps: [in.txt]
    outs: [one.txt: {persist: true}, many: {persist: true}]
    metrics: [score.json: {cache: false, persist: true}]
"""
LOOKED_AT = 7
"""Two contents and the list of a folder in the cache, four outputs."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    run(folder, "dvc", "init", "--no-scm", "-q")
    (folder / "in.txt").write_text("whole\n")
    (folder / "dvc.yaml").write_text(GRAPH)
    done = run(folder, "dvc", "repro")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A project whose one stage has run: a file, a folder, a metric in git."""
    return Path(shutil.copytree(made, tmp_path / "project"))


def cached(project: Path, content: str) -> Path:
    """The cached file with this content."""
    files = (project / ".dvc/cache/files/md5").glob("*/*")
    return next(path for path in files if path.read_text() == content)


def damage(path: Path) -> None:
    """Change a byte as a bad disk would: name, size, time and mode stay as they were."""
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(b"#" + path.read_bytes()[1:])
    path.chmod(stat.S_IMODE(before.st_mode))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_whole_project_is_called_whole(project: Path) -> None:
    assert verify(project) == (LOOKED_AT, [], [])


def test_dvc_alone_uses_a_damaged_copy(project: Path) -> None:
    damage(cached(project, "whole\n"))
    (project / "one.txt").unlink()
    assert run(project, "dvc", "checkout").returncode == 0
    assert (project / "one.txt").read_text() == "#hole\n"
    assert "up to date" in run(project, "dvc", "status").stdout


def test_a_damaged_copy_is_taken_out_and_made_anew(project: Path) -> None:
    copy = cached(project, "whole\n")
    damage(copy)
    (project / "one.txt").unlink()
    found = verify(project)
    assert found.damaged == [copy]
    assert not copy.exists()
    again = run(project, "dvc", "repro")
    assert "Running stage 'copy'" in again.stdout
    assert (project / "one.txt").read_text() == copy.read_text() == "whole\n"
    assert verify(project)[1:] == ([], [])


def test_what_was_checked_out_of_a_damaged_copy_is_made_anew(project: Path) -> None:
    damage(cached(project, "whole\n"))
    (project / "one.txt").unlink()
    run(project, "dvc", "checkout")
    found = verify(project)
    assert found.doubtful == [Path("one.txt")]
    again = run(project, "dvc", "repro")
    assert "Running stage 'copy'" in again.stdout
    assert (project / "one.txt").read_text() == "whole\n"


@pytest.mark.parametrize("content", ["b\n", "["])
def test_damage_within_a_folder_is_found(project: Path, content: str) -> None:
    files = (project / ".dvc/cache/files/md5").glob("*/*")
    damage(next(path for path in files if path.read_text().startswith(content)))
    assert len(verify(project).damaged) == 1
    assert "Running stage 'copy'" in run(project, "dvc", "repro").stdout
    assert verify(project)[1:] == ([], [])


def test_a_deleted_copy_is_made_anew(project: Path) -> None:
    copy = cached(project, "whole\n")
    copy.unlink()
    assert verify(project)[1:] == ([], [])
    assert "not in cache" in run(project, "dvc", "status").stdout
    assert "Running stage 'copy'" in run(project, "dvc", "repro").stdout
    assert copy.read_text() == "whole\n"


def test_an_output_that_a_person_changed_is_named_and_left(project: Path) -> None:
    for name in ("many/b.txt", "score.json"):
        path = project / name
        path.chmod(0o644)
        path.write_text("mine")
    found = verify(project)
    assert sorted(found.doubtful) == [Path("many/b.txt"), Path("score.json")]
    assert (project / "score.json").read_text() == "mine"


def test_what_dvc_is_still_writing_is_let_be(project: Path) -> None:
    folder = cached(project, "b\n").parent
    (folder / "tmp.x7Rq").write_text("half")
    assert verify(project).damaged == []
    assert (folder / "tmp.x7Rq").exists()


def test_the_command_says_what_was_found(project: Path) -> None:
    done = run(project, "sluice", "verify")
    said = f"{LOOKED_AT} files are what dvc.lock and their names say\n"
    assert (done.returncode, done.stdout) == (0, said)
    copy = cached(project, "whole\n")
    damage(copy)
    found = run(project, "sluice", "verify")
    assert found.returncode == 3
    assert copy.parent.name + copy.name in found.stdout
    assert "dvc repro makes them anew" in found.stdout


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="DVC cannot read the project"):
        verify(tmp_path)
