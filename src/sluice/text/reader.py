"""What turns cleaned texts into a network's input: a vocabulary, and n-grams where there are any.

In: cleaned texts. Out: rows of tokens and of n-grams. A reader is fitted on
training rows, stored beside the weights, and used for every later text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sluice.errors import ModelError, ParamsError
from sluice.spool import Spool
from sluice.text.ngrams import (
    NgramParams,
    NgramReader,
    NgramSpool,
    fit_and_read_ngrams,
    fit_ngrams,
    load_ngrams,
)
from sluice.text.vocabulary import TokenParams, Vocabulary, fit_vocabulary, load_vocabulary
from sluice.tokens import NgramRows, TokenRows, offsets_of

Rows = tuple[TokenRows, NgramRows | None]
Chunks = Iterable[Sequence[str]]
"""Texts, some at a time; walked through more than once."""


class _TokenSpool:
    """Rows of tokens that are appended chunk by chunk, in memory or in a nameless file."""

    def __init__(self, folder: Path | None) -> None:
        self._ids, self._lengths = Spool(np.int32, folder), Spool(np.int64)

    def append(self, rows: TokenRows) -> None:
        self._ids.append(rows.ids)
        self._lengths.append(rows.lengths)

    def rows(self) -> TokenRows:
        return TokenRows(self._ids.array(), offsets_of(self._lengths.array()))


class Reader(NamedTuple):
    """A fitted vocabulary and the n-grams beside it."""

    vocabulary: Vocabulary
    ngrams: NgramReader | None

    def read(self, texts: Sequence[str]) -> Rows:
        """Tokens and n-grams of texts, a row each."""
        hashed = None if self.ngrams is None else self.ngrams.read(texts)
        return self.vocabulary.encode(texts), hashed

    def read_chunks(self, chunks: Chunks, folder: Path | None) -> Rows:
        """The same of many texts; files without a name beneath `folder` hold the rows."""
        tokens, ngrams = _TokenSpool(folder), NgramSpool(folder)
        for texts in chunks:
            encoded, hashed = self.read(texts)
            tokens.append(encoded)
            if hashed is not None:
                ngrams.append(hashed)
        return tokens.rows(), None if self.ngrams is None else ngrams.rows()

    def describe(self) -> dict[str, Any]:
        """A JSON-ready value that `load_reader` understands."""
        ngrams = None if self.ngrams is None else self.ngrams.describe()
        return {"vocabulary": self.vocabulary.describe(), "ngrams": ngrams}


def fit_reader(texts: Sequence[str], tokens: TokenParams, ngrams: NgramParams | None) -> Reader:
    """Learn a reader from the training rows' cleaned texts."""
    fitted = None if ngrams is None else fit_ngrams([texts], ngrams)
    return Reader(fit_vocabulary(texts, tokens), fitted)


def fit_and_read(
    chunks: Chunks,
    tokens: TokenParams,
    ngrams: NgramParams | None,
    folder: Path | None,
    beside: Sequence[str] = (),
) -> tuple[Reader, Rows]:
    """Learn a reader and read the same texts with it; their n-grams are counted once for both.

    Args:
        chunks: the training rows' cleaned texts.
        tokens, ngrams: what is read.
        folder: where files without a name may hold the rows; None keeps them in memory.
        beside: texts that nothing is learnt from: their tokens are read behind the others, and
            their rows have no n-grams.
    """
    vocabulary = fit_vocabulary(chain.from_iterable(chunks), tokens)
    alone = Reader(vocabulary, None)
    encoded, _ = alone.read_chunks(chain(chunks, [beside]), folder)
    if ngrams is None:
        return alone, (encoded, None)
    fitted, rows = fit_and_read_ngrams(chunks, ngrams, folder)
    offsets = np.pad(rows.offsets, (0, len(beside)), mode="edge")
    return Reader(vocabulary, fitted), (encoded, replace(rows, offsets=offsets))


def load_reader(description: dict[str, Any]) -> Reader:
    """Build the reader that `Reader.describe` described.

    Raises:
        ModelError: the description is of another form.
    """
    try:
        ngrams = description["ngrams"]
        fitted = None if ngrams is None else load_ngrams(ngrams)
        return Reader(load_vocabulary(description["vocabulary"]), fitted)
    except (KeyError, TypeError, ValueError, ParamsError) as error:
        raise ModelError(
            f"vocabulary.json is not a reader ({error!r:.200}): train the model again"
        ) from error
