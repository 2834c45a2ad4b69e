"""Judged projects for the tests of the registry; made once, copied for each test."""

import shutil
from pathlib import Path

import pytest
from judged_project import write_project

from sluice.registry.judging import judge_challenger
from sluice.registry.promotion import promote


@pytest.fixture(scope="session")
def fresh_project(tmp_path_factory) -> Path:
    return write_project(tmp_path_factory.mktemp("fresh") / "project", upset=range(0, 120, 4))


@pytest.fixture(scope="session")
def crowned_project(fresh_project, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("crowned") / "project"
    shutil.copytree(fresh_project, root)
    assert promote(root, judge_challenger(root)).action == "promoted"
    return root


@pytest.fixture
def project(fresh_project, tmp_path: Path) -> Path:
    """A project without a champion; its run is right on all of 120 test rows."""
    return Path(shutil.copytree(fresh_project, tmp_path / "project"))


@pytest.fixture
def crowned(crowned_project, tmp_path: Path) -> Path:
    """The project with its model as champion, which is wrong on every fourth test row."""
    return Path(shutil.copytree(crowned_project, tmp_path / "project"))
