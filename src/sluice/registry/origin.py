"""From what code and data the present outputs were made, and whether they are those of dvc.lock.

In: a project's folder. Out: an `Origin`, or an error that names the file that is not current.
Nothing is run: `dvc repro` is what makes files current.
"""

import hashlib
from pathlib import Path
from typing import Any

from scmrepo.exceptions import SCMError
from scmrepo.git import Git

from sluice.errors import DataError
from sluice.params import read_yaml
from sluice.registry.decisions import Origin
from sluice.version import __version__

LOCK = "dvc.lock"


def open_git(root: Path) -> Git | None:
    """The repository whose root is the project's folder; None where there is none."""
    try:
        return Git(str(root), search_parent_directories=False)
    except SCMError:
        return None


def hash_lock(root: Path) -> str | None:
    """SHA-256 of dvc.lock; None without one."""
    path = root / LOCK
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def _outputs(root: Path) -> dict[str, str]:
    """MD5 of each file that a stage of dvc.lock wrote, by path."""
    stages = read_yaml(root / LOCK).get("stages") or {}
    outs: list[dict[str, Any]] = [out for stage in stages.values() for out in stage.get("outs", [])]
    return {out["path"]: out["md5"] for out in outs if "md5" in out}


def check_current(root: Path, paths: list[str]) -> None:
    """See that each file is the one that dvc.lock names.

    Args:
        root: the project.
        paths: outputs of stages, relative to it.

    Raises:
        DataError: one is not, or no stage has written it; nothing is known without dvc.lock.
    """
    if not (root / LOCK).exists():
        raise DataError(f"{root / LOCK} is missing: run dvc repro; the gate judges what it made")
    known = _outputs(root)
    for path in paths:
        content = (root / path).read_bytes() if (root / path).exists() else None
        found = content and hashlib.md5(content, usedforsecurity=False).hexdigest()
        if path not in known or found != known[path]:
            raise DataError(f"{root / path} is not the file of {LOCK}: run dvc repro first")


def describe_origin(root: Path) -> Origin:
    """Say which commit, which dvc.lock and which data files are there now."""
    git, lock = open_git(root), hash_lock(root)
    try:
        commit = git.get_rev() if git else None
        changed = git.is_dirty(untracked_files=False) if git and commit else None
    finally:
        if git:
            git.close()  # type: ignore[no-untyped-call]  # scmrepo has no types there
    outputs = _outputs(root) if lock else {}
    data = {path: md5 for path, md5 in outputs.items() if path.startswith("data/")}
    return Origin(commit=commit, changed=changed, sluice=__version__, dvc_lock=lock, data=data)
