"""What holds for all tests: how hypothesis judges, who shares a worker, one finished pipeline."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from workspace import make_workspace, reproduce
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# hypothesis judges what is right, not how fast a busy machine is
settings.register_profile("sluice", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sluice")

SHARED = {
    "tests/flows/": "the server",
    "tests/test_pipeline.py": "the finished pipeline",
    "tests/ci/test_workflows.py": "the finished pipeline",
}
"""Tests that share something costly run in one worker; the tests of any other file in one, too."""


def _group(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return next((name for start, name in SHARED.items() if file.startswith(start)), file)


class GroupScheduling(LoadFileScheduling):
    """Gives each group to one worker. (Marks for groups are lost between xdist 3.8, pytest 9.2.)"""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest groups first, so that no worker begins one when the other is done."""
    items.sort(key=lambda item: _group(item.nodeid) not in SHARED.values())


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole pipeline after `dvc repro`, in a git repository; who changes it puts it back."""
    folder = make_workspace(tmp_path_factory.mktemp("git") / "project", git=True)
    reproduce(folder)
    return folder
