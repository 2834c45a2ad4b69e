"""The comment of CI: one, updated in place, and never a reason for a job to fail."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forge import BOT, Forge, serve_forge
from workspace import ROOT

MARKER = "<!-- sluice report -->"


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serve_forge() as server:
        yield server


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "build/ci").mkdir(parents=True)
    (tmp_path / "build/ci/report.md").write_text(f"{MARKER}\n## First\n")
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    return tmp_path


def comment(job: Path, forge: Forge, **changes: str) -> subprocess.CompletedProcess[str]:
    known = {
        "PATH": os.environ["PATH"],
        "GITHUB_EVENT_PATH": str(job / "event.json"),
        "GITHUB_API_URL": forge.address,
        "GITHUB_REPOSITORY": "someone/project",
        "GITHUB_TOKEN": "secret-token",
        "GITHUB_STEP_SUMMARY": str(job / "summary.md"),
    }
    known |= changes
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/ci/comment.py")],
        cwd=job,
        env={name: value for name, value in known.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "secret-token" not in done.stdout + done.stderr
    return done


GITLAB = {
    "GITHUB_EVENT_PATH": "",
    "GITHUB_STEP_SUMMARY": "",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_PROJECT_ID": "5",
    "SLUICE_GITLAB_TOKEN": "secret-token",
}


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_the_comment_is_written_once_and_then_updated(job: Path, forge: Forge, kind: str) -> None:
    changes: dict[str, Any] = GITLAB | {"CI_API_V4_URL": forge.address} if kind == "gitlab" else {}
    forge.add("a person's words", {"login": "someone", "type": "User", "id": 1})
    assert comment(job, forge, **changes).returncode == 0
    (job / "build/ci/report.md").write_text(f"{MARKER}\n## Second\n")
    assert comment(job, forge, **changes).returncode == 0
    assert [one["body"] for one in forge.comments] == [
        "a person's words",
        f"{MARKER}\n## Second\n",
    ]


def test_the_comment_is_found_behind_many_others(job: Path, forge: Forge) -> None:
    for number in range(150):
        forge.add(f"remark {number}", {"login": "someone", "type": "User", "id": 1})
    forge.add(f"{MARKER}\nold", BOT)
    assert comment(job, forge).returncode == 0
    assert len(forge.comments) == 151
    assert "First" in forge.comments[-1]["body"]


def test_a_comment_of_somebody_else_that_bears_the_mark_is_let_be(job: Path, forge: Forge) -> None:
    forge.add(f"{MARKER}\nmine", {"login": "someone", "type": "User", "id": 1})
    assert comment(job, forge).returncode == 0
    assert [one["user"]["login"] for one in forge.comments] == ["someone", BOT["login"]]
    assert forge.comments[0]["body"].endswith("mine")


def test_the_token_of_a_fork_may_only_read_and_the_summary_has_the_report(
    job: Path, forge: Forge
) -> None:
    forge.read_only = True
    done = comment(job, forge)
    assert done.returncode == 0
    assert "no comment (403): the report is in the job's summary" in done.stderr
    assert forge.comments == []
    assert "## First" in (job / "summary.md").read_text()


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_token_that_is_none_is_no_failure(job: Path, forge: Forge, token: str) -> None:
    done = comment(job, forge, GITHUB_TOKEN=token)
    assert (done.returncode, forge.comments) == (0, [])
    assert "no comment (401)" in done.stderr


def test_a_forge_that_is_away_is_no_failure(job: Path, forge: Forge) -> None:
    done = comment(job, forge, GITHUB_API_URL="http://127.0.0.1:9")
    assert done.returncode == 0
    assert "no comment (ConnectionError)" in done.stderr


def test_what_may_be_repeated_is_and_a_new_comment_is_not(job: Path, forge: Forge) -> None:
    forge.failures = [502]
    assert comment(job, forge).returncode == 0
    assert [line.split()[0] for line in forge.asked] == ["GET", "GET", "POST"]


def test_without_a_pull_request_only_the_summary_is_written(job: Path, forge: Forge) -> None:
    (job / "event.json").write_text("{}")
    done = comment(job, forge)
    assert done.returncode == 0
    assert forge.asked == []
    assert "## First" in (job / "summary.md").read_text()


def test_a_long_report_is_cut_to_what_a_comment_may_hold(job: Path, forge: Forge) -> None:
    (job / "build/ci/report.md").write_text(MARKER + "x" * 100_000)
    assert comment(job, forge).returncode == 0
    assert 60_000 <= len(forge.comments[0]["body"]) <= 65_536
    assert "the whole report is among the job's files" in forge.comments[0]["body"]
