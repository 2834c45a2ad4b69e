"""The champion and the rows that batches are held against: its own validation rows.

In: a project's folder. Out: a loaded model and labelled texts. The rows must be the very file that
the champion was selected on: rows of a later split may be among those it was trained on, and of
those it is surer than of any new text.
"""

from pathlib import Path

import pandas as pd

from sluice.errors import RegistryError
from sluice.files import read_parquet
from sluice.registry.pointer import read_pointer
from sluice.registry.versions import MODEL, Version, verify_version, version_folder
from sluice.serving.model import load_model
from sluice.watching.batch import hash_file
from sluice.watching.judging import Champion

ROWS = "data/split/validation.parquet"


def _in_cache(root: Path, md5: str) -> Path | None:
    """Where DVC's cache has a file; None without DVC or such a file."""
    if not (root / ".dvc").is_dir():
        return None
    from dvc.repo import Repo

    with Repo(str(root)) as repo:
        path = Path(repo.cache.local.oid_to_path(md5))
    return path if path.is_file() and hash_file(path) == md5 else None


def find_rows(root: Path, version: Version) -> Path:
    """The champion's validation rows: the present ones if they are those, else DVC's copy.

    Raises:
        RegistryError: they are in neither place.
    """
    md5, present = version.origin.data.get(ROWS), root / ROWS
    if md5 and present.is_file() and hash_file(present) == md5:
        return present
    cached = _in_cache(root, md5) if md5 else None
    if cached is None:
        raise RegistryError(
            f"the validation rows of version {version.version} are gone: {ROWS} has changed and "
            f"DVC's cache has no file of MD5 {md5 or 'unknown'}: fetch it (dvc fetch "
            "--all-commits), or promote a newer model"
        )
    return cached


def read_champion(root: Path) -> tuple[Champion, pd.DataFrame]:
    """Load the champion, and its validation rows with columns `text` and `label`.

    Raises:
        RegistryError: nothing was ever promoted, or the rows are gone.
        ModelError: a file of the champion is missing or corrupt.
    """
    pointer = read_pointer(root)
    if pointer is None:
        raise RegistryError("there is no champion yet: sluice promote makes one, then watch")
    version = verify_version(root, pointer)
    model = load_model(version_folder(root, version.version) / MODEL)
    rows = read_parquet(find_rows(root, version), ["text", "label"])
    return Champion(version.version, version.model, model), rows
