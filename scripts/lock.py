"""Resolve pyproject.toml into a lock of exact versions, with pip alone.

Usage: python scripts/lock.py requirements.lock

The lock names what training, serving, export, the tests and WordNet need on any machine. What torch
itself pulls in for a GPU (its CUDA packages) is left to torch, which pins those exactly: so the
same lock serves machines with and without one.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

EXTRAS = "train,serve,export,dev,wordnet"
NEVER = {("lightning", "2.6.2"), ("lightning", "2.6.3")}
NEVER |= {("pytorch-lightning", version) for _, version in NEVER}
# What a distribution asks for on the first Pythons 3.11 only, which pip leaves out on a newer one.
OLDER_PYTHON = {"redis": ("async-timeout", "5.0.1")}
GPU_ONLY = re.compile(r"^(nvidia-|cuda-|triton$)")


def resolve() -> dict[str, str]:
    """Ask pip which version of each distribution it would install."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
        command += ["--ignore-installed", "--report", str(report), f".[{EXTRAS}]"]
        subprocess.run(command, check=True)
        installs = json.loads(report.read_text())["install"]
    names = {re.sub(r"[-_.]+", "-", one["metadata"]["name"]).lower(): one for one in installs}
    # A local version (2.13.0+cpu) exists on this machine only; the public one means them all.
    return {name: one["metadata"]["version"].split("+")[0] for name, one in names.items()}


def main() -> None:
    """Write the lock named on the command line."""
    versions = resolve()
    versions.pop("sluice", None)
    bad = NEVER & set(versions.items())
    if bad:
        sys.exit(f"error: compromised release resolved: {bad}")
    versions |= dict(more for name, more in OLDER_PYTHON.items() if name in versions)
    kept = {name: version for name, version in versions.items() if not GPU_ONLY.match(name)}
    lines = ["# Made by `make lock`; exact versions of everything that Sluice installs."]
    lines += [f"{name}=={version}" for name, version in sorted(kept.items())]
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
