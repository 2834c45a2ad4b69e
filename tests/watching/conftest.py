"""A champion with random weights, and texts it was not made for; projects are made once."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from judged_project import WORDS, write_model, write_project

from sluice.registry.judging import judge_challenger
from sluice.registry.promotion import promote
from sluice.serving.model import Model, load_model
from sluice.watching.reading import Seen, see

OTHER = [f"topic{letter}{other}" for letter in "mnopqr" for other in "stuvwx"]


def write_texts(words: list[str], count: int, seed: int) -> list[str]:
    """Texts of two to eight words."""
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(words, generator.integers(2, 9))) for _ in range(count)]


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Model:
    return load_model(write_model(tmp_path_factory.mktemp("model") / "lstm/0"))


@pytest.fixture(scope="session")
def pool(model) -> Seen:
    """Many texts of one kind, as the model sees them."""
    return see(model, write_texts(WORDS, 3000, 0))


@pytest.fixture(scope="session")
def shifted(model) -> Seen:
    """Texts of another topic."""
    return see(model, write_texts(OTHER, 400, 1))


@pytest.fixture(scope="session")
def crowned_project(tmp_path_factory) -> Path:
    root = write_project(tmp_path_factory.mktemp("crowned") / "project")
    assert promote(root, judge_challenger(root)).action == "promoted"
    return root


@pytest.fixture
def crowned(crowned_project, tmp_path: Path, monkeypatch) -> Path:
    """A project with a champion; the present folder is its root."""
    root = Path(shutil.copytree(crowned_project, tmp_path / "project"))
    monkeypatch.chdir(root)
    return root
