"""The workflows of CI: their form, and their very commands against a local git and DVC remote."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from forge import Forge, serve_forge
from workspace import ROOT, environment, run

FILES = sorted((ROOT / ".github/workflows").glob("*.yaml"))
GITLAB = ROOT / ".gitlab-ci.yml"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
EASY = {"floor": 0.0, "baseline_margin": 1.0, "latency": {"ratio": 50.0, "texts": 2, "rounds": 3}}
NAMES = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "robot"), ("EMAIL", "robot@example.org"))
}


def jobs(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text())["jobs"])


def all_steps() -> list[dict[str, Any]]:
    return [step for path in FILES for job in jobs(path).values() for step in job["steps"]]


def commands(name: str) -> list[str]:
    """What the steps of a job of retrain.yaml run, but for the installation."""
    steps = jobs(ROOT / ".github/workflows/retrain.yaml")[name]["steps"]
    found = [step["run"] for step in steps if "run" in step]
    assert [one for one in found if "make setup" in one] == found[:1]
    return found[1:]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_form_of_a_workflow_is_what_github_takes(path: Path) -> None:
    check = ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = run(ROOT, *check)
    assert done.returncode == 0, done.stdout


def test_the_form_of_the_pipeline_is_what_gitlab_takes() -> None:
    check = ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = run(ROOT, *check, "--data-transform", "gitlab-ci", str(GITLAB))
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not installed")
def test_actionlint_finds_nothing() -> None:
    done = run(ROOT, "actionlint", *map(str, FILES))
    assert done.returncode == 0, done.stdout


def test_actions_are_pinned_by_commit() -> None:
    used = [step["uses"] for step in all_steps() if "uses" in step]
    assert used
    assert [one for one in used if not PINNED.fullmatch(one)] == []


def test_nothing_from_outside_is_pasted_into_a_command() -> None:
    assert [step for step in all_steps() if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_permissions_are_named_and_small(path: Path) -> None:
    whole = yaml.safe_load(path.read_text())
    assert whole["permissions"] in ({}, {"contents": "read"})
    assert "concurrency" in whole
    assert "pull_request_target" not in whole[True]  # YAML reads the key `on` as a truth value
    for name, job in whole["jobs"].items():
        writes = {key for key, value in job.get("permissions", {}).items() if value == "write"}
        assert writes == {"retrain": {"contents"}, "compare": {"pull-requests"}}.get(name, set())
        assert job["timeout-minutes"] <= 360


def test_secrets_reach_only_the_steps_that_talk_to_the_remote() -> None:
    text = (ROOT / ".github/workflows/retrain.yaml").read_text()
    with_secrets = [step for step in all_steps() if "secrets." in json.dumps(step)]
    assert {step["run"] for step in with_secrets} == {
        "scripts/ci/pull.sh",
        "scripts/ci/push.sh",
        "scripts/ci/publish.sh",
    }
    assert text.count("secrets.") == sum(json.dumps(one).count("secrets.") for one in with_secrets)
    compare = jobs(ROOT / ".github/workflows/retrain.yaml")["compare"]
    assert "WRITE" not in json.dumps(compare)


def test_both_forges_run_the_same_commands() -> None:
    gitlab = yaml.safe_load(GITLAB.read_text())
    for name in ("compare", "retrain"):
        theirs = [line for line in gitlab[name]["script"] if not line.startswith("git ")]
        assert theirs == commands(name)
    assert gitlab["tests"]["script"] == ["make test test-faults"]


class Desk:
    """A project with a git remote and a DVC remote, and checkouts of it as CI makes them.

    Its results were pushed, and then the report was given another title.
    """

    def __init__(self, root: Path, finished: Path) -> None:
        self.root = root
        self.bare = root / "origin.git"
        first = Path(shutil.copytree(finished, root / "first", symlinks=True))
        for name in ("scripts/ci", ".dvc/.gitignore"):
            source, target = ROOT / name, first / name
            target.parent.mkdir(exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        params = yaml.safe_load((first / "params.yaml").read_text())
        params["gate"] |= EASY
        params["report"]["title"] = "Another title"
        (first / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        for command in (
            ["dvc", "remote", "add", "-q", "-d", "storage", str(root / "storage")],
            ["dvc", "push", "-q"],
            ["git", "init", "-q", "--bare", "-b", "main", str(self.bare)],
            ["git", "remote", "add", "origin", str(self.bare)],
            ["git", "add", "-A"],
            ["git", "commit", "-qm", "a project with a remote"],
            ["git", "push", "-q", "origin", "HEAD:main"],
        ):
            assert run(first, *command).returncode == 0, command

    def clone(self, name: str) -> Path:
        folder = self.root / name
        assert run(self.root, "git", "clone", "-q", str(self.bare), str(folder)).returncode == 0
        return folder

    def perform(self, folder: Path, lines: list[str], **extra: str) -> str:
        """Run commands as a runner does, each in a shell of its own; give all that was said."""
        known = environment() | NAMES | {"GITHUB_REF_NAME": "main"} | extra
        known["PYTHONPATH"] = str(folder / "src")
        said = ""
        for line in lines:
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line]
            done = subprocess.run(
                shell, cwd=folder, env=known, capture_output=True, text=True, check=False
            )
            said += done.stdout + done.stderr
            assert done.returncode == 0, f"{line}: {said[-4000:]}"
        return said


@pytest.fixture(scope="module")
def desk(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """After the first retraining on the main branch."""
    found = Desk(tmp_path_factory.mktemp("ci"), finished)
    folder = found.clone("runner")
    summary = found.root / "summary.md"
    event = found.root / "push.json"
    event.write_text("{}")
    extra = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_EVENT_PATH": str(event)}
    said = found.perform(folder, commands("retrain"), **extra)
    (found.root / "said.txt").write_text(said)
    return found


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serve_forge() as server:
        yield server


@pytest.mark.slow
def test_a_retraining_commits_pushes_and_tags(desk: Desk) -> None:
    said = (desk.root / "said.txt").read_text()
    assert re.findall("Running stage '(.*)'", said) == ["report"]
    assert "promoted" in said
    tree = run(desk.bare, "git", "ls-tree", "-r", "--name-only", "main").stdout.splitlines()
    assert {"dvc.lock", "reports/metrics/scores.json", "registry/champion.json"} <= set(tree)
    assert [name for name in tree if name.startswith(("models/", "data/raw", "build/"))] == []
    tags = run(desk.bare, "git", "tag").stdout.split()
    assert tags == ["sentiment#prod#1", "sentiment@v1.0.0"]
    assert "macro-F1" in (desk.root / "summary.md").read_text()
    assert list((desk.root / "storage").rglob("*"))


@pytest.mark.slow
def test_a_fresh_clone_pulls_and_runs_no_stage(desk: Desk) -> None:
    fresh = desk.clone("fresh")
    pulled = run(fresh, "dvc", "pull")
    assert pulled.returncode == 0, pulled.stderr
    again = run(fresh, "dvc", "repro")
    assert again.returncode == 0, again.stderr
    assert "Running stage" not in again.stdout
    assert "up to date" in again.stdout
    assert run(fresh, "git", "status", "--short").stdout == ""
    assert (fresh / "reports/report.html").exists()
    assert json.loads(run(fresh, "sluice", "models", "--json").stdout)[0]["version"] == 1


@pytest.mark.slow
def test_a_pull_request_runs_what_it_changes_and_gets_one_comment(desk: Desk, forge: Forge) -> None:
    folder = desk.clone("change")
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["evaluate"]["bootstrap"]["resamples"] = 100
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    run(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "fewer")
    (desk.root / "pull.json").write_text('{"pull_request": {"number": 7}}')
    extra = {
        "GITHUB_EVENT_PATH": str(desk.root / "pull.json"),
        "GITHUB_API_URL": forge.address,
        "GITHUB_REPOSITORY": "someone/project",
        "GITHUB_TOKEN": "secret-token",
        "GITHUB_BASE_REF": "main",
    }
    said = desk.perform(folder, commands("compare"), **extra)
    assert "Running stage 'evaluate'" in said
    assert "Running stage 'train@bilstm-0'" not in said
    assert len(forge.comments) == 1
    body = forge.comments[0]["body"]
    for words in ("macro-F1", "Metrics against", "evaluate.bootstrap.resamples", "scores.json"):
        assert words in body
    assert (folder / "build/ci/plots/index.html").exists()
    assert "secret-token" not in said + body
    again = desk.perform(folder, commands("compare"), **extra)
    assert "Running stage" not in again
    assert len(forge.comments) == 1
    forge.read_only = True
    desk.perform(folder, commands("compare")[-1:], **extra)


@pytest.mark.slow
def test_a_damaged_file_of_the_remote_is_not_used(desk: Desk) -> None:
    folder = desk.clone("damaged")
    lock = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    md5 = lock["augment"]["outs"][0]["md5"]
    stored = next((desk.root / "storage").rglob(md5[2:]))
    whole = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_bytes(b"#" + whole[1:])
    try:
        said = desk.perform(folder, commands("retrain")[:2])
    finally:
        stored.write_bytes(whole)
    assert "Running stage 'augment'" in said
    assert "Running stage 'clean'" not in said
    assert (folder / "data/augmented/train.parquet").read_bytes() == whole


@pytest.mark.slow
def test_a_branch_that_has_moved_gets_both_commits(desk: Desk) -> None:
    ours, theirs = desk.clone("ours"), desk.clone("theirs")
    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    (theirs / "NOTES.md").write_text("meanwhile")
    run(theirs, "git", "add", "-A")
    run(theirs, "git", *author, "commit", "-qm", "meanwhile")
    assert run(theirs, "git", "push", "-q", "origin", "HEAD:main").returncode == 0
    (ours / "reports/metrics/extra.json").write_text("{}")
    desk.perform(ours, commands("retrain")[-1:])
    tree = run(desk.bare, "git", "ls-tree", "-r", "--name-only", "main").stdout
    assert "NOTES.md" in tree
    assert "reports/metrics/extra.json" in tree


@pytest.mark.slow
def test_results_that_contradict_the_branch_go_aside(desk: Desk) -> None:
    ours, theirs = desk.clone("ours2"), desk.clone("theirs2")
    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for folder, content in ((ours, '{"a": 1}'), (theirs, '{"a": 2}')):
        (folder / "reports/metrics/scores.json").write_text(content)
    run(theirs, "git", *author, "commit", "-qam", "meanwhile")
    assert run(theirs, "git", "push", "-q", "origin", "HEAD:main").returncode == 0
    known = environment() | NAMES | {"GITHUB_REF_NAME": "main", "PYTHONPATH": str(ours / "src")}
    done = subprocess.run(
        ["bash", "-e", "-c", commands("retrain")[-1]],
        cwd=ours,
        env=known | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    aside = re.search(r"its results are on (retrain-\w+)", done.stdout)
    assert aside, done.stderr
    kept = run(desk.bare, "git", "show", f"{aside[1]}:reports/metrics/scores.json")
    assert kept.stdout == '{"a": 1}'
    main = run(desk.bare, "git", "show", "main:reports/metrics/scores.json")
    assert main.stdout == '{"a": 2}'
