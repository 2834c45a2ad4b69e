"""Keeps `dvc.lock` whole, and in the order in which `dvc repro` writes it.

In: the lock files of a graph. Out: the same entries. DVC appends a stage's entry when the stage
ends, so stages side by side would leave an order of chance; and it writes the file in place, so a
kill can leave half of it. What the entries say is DVC's alone.
"""

import functools
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dvc.utils.serialize import ParseError, dumps_yaml, parse_yaml, parse_yaml_for_update

from flows.errors import FlowError
from flows.locks import hold_repository

KEPT = Path(".sluice/flow")


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


@functools.lru_cache(maxsize=16)
def _names(text: str) -> tuple[str, ...] | None:
    """Names in the text of a lock file, of which most stages change little or nothing."""
    try:
        return tuple(parse_yaml(text, "dvc.lock")["stages"])
    except (ParseError, ValueError, KeyError, TypeError):
        return None


def _entries(path: Path) -> tuple[str, ...] | None:
    """Names in a lock file, in its order; None if it is no whole lock file."""
    try:
        return _names(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError:
        return None


def mend_lock_files(root: Path) -> list[str]:
    """Put the last whole copy in place of each lock file that a kill left half written.

    DVC cannot even read the graph beside a broken one, so this comes first.

    Raises:
        FlowError: the project's own is broken, and no run of ours has left a copy of it.
    """
    lines = []
    copies = (root / KEPT).rglob("dvc.lock")
    for path in {Path("dvc.lock"), *(copy.relative_to(root / KEPT) for copy in copies)}:
        if _entries(root / path) is not None:
            continue
        copy = root / KEPT / path
        if not copy.exists() or _entries(copy) is None:
            raise FlowError(
                f"{path} is broken: take the last whole one from git, or delete it; "
                "stages that have not changed then come from DVC's cache"
            )
        shutil.copyfile(copy, root / path)
        lines.append(f"{path} was half written when its writer died: put back a copy")
    return lines


@dataclass(frozen=True)
class LockFile:
    """One `dvc.lock`, and what is remembered of it until a run has completed."""

    root: Path
    path: Path
    names: Sequence[str]
    """Its stages in the order in which `dvc repro` runs them."""

    @property
    def _copy(self) -> Path:
        return self.root / KEPT / self.path

    @property
    def _order(self) -> Path:
        return self._copy.with_name("order.json")

    def begin(self) -> None:
        """Remember the order of the entries, unless an unfinished run has."""
        self._copy.parent.mkdir(parents=True, exist_ok=True)
        if not self._order.exists():
            _replace(self._order, json.dumps(_entries(self.root / self.path) or ()))
        self.keep()

    def keep(self) -> None:
        """Keep a copy of the file while it is whole."""
        whole = self.root / self.path
        if whole.exists() and _entries(whole) is not None:
            _replace(self._copy, whole.read_text(encoding="utf-8"))

    def finish(self) -> None:
        """Put entries that are new since `begin` after the old ones, as `dvc repro` orders them."""
        whole = self.root / self.path
        with hold_repository(self.root):
            present = _entries(whole) or ()
            old = json.loads(self._order.read_text(encoding="utf-8"))
            wanted = [name for name in dict.fromkeys([*old, *self.names]) if name in present]
            wanted += [name for name in present if name not in set(wanted)]
            if wanted != list(present):
                content = parse_yaml_for_update(whole.read_text(encoding="utf-8"), str(whole))
                content["stages"] = {name: content["stages"][name] for name in wanted}
                _replace(whole, dumps_yaml(content))
        self.keep()
        self._order.unlink()
