"""The one file that says which version is the champion, and the lock around its changes.

In: a project's folder. Out: a `Pointer`, or the file with a new one, replaced by a single rename: a
kill at any moment leaves the old pointer or the new one. What stands behind it is not looked at.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field
from zc.lockfile import LockError, LockFile

from sluice.errors import ParamsError, RegistryError
from sluice.files import read_json, staged, write_json
from sluice.params import Section, parse_section

FOLDER = Path("registry")
POINTER = FOLDER / "champion.json"
LOCK = FOLDER / ".lock"


class Change(Section):
    """One change of the pointer."""

    version: int = Field(ge=1)
    """The version that became the champion."""
    sha256: str
    """Of its version.json, which holds the hashes of its files."""
    record: int = Field(ge=1)
    """Number of the record that says why."""
    at: str
    """When, in UTC (ISO 8601)."""


class Pointer(Section):
    """Which version is the champion, and which ones were before, the present one last."""

    format: int = Field(default=1, ge=1, le=1)
    """Version of this form."""
    changes: tuple[Change, ...] = Field(min_length=1)
    """All changes, the latest last."""

    @property
    def champion(self) -> int:
        """The champion's version."""
        return self.changes[-1].version

    def change_to(self, version: int) -> Change | None:
        """The latest change to a version; None if it has never been the champion."""
        found = (change for change in reversed(self.changes) if change.version == version)
        return next(found, None)


def read_pointer(root: Path) -> Pointer | None:
    """Read the pointer; None if nothing was ever promoted.

    Raises:
        RegistryError: the file is of another form.
    """
    path = root / POINTER
    if not path.exists():
        return None
    try:
        return parse_section(read_json(path), Pointer, str(path))
    except (ParamsError, TypeError, ValueError) as error:
        raise RegistryError(f"{error}: restore the file with git") from error


def sync_folder(path: Path) -> None:
    """Have the system write a folder's entries, so that a rename outlives a power cut (POSIX)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_pointer(root: Path, before: Pointer | None, change: Change) -> None:
    """Replace the pointer by one with a further change; the caller holds the lock."""
    changes = (*(before.changes if before else ()), change)
    with staged(root / POINTER) as (part,):
        write_json(Pointer(changes=changes).model_dump(mode="json"), part)
    sync_folder(root / FOLDER)


def _holder(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() or "unknown"


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Keep other processes from changing the registry until the block ends.

    The system takes the lock from a process that dies, however it dies; the file with its number
    stays and is in nobody's way.

    Raises:
        RegistryError: another process holds the lock; it names the process.
    """
    path = root / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = LockFile(str(path))
    except LockError as error:
        raise RegistryError(
            f"{path}: process {_holder(path)} is changing the registry: try again when it is done"
        ) from error
    try:
        yield
    finally:
        lock.close()
