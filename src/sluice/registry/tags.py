"""Git tags in GTO's form, so that `gto show` and DVC Studio see versions and the champion.

In: a project's folder in git. Out: `<artifact>@v<n>.0.0` and `<artifact>#<stage>#<count>`. The
registry's own files decide; tags tell others, and can be written later.
"""

import hashlib
from pathlib import Path

from gto.api import assign, register, show
from gto.exceptions import GTOException
from scmrepo.exceptions import SCMError
from scmrepo.git import Git

from sluice.errors import RegistryError
from sluice.registry.origin import LOCK, open_git
from sluice.registry.pointer import read_pointer
from sluice.registry.settings import Gate
from sluice.registry.versions import Version, read_version


def _hash_at_head(git: Git) -> str | None:
    """SHA-256 of dvc.lock as HEAD has it."""
    try:
        with git.get_fs("HEAD").open(LOCK, "rb") as handle:
            return hashlib.sha256(handle.read()).hexdigest()
    except (SCMError, OSError, KeyError):
        return None


def _check_commit(git: Git, version: Version) -> None:
    """See that HEAD holds the dvc.lock that made the version: a tag is of a commit.

    Raises:
        RegistryError: it holds another one, or none.
    """
    if version.origin.dvc_lock is None or _hash_at_head(git) != version.origin.dvc_lock:
        raise RegistryError(
            f"no tag for version {version.version}: HEAD has not the {LOCK} that made it; commit "
            f"{LOCK}, then run sluice git-tags"
        )


def write_tags(root: Path, gate: Gate) -> list[str]:
    """Tag the champion's version and its place, as far as they are not yet; give the new tags.

    Raises:
        RegistryError: no git, no champion, HEAD is not the commit of the version, or git refuses.
    """
    pointer, git = read_pointer(root), open_git(root)
    if git is None or pointer is None:
        lacks = "this is no git repository" if git is None else "there is no champion"
        raise RegistryError(f"no tags were written: {lacks}")
    version = read_version(root, pointer.champion)
    name, before = f"v{version.version}.0.0", set(git.list_tags())
    message = f"{gate.artifact} {name}: {version.model}, macro-F1 {100 * version.score.value:.1f}"
    try:
        if f"{gate.artifact}@{name}" not in before:
            _check_commit(git, version)
            register(str(root), gate.artifact, "HEAD", version=name, message=message, force=True)
        placed = show(str(root), f"{gate.artifact}#{gate.stage}")
        if [one["version"] for one in placed] != [name]:
            assign(str(root), gate.artifact, gate.stage, version=name, message=message, force=True)
        return sorted(set(git.list_tags()) - before)
    except (GTOException, SCMError) as error:
        reason = " ".join(str(error).split())
        raise RegistryError(f"no tags were written: git says {reason:.200}") from error
    finally:
        git.close()  # type: ignore[no-untyped-call]  # scmrepo has no types there
