"""Reads a text of rhymes, and parts them without a line on both sides.

In: a text. Out: rhymes as tuples of words with marks for lines and stanzas, and their parts.
Which number a word has is in `sluice.rhyming.vocabulary`.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from sluice.errors import DataError, SourceError
from sluice.rhyming.settings import Corpus

RHYME, LINE, STANZA = "<rhyme>", "<line>", "<stanza>"
PARTS = ("train", "validation", "test")
MAX_BYTES = 50_000_000
MIN_RHYMES = 8
SHARED_WORDS = 4
"""Rhymes that share a line of so many words stay on one side of the split."""

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|\.\.\.|--|[.,;:!?()]")
_ALIKE = str.maketrans({"’": "'", "‘": "'", "—": "--", "–": "--", "…": "...", "_": " "})


def read_words(line: str) -> list[str]:
    """Words and marks of a line as they are written; quotation marks and the like fall away."""
    return _WORD.findall(line.translate(_ALIKE))


def _is_title(block: list[str]) -> bool:
    return len(block) == 1 and block[0].isupper()


def parse_rhymes(text: str) -> list[str]:
    """Rhymes of a text, each once, in its order: lines between breaks, a blank one between stanzas.

    Two or more blank lines part rhymes; where there are none, one does. A first block that is one
    line of capitals is a title and falls away, as do lines without a word.
    """
    text = "\n".join(line.strip() for line in text.lstrip("\ufeff").splitlines()).strip("\n")
    found = []
    for piece in re.split(r"\n{3,}" if "\n\n\n" in text else r"\n{2,}", text):
        blocks = [
            [line for line in block.split("\n") if re.search(r"[^\W\d_]", line)]
            for block in re.split(r"\n{2,}", piece)
        ]
        blocks = [block for block in blocks if block]
        if len(blocks) > 1 and _is_title(blocks[0]):
            blocks = blocks[1:]
        rhyme = "\n\n".join("\n".join(block) for block in blocks)
        if rhyme and rhyme not in found:
            found.append(rhyme)
    return found


def read_rhymes(path: Path) -> list[str]:
    """Read the rhymes of a file.

    Raises:
        SourceError: the file is missing, empty, too large, or not UTF-8.
        DataError: it holds fewer than eight rhymes.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"{path} is larger than {MAX_BYTES:,} bytes: give a part of it")
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise SourceError(f"{path} is not there or is no file: check corpus.path") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    if not text.strip():
        raise SourceError(f"{path} is empty: it must hold rhymes, two blank lines between them")
    rhymes = parse_rhymes(text)
    if len(rhymes) < MIN_RHYMES:
        raise DataError(
            f"{path} holds {len(rhymes)} rhyme(s), and {MIN_RHYMES} are needed to train, choose "
            "and test: part them by two blank lines, or give a longer text"
        )
    return rhymes


def mark_words(rhyme: str) -> list[str]:
    """Words of a rhyme as they are written, with marks between lines and stanzas; none at its end.

    ["One", "line", "<line>", "and", "two", "<stanza>", "three"]
    """
    words: list[str] = []
    for block in rhyme.split("\n\n"):
        words += [STANZA] if words else []
        for place, line in enumerate(block.split("\n")):
            words += [LINE, *read_words(line)] if place else read_words(line)
    return words


def split_lines(words: Sequence[str]) -> list[list[list[str]]]:
    """Stanzas of lines of words; the other way of `mark_words`."""
    stanzas: list[list[list[str]]] = [[[]]]
    for word in words:
        if word == STANZA:
            stanzas.append([[]])
        elif word == LINE:
            stanzas[-1].append([])
        else:
            stanzas[-1][-1].append(word)
    return stanzas


def line_key(words: Sequence[str]) -> tuple[str, ...]:
    """A line without case and marks, by which lines are compared."""
    return tuple(word.lower() for word in words if word[0].isalnum())


def line_keys(rhyme: str) -> list[tuple[str, ...]]:
    """Lines of a rhyme, as they are compared."""
    return [line_key(line) for stanza in split_lines(mark_words(rhyme)) for line in stanza]


def _clusters(rhymes: Sequence[str]) -> np.ndarray:
    """Number the groups of rhymes that share a line, directly or through others."""
    holders: dict[tuple[str, ...], int] = {}
    pairs = []
    for place, rhyme in enumerate(rhymes):
        for key in line_keys(rhyme):
            if len(key) >= SHARED_WORDS:
                pairs.append((place, holders.setdefault(key, place)))
    rows, columns = np.array(pairs or [(0, 0)]).T
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), (len(rhymes),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1])


def _draw_parts(sizes: np.ndarray, order: np.ndarray, params: Corpus) -> dict[int, str]:
    """Part of each group: test and validation are filled in order, what is too large is for train.

    A text of which much repeats has a group that holds many rhymes.
    """
    total, held = int(sizes.sum()), {"test": 0, "validation": 0}
    both = (params.test_share + params.validation_share) * total
    found = {}
    for cluster in order:
        size = int(sizes[cluster])
        room = {
            "test": params.test_share * total - held["test"],
            "validation": both - held["test"] - held["validation"],
        }
        part = next((name for name, left in room.items() if size <= left), "train")
        found[int(cluster)] = part
        if part != "train":
            held[part] += size
    return found


def part_rhymes(rhymes: Sequence[str], params: Corpus) -> pd.DataFrame:
    """Draw the parts; rhymes that share a line of four or more words stay together.

    Returns:
        columns rhyme (number from 0), cluster, part, text.

    Raises:
        DataError: a part has no rhyme.
    """
    clusters = _clusters(rhymes)
    order = np.random.default_rng(params.seed).permutation(clusters.max() + 1)
    by_cluster = _draw_parts(np.bincount(clusters), order, params)
    parts = [by_cluster[cluster] for cluster in clusters]
    for part in PARTS:
        if part not in parts:
            raise DataError(
                f"the part {part} has no rhyme ({len(rhymes)} rhymes in {len(order)} groups that "
                "share no line): raise corpus.validation_share or corpus.test_share"
            )
    columns = {"rhyme": range(len(rhymes)), "cluster": clusters, "part": parts}
    return pd.DataFrame(columns | {"text": list(rhymes)})
