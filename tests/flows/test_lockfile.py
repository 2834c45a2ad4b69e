"""dvc.lock: the order of its entries, and what becomes of a file that a kill left half written."""

from pathlib import Path

import pytest
from dvc.utils.serialize import dumps_yaml, parse_yaml

from flows.errors import FlowError
from flows.lockfile import LockFile, mend_lock_files

LOCK = Path("dvc.lock")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    return tmp_path


def write(root: Path, *names: str) -> None:
    stages = {name: {"cmd": f"run {name}", "outs": [{"path": name, "size": 1}]} for name in names}
    (root / LOCK).write_text(dumps_yaml({"schema": "2.0", "stages": stages}))


def names(root: Path) -> list[str]:
    return list(parse_yaml((root / LOCK).read_text(), "dvc.lock")["stages"])


def test_new_entries_come_after_old_ones_in_the_order_of_the_graph(root) -> None:
    write(root, "c", "gone", "a")
    lock = LockFile(root, LOCK, ["a", "b", "c", "d", "e"])
    lock.begin()
    write(root, "c", "gone", "a", "e", "d", "b")
    lock.finish()
    assert names(root) == ["c", "gone", "a", "b", "d", "e"]
    write(root, "c", "gone", "a", "b", "d", "e")
    content = (root / LOCK).read_bytes()
    lock.begin()
    lock.finish()
    assert (root / LOCK).read_bytes() == content


def test_the_order_before_a_killed_run_is_remembered(root) -> None:
    lock = LockFile(root, LOCK, ["a", "b", "c"])
    lock.begin()
    write(root, "a", "c")  # here the run is killed
    lock.begin()
    write(root, "a", "c", "b")
    lock.finish()
    assert names(root) == ["a", "b", "c"]
    (root / LOCK).write_text("{")
    mend_lock_files(root)
    assert names(root) == ["a", "b", "c"]


@pytest.mark.parametrize("left", ["", "schema: '2.0'\nstages:\n  a:\n    cmd: 'ru", "[1, 2]\n"])
def test_a_half_written_file_gives_way_to_the_last_whole_copy(root, left) -> None:
    lock = LockFile(root, LOCK, ["a", "b"])
    assert mend_lock_files(root) == []
    write(root, "a")
    lock.begin()
    write(root, "a", "b")
    lock.keep()
    (root / LOCK).write_text(left)
    lock.keep()  # which keeps no broken file
    assert mend_lock_files(root) == [
        "dvc.lock was half written when its writer died: put back a copy"
    ]
    assert names(root) == ["a", "b"]


def test_a_broken_file_without_a_copy_is_refused_in_words(root) -> None:
    (root / LOCK).write_text("stages: {")
    with pytest.raises(FlowError, match=r"dvc\.lock is broken: take the last whole one from git"):
        mend_lock_files(root)
