"""A stage's command line: exit statuses, one line for each error, silence towards the network."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from sluice.command import explain_os_error, run_app, run_stage
from sluice.errors import DataError, SluiceError

QUIET = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


def app_that(action: Callable[[], Any]) -> typer.Typer:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    @app.command()
    def command() -> None:
        action()

    return app


def fail_with(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


@pytest.fixture
def argv(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return lambda *words: monkeypatch.setattr(sys, "argv", ["stage", *map(str, words)])


def status_of(run: Callable[[], None]) -> int:
    with pytest.raises(SystemExit) as caught:
        run()
    return int(caught.value.code or 0)


# Errors


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full (out.json): free some space"),
        (errno.EDQUOT, "the disk is full (out.json): free some space"),
        (errno.EFBIG, "larger than the system allows (out.json): raise the limit (ulimit -f"),
        (errno.EACCES, "Permission denied (out.json)"),
        (errno.EROFS, "Read-only file system (out.json)"),
    ],
)
def test_what_the_system_refuses_is_said_with_the_file(number: int, words: str) -> None:
    message = explain_os_error(OSError(number, os.strerror(number), "out.json"))
    assert message.startswith(words) or words in message
    assert "\n" not in message


def test_libraries_that_raise_without_number_or_file_are_still_one_line() -> None:
    assert explain_os_error(OSError("broken\n  page")) == "broken page"
    assert explain_os_error(OSError(errno.ENOSPC, "Error writing\nbytes")).startswith("the disk is")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (SluiceError("x.csv: row 3: no text"), "error: x.csv: row 3: no text\n"),
        (DataError("two classes"), "error: two classes\n"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "a"), "error: Is a directory (a)\n"),
    ],
)
def test_a_users_error_is_one_line_and_status_1(error, line: str, argv, capsys) -> None:
    argv()
    assert status_of(lambda: run_app(app_that(fail_with(error)))) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", line)


def test_a_defect_of_ours_keeps_its_traceback(argv) -> None:
    argv()
    with pytest.raises(KeyError, match="ours"):
        run_app(app_that(fail_with(KeyError("ours"))))


@given(st.text())
def test_no_message_steers_the_terminal(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        written: list[str] = []
        patch.setattr(sys, "argv", ["stage"])
        patch.setattr(sys.stderr, "write", written.append)
        assert status_of(lambda: run_app(app_that(fail_with(SluiceError(text))))) == 1
    line = "".join(written)
    assert line.endswith("\n")
    assert all(letter.isprintable() for letter in line.replace("\n", ""))
    if text.isprintable():
        assert line == f"error: {text}\n"


# The command line of a stage


def double(source: Path, target: Path, times: int = 2) -> None:
    """Copy SOURCE to TARGET a few times."""
    target.write_text(source.read_text() * times)


def test_the_signature_is_the_command_line(argv, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("ab")
    argv(tmp_path / "in", tmp_path / "out", "--times", "3")
    assert status_of(lambda: run_stage(double)) == 0
    assert (tmp_path / "out").read_text() == "ababab"


@pytest.mark.parametrize("words", [(), ("in",), ("in", "out", "more"), ("in", "out", "--tims", 3)])
def test_wrong_arguments_are_status_2_and_usage(words, argv, capsys) -> None:
    argv(*words)
    assert status_of(lambda: run_stage(double)) == 2
    said = capsys.readouterr().err
    assert "Usage:" in said
    assert "Traceback" not in said


def test_help_is_the_docstring(argv, capsys) -> None:
    argv("--help")
    assert status_of(lambda: run_stage(double)) == 0
    assert "Copy SOURCE to TARGET a few times." in capsys.readouterr().out


def test_a_missing_input_names_the_file(argv, capsys, tmp_path: Path) -> None:
    argv(tmp_path / "absent", tmp_path / "out")
    assert status_of(lambda: run_stage(double)) == 1
    assert capsys.readouterr().err == f"error: No such file or directory ({tmp_path}/absent)\n"


# Nothing phones home


def test_a_stage_sets_the_quiet_variables_and_keeps_the_users_own(argv, monkeypatch) -> None:
    for name in QUIET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    seen: dict[str, str] = {}
    argv()
    assert status_of(lambda: run_app(app_that(lambda: seen.update(os.environ)))) == 0
    assert {name: seen[name] for name in QUIET} == QUIET | {"DO_NOT_TRACK": "true"}


def test_the_client_of_a_hub_is_told_before_it_is_loaded() -> None:
    """Lightning's metrics load it, where transformers is installed, as a stage is imported."""
    asked = "import sluice.stages.train, huggingface_hub.constants as c\n"
    asked += "print(c.HF_HUB_DISABLE_TELEMETRY)"
    others = {name: value for name, value in os.environ.items() if name not in QUIET}
    found = subprocess.run(
        [sys.executable, "-c", asked], env=others, capture_output=True, text=True, check=True
    )
    assert found.stdout == "True\n"
