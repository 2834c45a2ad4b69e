"""The registry's commands in a real git and DVC repository: exit status, tags, tracked files."""

import json
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from exported_model import served
from judged_project import write_challenger, write_lock, write_params
from workspace import ROOT, run

from sluice.errors import RegistryError
from sluice.params import read_section
from sluice.registry.settings import Gate
from sluice.registry.tags import write_tags

pytestmark = pytest.mark.slow


def prepare(project: Path) -> Path:
    """Put a project into git and DVC, all committed."""
    (project / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc/config", project / ".dvc/config")
    (project / ".gitignore").write_text("data\nmodels\nreports\n.lock\n/.dvc/cache\n/.dvc/tmp\n")
    for words in (
        ("init", "-q"),
        ("config", "user.email", "test@example.org"),
        ("config", "user.name", "Test"),
        ("add", "-A"),
        ("commit", "-qm", "run"),
    ):
        assert run(project, "git", *words).returncode == 0
    return project


def tags(project: Path) -> list[str]:
    return run(project, "git", "tag").stdout.split()


def sluice(project: Path, *words: str) -> subprocess.CompletedProcess:
    return run(project, "sluice", *words)


def test_promote_models_tag_and_gto(project) -> None:
    prepare(project)
    done = sluice(project, "promote")
    assert done.returncode == 0, done.stderr
    assert "decision 1: promoted lstm-0 to version 1" in done.stdout
    assert tags(project) == ["sentiment#prod#1", "sentiment@v1.0.0"]
    assert "v1.0.0" in run(project, "gto", "show", "sentiment#prod").stdout
    assert (project / "registry/versions/1/model.dvc").exists()
    assert sluice(project, "git-tags").stdout == "all tags are there already\n"

    listed = json.loads(sluice(project, "models", "--json").stdout)
    assert [(one["version"], one["state"]) for one in listed] == [(1, "champion")]

    shutil.rmtree(project / "registry/versions/1/model")
    done = sluice(project, "promote")
    assert done.returncode == 1
    assert "dvc pull registry/versions/1/model" in done.stderr
    assert run(project, "dvc", "checkout", "registry/versions/1/model.dvc").returncode == 0

    write_challenger(project, range(90))
    done = sluice(project, "promote")
    assert done.returncode == 3, done.stderr
    assert "decision 2: kept champion: challenger -" in done.stdout
    assert tags(project) == ["sentiment#prod#1", "sentiment@v1.0.0"]


def test_no_tag_for_a_commit_that_has_not_the_dvc_lock(crowned) -> None:
    prepare(crowned)
    gate = read_section(crowned / "params.yaml", "gate", Gate)
    (crowned / "data/more.json").write_text("{}")
    write_lock(crowned)
    assert run(crowned, "git", "commit", "-qam", "another lock").returncode == 0
    with pytest.raises(RegistryError, match=r"HEAD has not the dvc\.lock that made it"):
        write_tags(crowned, gate)
    assert tags(crowned) == []
    (crowned / "data/more.json").unlink()
    write_lock(crowned)
    assert run(crowned, "git", "commit", "-qam", "its lock").returncode == 0
    assert write_tags(crowned, gate) == ["sentiment#prod#1", "sentiment@v1.0.0"]
    assert write_tags(crowned, gate) == []


def test_tags_need_git_and_a_champion(project) -> None:
    gate = read_section(project / "params.yaml", "gate", Gate)
    with pytest.raises(RegistryError, match="no git repository"):
        write_tags(project, gate)
    prepare(project)
    with pytest.raises(RegistryError, match="no champion"):
        write_tags(project, gate)


def test_a_service_goes_on_by_the_export_of_what_is_promoted(project, tmp_path) -> None:
    write_params(project, export=True)
    write_lock(project)
    first = sluice(project, "promote", "--no-tags")
    assert first.returncode == 0, first.stderr
    assert "export: registry/versions/1/onnx: " in first.stdout
    stop, said = threading.Event(), list[int]()

    def ask() -> None:
        while not stop.is_set():
            said.append(service.ask("/predict", {"texts": ["a lovely day"]})[0])

    with served(None, tmp_path / "log", cwd=project) as service:
        caller = threading.Thread(target=ask)
        caller.start()
        try:
            write_challenger(project, hidden=12)
            second = sluice(project, "promote", "--no-tags", "--force", "--reason", "a test")
            assert second.returncode == 0, second.stderr
            deadline = time.monotonic() + 60
            while "version 2, from registry/versions/2/onnx" not in service.log.read_text():
                assert time.monotonic() < deadline, service.log.read_text()
                time.sleep(0.05)
            before = len(said)
            while len(said) < before + 10:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            stop.set()
            caller.join()
        assert set(said) == {200}
        back = sluice(project, "rollback", "--no-tags")
        assert (back.returncode, "export" in back.stdout) == (0, False)  # it is there already
        while "version 1, from registry/versions/1/onnx" not in service.log.read_text():
            assert time.monotonic() < deadline, service.log.read_text()
            time.sleep(0.05)


def test_what_cannot_be_exported_is_promoted_all_the_same(project, tmp_path, monkeypatch) -> None:
    write_params(project, export=True)
    write_lock(project)
    (tmp_path / "onnx.py").write_text("raise ModuleNotFoundError('no onnx here', name='onnx')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = sluice(project, "promote", "--no-tags")
    assert done.returncode == 0, done.stderr
    assert "promoted lstm-0 to version 1" in done.stdout
    assert "note: not exported: sluice export needs onnx: pip install" in done.stderr
