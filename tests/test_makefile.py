"""The two commands: what `make` exports, installs and starts; and a source archive without git."""

import os
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
from workspace import ROOT, environment, make_workspace, run

from sluice.command import QUIET

SILENT = QUIET | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def make(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess:
    """Run make as from a fresh shell: nothing of an outer make, none of the variables set."""
    outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VENV", "PYTHON", "TORCH_INDEX", *SILENT}
    kept = {key: value for key, value in environment().items() if key not in outer}
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=folder,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )


# Nothing phones home


@pytest.mark.parametrize("before", [{}, dict.fromkeys(SILENT, "0")])
def test_every_command_that_make_starts_is_told_to_be_silent(before: dict, tmp_path: Path) -> None:
    probe = tmp_path / "probe.mk"
    probe.write_text("include Makefile\nprobe: ; @env\n")
    done = make(ROOT, "-f", str(probe), "probe", **before)
    assert done.returncode == 0, done.stderr
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert {name: seen.get(name) for name in SILENT} == SILENT
    assert seen["PATH"].startswith(f"{ROOT / '.venv'}/bin:")


def test_dvc_is_silent_for_who_calls_it_by_hand() -> None:
    config = ConfigParser()
    config.read_string(re.sub(r"^\s+", "", (ROOT / ".dvc/config").read_text(), flags=re.MULTILINE))
    assert config["core"]["analytics"] == "false"
    assert config["core"]["check_update"] == "false"


def test_processes_of_ours_pass_the_variables_on() -> None:
    """Whoever starts a process with an environment of its own builds it on the present one."""
    for folder in ("src", "scripts", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            assert "os.system" not in text, path
            for given in re.findall(r"\benv=([^,)]*)", text):
                assert f"{given} = os.environ" in text or "os.environ" in given, f"{path}: {given}"


# The commands


def test_help_is_the_default_and_names_every_target() -> None:
    done = make(ROOT)
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert done.returncode == 0
    for target in targets[0].split():
        assert re.search(rf"^{target} +\S", done.stdout, re.MULTILINE), target


def test_run_checks_reproduces_and_sums_up_in_this_order() -> None:
    lines = make(ROOT, "-n", "run").stdout.splitlines()
    assert lines[-3:] == ["sluice check", "dvc repro", "sluice summary"]


def test_test_runs_linter_types_and_tests_and_ci_runs_all_tests() -> None:
    done = make(ROOT, "-n", "test").stdout
    for command in ("ruff check .", "ruff format --check .", "mypy", "-m pytest"):
        assert command in done
    assert done.rstrip().endswith(' -m "not faults"')
    assert make(ROOT, "-n", "test-faults").stdout.rstrip().endswith(" -m faults")
    commands = [
        line for line in (ROOT / ".ci/run").read_text().splitlines() if not line.startswith("#")
    ]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test test-faults"]
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The files that setup reads, and an environment whose python only notes how it is called."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml", ".dvc/config"):
        target = tmp_path / "project" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    python = tmp_path / "project/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    python.chmod(0o755)
    return tmp_path / "project"


def setup(folder: Path, *words: str) -> list[str]:
    done = make(folder, "setup", "PYTHON=true", "VENV=venv", *words)
    assert done.returncode == 0, done.stderr
    return (folder.parent / "calls").read_text().splitlines()


def test_setup_installs_torch_alone_then_the_lock_then_us_and_checks(bare: Path) -> None:
    assert setup(bare) == [
        "-m pip install --quiet torch==2.13.0",
        "-m pip install --quiet --no-deps -r requirements.lock",
        "-m pip install --quiet --no-deps --no-build-isolation -e .",
        "-m pip check",
    ]
    assert len(setup(bare)) == 4  # and not again
    os.utime(bare / "requirements.lock", (2**31, 2**31))
    assert len(setup(bare)) == 8  # but for a newer lock


def test_an_index_of_cpu_builds_is_for_torch_alone(bare: Path) -> None:
    first, *others = setup(bare, "TORCH_INDEX=https://example.org/cpu")
    assert first == "-m pip install --quiet --extra-index-url https://example.org/cpu torch==2.13.0"
    assert not any("example.org" in call for call in others)


def test_a_failing_installation_is_tried_again(bare: Path) -> None:
    (bare / "venv/bin/python").write_text("#!/bin/sh\nexit 1\n")
    assert make(bare, "setup", "PYTHON=true", "VENV=venv").returncode != 0
    assert not (bare / "venv/.ready").exists()


@pytest.mark.parametrize("git", [True, False])
def test_dvc_goes_without_scm_where_there_is_no_history(git: bool, bare: Path) -> None:
    if git:
        (bare / ".git").mkdir()
    setup(bare)
    local = bare / ".dvc/config.local"
    assert local.exists() is not git
    if not git:
        assert local.read_text() == "[core]\n    no_scm = true\n"


@pytest.mark.slow
def test_dvc_reads_the_graph_of_a_source_archive(tmp_path: Path) -> None:
    folder = make_workspace(tmp_path / "archive", git=False)
    done = run(folder, "dvc", "status")
    assert done.returncode == 0, done.stderr
    assert "train@bilstm-0:" in done.stdout
    (folder / ".dvc/config.local").unlink()
    without = run(folder, "dvc", "status")
    assert without.returncode != 0
    assert "not a git repository" in without.stderr.lower() or "scm" in without.stderr.lower()


# What a clone holds


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a source archive: there is no git")
def test_git_holds_nothing_of_this_machine() -> None:
    listed = run(ROOT, "git", "ls-files", "--cached", "--ignored", "--exclude-standard")
    assert (listed.returncode, listed.stdout) == (0, "")
    stages = run(ROOT, "git", "ls-files", "--stage").stdout.splitlines()
    assert len(stages) > 500
    assert [line for line in stages if line.startswith("120000")] == []  # links point elsewhere
