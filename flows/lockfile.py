"""Keeps `dvc.lock` whole, and in the order in which `dvc repro` writes it.

In: the lock files of a graph. Out: the same entries. DVC appends a stage's entry when the stage
ends, so stages side by side would leave an order of chance; and it writes the file in place, so a
kill can leave half of it. What the entries say is DVC's alone.
"""

import hashlib
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


def _entries(path: Path) -> list[str] | None:
    """Names in a lock file, in its order; None if it is no whole lock file."""
    if not path.exists():
        return []
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"), str(path))
        return list(content["stages"])
    except (ParseError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True)
class LockFile:
    """One `dvc.lock`, and what is remembered of it until a run has completed."""

    root: Path
    path: Path
    names: Sequence[str]
    """Its stages in the order in which `dvc repro` runs them."""

    def _beside(self, suffix: str) -> Path:
        key = hashlib.sha256(str(self.path).encode()).hexdigest()[:12]
        return self.root / KEPT / f"{key}{suffix}"

    def begin(self) -> list[str]:
        """Remember the order of the entries, unless an unfinished run has; mend a broken file.

        Raises:
            FlowError: the file is broken, and no run of ours has left a copy of it.
        """
        self._beside("").parent.mkdir(parents=True, exist_ok=True)
        lines, entries, copy = [], _entries(self.root / self.path), self._beside(".lock")
        if entries is None:
            entries = _entries(copy) if copy.exists() else None
            if entries is None:
                raise FlowError(
                    f"{self.path} is broken: take the last whole one from git, or delete it; "
                    "stages that have not changed then come from DVC's cache"
                )
            shutil.copyfile(copy, self.root / self.path)
            lines.append(f"{self.path} was half written when its writer died: put back a copy")
        if not self._beside(".order").exists():
            _replace(self._beside(".order"), json.dumps(entries))
        self.keep()
        return lines

    def keep(self) -> None:
        """Keep a copy of the file while it is whole."""
        whole = self.root / self.path
        if whole.exists() and _entries(whole) is not None:
            _replace(self._beside(".lock"), whole.read_text(encoding="utf-8"))

    def finish(self) -> None:
        """Put entries that are new since `begin` after the old ones, as `dvc repro` orders them."""
        whole, order = self.root / self.path, self._beside(".order")
        with hold_repository(self.root):
            present = _entries(whole) or []
            old = json.loads(order.read_text(encoding="utf-8"))
            wanted = [name for name in dict.fromkeys([*old, *self.names]) if name in present]
            wanted += [name for name in present if name not in set(wanted)]
            if wanted != present:
                content = parse_yaml_for_update(whole.read_text(encoding="utf-8"), str(whole))
                content["stages"] = {name: content["stages"][name] for name in wanted}
                _replace(whole, dumps_yaml(content))
        order.unlink()
