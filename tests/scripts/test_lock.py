"""The lock: how it is made, and what the one that is committed must hold."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from workspace import ROOT

from scripts import load_script

lock = load_script("lock")
LOCKED = dict(
    line.split("==")
    for line in (ROOT / "requirements.lock").read_text().splitlines()
    if not line.startswith("#")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
COMPROMISED = ("2.6.2", "2.6.3")


# Making it


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Make a lock of what pip is made to report; pip itself is not started."""

    def make(**versions: str) -> str:
        def run(command: list[str], check: bool) -> None:
            assert check
            wanted = {"--dry-run", "--ignore-installed", ".[train,serve,export,dev,wordnet]"}
            assert wanted <= set(command)
            found = [
                {"metadata": {"name": name.replace("__", "."), "version": version}}
                for name, version in versions.items()
            ]
            report = Path(command[command.index("--report") + 1])
            report.write_text(json.dumps({"install": found}))

        target = tmp_path / "requirements.lock"
        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr(sys, "argv", ["lock.py", str(target)])
        lock.main()
        return target.read_text()

    return make


def test_names_are_normal_and_sorted_and_versions_public(make) -> None:
    text = make(torch="2.13.0+cpu", PyYAML="6.0", ruamel__yaml="0.19", Sluice="0.1.0")
    assert text.splitlines()[1:] == ["pyyaml==6.0", "ruamel-yaml==0.19", "torch==2.13.0"]
    assert text.startswith("# Made by `make lock`")


def test_what_torch_pulls_in_for_a_gpu_is_left_to_torch(make) -> None:
    gpu = {"nvidia-cublas-cu12": "1", "cuda-bindings": "13", "triton": "3", "nvidia_nccl": "2"}
    assert make(**gpu, tritonclient="1").splitlines()[1:] == ["tritonclient==1"]


def test_what_only_older_pythons_need_comes_with_what_needs_it(make) -> None:
    assert make(redis="8.1.0").splitlines()[1:] == ["async-timeout==5.0.1", "redis==8.1.0"]


@pytest.mark.parametrize("version", COMPROMISED)
@pytest.mark.parametrize("name", ["lightning", "pytorch-lightning", "Pytorch_Lightning"])
def test_a_compromised_release_makes_no_lock(name, version, make, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="compromised release"):
        make(**{name: version})
    assert not (tmp_path / "requirements.lock").exists()
    assert make(**{name: "2.6.6"})


# The committed one


def test_every_line_is_one_exact_version() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()[1:]
    assert [line.split("==")[0] for line in lines] == sorted(LOCKED)
    for line in lines:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.]*", line), line


def test_torch_is_the_pinned_one_and_no_gpu_package_is_named() -> None:
    assert LOCKED["torch"] == "2.13.0"
    assert not [name for name in LOCKED if re.search(r"nvidia|cuda|triton|cu12|cu13", name)]


@pytest.mark.parametrize("version", COMPROMISED)
def test_compromised_releases_can_never_be_picked(version: str) -> None:
    wanted = {one.name: one for one in map(Requirement, EXTRAS["train"])}
    assert version not in wanted["pytorch-lightning"].specifier
    assert LOCKED["pytorch-lightning"] != version
    assert "lightning" not in LOCKED


def wanted() -> Iterator[Requirement]:
    asked = (EXTRAS[name] for name in lock.EXTRAS.split(","))
    for line in (*PROJECT["dependencies"], *(line for extra in asked for line in extra)):
        yield Requirement(line)


def test_the_lock_fulfils_what_the_project_asks_for() -> None:
    for one in wanted():
        name = canonicalize_name(one.name)
        assert name in LOCKED, f"{name} is not locked: run make lock"
        assert LOCKED[name] in one.specifier, f"{one} and {LOCKED[name]}"


OLDEST = {"python_version": "3.11", "python_full_version": "3.11.0"}


def needs(one: Requirement) -> Iterator[Requirement]:
    """What an installed distribution needs, here or on the first Python 3.11, for its extras."""
    for line in requires(one.name) or ():
        need = Requirement(line)
        extras = [{"extra": extra} for extra in ("", *one.extras)]
        places = [extra | python for extra in extras for python in ({}, OLDEST)]
        if need.marker is None or any(need.marker.evaluate(place) for place in places):
            yield need


def test_the_lock_is_closed_and_agrees_with_itself() -> None:
    """Everything that anything locked needs is locked too, at a version that fits."""
    seen: set[str] = set()
    waiting = list(wanted())
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if str(one) in seen or lock.GPU_ONLY.match(name):
            continue
        seen.add(str(one))
        assert name in LOCKED, f"{name} is needed and not locked"
        assert one.specifier.contains(LOCKED[name], prereleases=True), f"{one}: {LOCKED[name]}"
        try:
            waiting += needs(one)
        except PackageNotFoundError:  # the environment is being changed: make setup mends it
            pytest.fail(f"{name} is locked and not installed: run make setup")
