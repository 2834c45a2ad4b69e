"""The processes of a flow run, and the one that is loaded ahead of its command."""

import os
import signal

import psutil
import pytest
from flow_project import is_running, wait_until

from flows import children as module
from flows import sparing
from flows.children import Children

VERSION = sparing.command("dvc", "--version")


@pytest.fixture
def started(monkeypatch) -> list[int]:
    """Process ids of all guards that are started."""
    pids: list[int] = []
    start = module.start_guarded

    def note(*words, **more):
        process = start(*words, **more)
        pids.append(process.pid)
        return process

    monkeypatch.setattr(module, "start_guarded", note)
    return pids


def spare_of(guard: int) -> int:
    """The process below a guard that waits for its words."""
    found: list[int] = []

    def look() -> bool:
        below = psutil.Process(guard).children()
        found[:] = [one.pid for one in below if "--from" in one.cmdline()]
        return bool(found)

    wait_until(look)
    return found[0]


def test_children_report_lines_and_let_none_start_once_stopped(tmp_path) -> None:
    children, lines = Children(tmp_path), []
    assert children.run(["sh", "-c", "echo one; echo two >&2; exit 4"], lines.append) == 4
    assert lines == ["one", "two"]
    children.stop()
    assert children.run(["sh", "-c", "echo three"], lines.append) == -signal.SIGTERM
    assert lines == ["one", "two"]


def test_commands_find_their_module_loaded(started, tmp_path) -> None:
    children, lines = Children(tmp_path), []
    assert children.run(VERSION, lines.append) == 0
    expected = list(lines)
    children.expect("dvc", 2)
    assert len(started) == 2
    for turn in (3, 3, 4):  # each but the last has the next one started, which is expected
        lines.clear()
        assert children.run(VERSION, lines.append) == 0
        assert lines == expected
        assert len(started) == turn
    children.release()


def test_a_wrong_word_has_its_exit_status(tmp_path) -> None:
    children, lines = Children(tmp_path), []
    children.expect("dvc", 1)
    assert children.run(sparing.command("dvc", "no-such-command"), lines.append) == 254
    assert any("no-such-command" in line for line in lines)


def test_another_command_leaves_the_spare_alone(started, tmp_path) -> None:
    children, lines = Children(tmp_path), []
    children.expect("dvc", 1)
    assert children.run(["echo", "one"], lines.append) == 0
    assert lines == ["one"]
    assert is_running(spare_of(started[0]))
    children.release()
    assert not is_running(started[0])


def test_a_spare_that_died_is_replaced(started, tmp_path) -> None:
    children, lines = Children(tmp_path), []
    children.expect("dvc", 1)
    os.kill(spare_of(started[0]), signal.SIGKILL)
    wait_until(lambda: children._spare.process.poll() is not None)
    assert children.run(VERSION, lines.append) == 0
    assert len(started) == 2
    assert len(lines) == 1


def test_a_spare_without_its_guard_runs_nothing(started, tmp_path) -> None:
    children, lines = Children(tmp_path), []
    children.expect("dvc", 1)
    spare = spare_of(started[0])
    os.kill(started[0], signal.SIGKILL)
    wait_until(lambda: children._spare.process.poll() is not None)
    assert is_running(spare)
    assert children.run(VERSION, lines.append) == 0
    wait_until(lambda: not is_running(spare))
    assert len(started) == 2
    assert len(lines) == 1


@pytest.mark.parametrize("end", ["release", "stop"])
def test_no_spare_outlives_the_run(end, started, tmp_path) -> None:
    children = Children(tmp_path)
    children.expect("dvc", 5)
    spare = spare_of(started[0])
    getattr(children, end)()
    assert not is_running(spare)
    assert not is_running(started[0])
    assert len(started) == 1


def test_only_commands_that_are_ours_are_split() -> None:
    assert sparing.split_command(VERSION) == ("dvc", ["--version"])
    assert sparing.split_command(sparing.command("dvc")) == ("dvc", [])
    assert sparing.split_command(["echo", "dvc"]) is None
    assert sparing.split_command(VERSION[:-2]) is None
