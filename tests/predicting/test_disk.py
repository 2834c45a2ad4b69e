"""A disk that is full, or that may not be written: one line, nothing lost, the job goes on."""

import subprocess
import sys
from pathlib import Path

import pytest
from exported_model import COMMAND, write_exported
from stored_model import TEXTS

LIMITED = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_exported(tmp_path_factory.mktemp("models") / "bundle")


def label(folder: Path, source: Path, target: Path, before: str = "") -> tuple[int, str]:
    words = ["predict", "--model", str(folder), "--rows", "50"]
    command = [sys.executable, "-c", before + COMMAND, *words]
    command += ["--from", str(source), "--to", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_full_disk_loses_nothing(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("text\n" + "\n".join(TEXTS * 20) + "\n")
    target, whole = tmp_path / "out.csv", tmp_path / "whole.csv"
    target.write_text("an earlier output")
    status, said = label(folder, source, target, LIMITED.format(8000))  # a part fits, all do not
    assert status == 1
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert target.read_text() == "an earlier output"
    status, said = label(folder, source, target)
    assert (status, said) == (0, "")
    assert label(folder, source, whole)[0] == 0
    assert target.read_bytes() == whole.read_bytes()


def test_a_place_that_cannot_be_written_is_one_line(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("text\na day\n")
    status, said = label(folder, source, Path("/proc/out.csv"))
    assert status == 1
    assert said.startswith("error: ")
    assert said.count("\n") == 1
