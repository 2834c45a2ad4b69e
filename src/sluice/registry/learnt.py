"""Which rows a stored model has learnt from, and which of the present test rows are among them.

In: the parts of a split, and a version. Out: a table of hashes beside the version, and a number.
Texts themselves are not stored, and what the number means for a challenger is the gate's to say.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from sluice.errors import ModelError, RegistryError
from sluice.files import read_parquet, write_parquet
from sluice.registry.decisions import Origin
from sluice.serving.contents import digest

PARTS = ("data/split/train.parquet", "data/split/validation.parquet")
"""Weights are fitted on the first, and the epoch and the temperature chosen on the second."""
SPLIT = (*PARTS, "data/split/test.parquet")


def hash_texts(texts: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Eight bytes of each text's BLAKE2b, (texts,); case and white space make no difference."""
    plain = (" ".join(text.casefold().split()).encode() for text in texts)
    found = [hashlib.blake2b(text, digest_size=8).digest() for text in plain]
    return np.frombuffer(b"".join(found), dtype="<u8").astype(np.uint64)


def _is_judged(path: Path, md5: str) -> bool:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == md5


def write_rows(root: Path, origin: Origin, path: Path) -> bool:
    """Write the hashes of the rows that a judged model has learnt from, each once.

    Returns:
        Whether there were any to write: a run that was fetched without its rows has none.

    Raises:
        RegistryError: a part is not the one that was there when the model was judged.
    """
    known = [(root / part, origin.data.get(part)) for part in PARTS]
    if not all(md5 and part.exists() for part, md5 in known):
        return False
    for part, md5 in known:
        if md5 and not _is_judged(part, md5):
            raise RegistryError(f"{part} has changed since the model was judged: judge again")
    texts = pd.concat([read_parquet(part, ["text"])["text"] for part, _ in known])
    write_parquet(pd.DataFrame({"hash": np.unique(hash_texts(texts))}), path)
    return True


def count_seen(
    path: Path, sha256: str | None, texts: Sequence[str], origins: tuple[Origin, Origin]
) -> int | None:
    """How many test rows a version has learnt from; None if that cannot be told.

    Args:
        path: of the version's table of rows.
        sha256: of it; None for versions that were stored before there was one.
        texts: of the present test rows, as they were read.
        origins: of the version and of the present run. The same split has, by the leak check of
            stage `split`, no row in two parts.

    Raises:
        ModelError: the table is missing or is not the one that was stored.
    """
    then, now = origins
    if all(part in now.data and then.data.get(part) == now.data[part] for part in SPLIT):
        return 0
    if sha256 is None:
        return None
    if not path.is_file() or digest(path) != sha256:
        raise ModelError(
            f"{path} is not the file that was stored: bring it back (dvc pull {path}); without it "
            "nobody can tell which test rows the champion knows"
        )
    learnt = read_parquet(path, ["hash"])["hash"].to_numpy(np.uint64)
    return int(np.isin(hash_texts(texts), learnt).sum())
