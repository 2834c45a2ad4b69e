"""DVC remotes: a folder, and an S3 API on the loopback (moto's server, in a process of its own)."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from dvc.repo import Repo
from workspace import environment, make_workspace

from flows.server import find_free_port

GRAPH = """
stages:
  copy:
    cmd: mkdir -p many && cp in.txt many/a.txt && echo b > many/b.txt && echo 1 > score.json
    deps: [in.txt]
    outs: [many: {persist: true}]
    metrics: [score.json: {cache: false, persist: true}]
"""
KEYS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment() | KEYS,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an S3 API with a bucket named data."""
    port = find_free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("w") as handle, subprocess.Popen(command, stdout=handle, stderr=handle) as server:
        for _ in range(300):
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        address = f"http://127.0.0.1:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="eu-west-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )
        client.create_bucket(
            Bucket="data", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield address
        server.terminate()


def project(folder: Path, remote: list[list[str]]) -> Path:
    """A project in git whose one stage has run, with a remote."""
    folder.mkdir()
    (folder / "in.txt").write_text("whole\n")
    (folder / "dvc.yaml").write_text(GRAPH)
    (folder / ".gitignore").write_text("/many\n")
    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    commands = [["git", "init", "-q"], ["dvc", "init", "-q"], *remote, ["dvc", "repro", "-q"]]
    commands += [["git", "add", "-A"], ["git", *author, "commit", "-qm", "start"]]
    for command in commands:
        done = run(folder, *command)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    return folder


def clone_and_pull(first: Path, target: Path) -> subprocess.CompletedProcess[str]:
    assert run(first, "git", "clone", "-q", str(first), str(target)).returncode == 0
    return run(target, "dvc", "pull")


def add_folder(path: Path) -> list[list[str]]:
    return [["dvc", "remote", "add", "-q", "-d", "storage", str(path)]]


def check_round(first: Path, target: Path) -> None:
    """Push, clone, pull: the same files, and no stage to run."""
    pushed = run(first, "dvc", "push")
    assert pushed.returncode == 0, pushed.stderr
    assert "3 files pushed" in pushed.stdout
    pulled = clone_and_pull(first, target)
    assert pulled.returncode == 0, pulled.stderr
    assert (target / "many/a.txt").read_text() == "whole\n"
    again = run(target, "dvc", "repro")
    assert "Running stage" not in again.stdout
    assert "up to date" in again.stdout
    assert run(target, "dvc", "status", "--cloud").stdout.strip().endswith("in sync.")


def test_a_folder_as_remote(tmp_path: Path) -> None:
    first = project(tmp_path / "first", add_folder(tmp_path / "storage"))
    check_round(first, tmp_path / "second")


def test_s3_as_remote(tmp_path: Path, s3: str) -> None:
    remote = [["dvc", "remote", "add", "-q", "-d", "storage", "s3://data/sluice"]]
    remote += [["dvc", "remote", "modify", "storage", "endpointurl", s3]]
    check_round(project(tmp_path / "first", remote), tmp_path / "second")


def test_a_bucket_that_is_not_there_is_said(tmp_path: Path, s3: str) -> None:
    remote = [["dvc", "remote", "add", "-q", "-d", "storage", "s3://nowhere/sluice"]]
    remote += [["dvc", "remote", "modify", "storage", "endpointurl", s3]]
    pushed = run(project(tmp_path / "first", remote), "dvc", "push")
    assert pushed.returncode != 0
    assert "bucket does not exist" in pushed.stderr


def test_a_damaged_copy_on_a_verified_remote_is_refused(tmp_path: Path) -> None:
    remote = add_folder(tmp_path / "storage")
    remote += [["dvc", "remote", "modify", "storage", "verify", "true"]]
    first = project(tmp_path / "first", remote)
    assert run(first, "dvc", "push").returncode == 0
    stored = next(
        p for p in (tmp_path / "storage").rglob("*") if p.is_file() and b"whole" in p.read_bytes()
    )
    stored.chmod(0o644)
    stored.write_text("#hole\n")
    pulled = clone_and_pull(first, tmp_path / "second")
    assert pulled.returncode != 0
    assert not (tmp_path / "second/many/a.txt").exists()


def test_a_file_that_the_remote_has_lost_is_made_anew(tmp_path: Path) -> None:
    first = project(tmp_path / "first", add_folder(tmp_path / "storage"))
    assert run(first, "dvc", "push").returncode == 0
    shutil.rmtree(tmp_path / "storage")
    second = tmp_path / "second"
    assert clone_and_pull(first, second).returncode != 0
    assert "Running stage 'copy'" in run(second, "dvc", "repro").stdout
    assert (second / "many/a.txt").read_text() == "whole\n"


def test_git_ignores_what_dvc_caches_and_nothing_else(tmp_path: Path) -> None:
    folder = make_workspace(tmp_path / "project", git=True)
    with Repo(str(folder)) as repo:
        outs = {os.path.relpath(out.fs_path, folder): out.use_cache for out in repo.index.outs}
    asked = subprocess.run(
        ["git", "check-ignore", "--stdin"],
        cwd=folder,
        input="\n".join(f"{path}/x" if "." not in path else path for path in outs),
        capture_output=True,
        text=True,
        check=False,
    )
    ignored = {line.removesuffix("/x") for line in asked.stdout.splitlines()}
    assert ignored == {path for path, cached in outs.items() if cached}
    assert {path for path, cached in outs.items() if not cached} > {"reports/report.md"}
