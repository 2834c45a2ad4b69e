"""Finds damaged files in DVC's cache, and outputs that are not what dvc.lock says they are.

In: a project's folder. Out: what was found; a damaged copy is taken out of the cache, a doubtful
output is brought to DVC's attention. It stops there: `dvc pull` and `dvc repro` put things right.

DVC trusts a cached file that is read-only, and an output whose time has not changed, without a look
at the content (treeverse/dvc #5978): a broken disk would so get into a model unseen.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sluice.errors import DataError

FOUND = 3
"""Exit status of `sluice verify` where something is damaged or changed."""
FOLDER = ".dir"
"""Ending of a cached list of a folder's files."""


class Findings(NamedTuple):
    """What is not as it should be."""

    looked_at: int
    """Files whose content was hashed."""
    damaged: list[Path]
    """Files that were taken out of the cache."""
    doubtful: list[Path]
    """Outputs whose content is not that of dvc.lock, relative to the project."""


def _md5(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def cached_files(cache: Path) -> list[Path]:
    """The files of a DVC 3 cache: two letters of the MD5 are the folder, the rest is the name."""
    return sorted(path for path in cache.glob("[0-9a-f][0-9a-f]/*") if _name(path) is not None)


def _name(path: Path) -> str | None:
    """The MD5 that a cached file should have; None for a file in the making."""
    name = path.parent.name + path.name.removesuffix(FOLDER)
    return name if len(name) == 32 and set(name) <= set("0123456789abcdef") else None


def _members(path: Path, md5: str, cache: Path) -> Iterator[tuple[Path, str]]:
    """The files of an output and their MD5s as DVC has recorded them."""
    if not md5.endswith(FOLDER):
        yield path, md5
        return
    listing = cache / md5[:2] / md5[2:]
    if listing.exists():
        for entry in json.loads(listing.read_text(encoding="utf-8")):
            yield path / entry["relpath"], entry["md5"]


def _recorded(repo: Any) -> Iterator[tuple[Path, str]]:
    """Path and MD5 of each output that DVC has recorded, whether in its cache or in git."""
    for out in repo.index.outs:
        recorded = out.hash_info
        if out.protocol == "local" and recorded and recorded.name == "md5":
            yield Path(out.fs_path), str(recorded.value)


def _make_noticed(path: Path) -> None:
    """Give a file a new time, so that DVC looks at its content and not into its notes."""
    os.utime(path)


def verify(root: Path) -> Findings:
    """Hash everything in the cache, and every output of the project that is there.

    A damaged file is deleted from the cache: it is no copy of anything. A doubtful output stays as
    it is, for a person may have changed it; DVC will see that it is changed.

    Raises:
        DataError: the folder is no DVC project, or its graph is broken.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            cache, recorded = Path(repo.cache.local.path), sorted(set(_recorded(repo)))
    except DvcException as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"DVC cannot read the project in {root.resolve()}: {reason:.300}"
        ) from error
    copies = cached_files(cache)
    damaged = [path for path in copies if _md5(path) != _name(path)]
    for path in damaged:
        path.unlink()
    outputs = [pair for path, md5 in recorded for pair in _members(path, md5, cache)]
    present = [(path, md5) for path, md5 in outputs if path.is_file()]
    doubtful = [path for path, md5 in present if _md5(path) != md5]
    for path in doubtful:
        _make_noticed(path)
    relative = [Path(os.path.relpath(path, root)) for path in doubtful]
    return Findings(len(copies) + len(present), damaged, relative)
