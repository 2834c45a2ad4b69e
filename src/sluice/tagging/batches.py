"""Batches of sentences: different tokens once, and where each stands.

In: encoded sentences. Out: `TagBatch` tensors. What a word is made of is computed once for each
different token of a batch, not for each place where it stands.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sluice.data.batches import ordered_batches
from sluice.tagging.lexicon import Encoded
from sluice.tokens import Ints

JUDGED_AT_ONCE = 128
"""Sentences of a batch where nothing is learnt."""


class TagBatch(NamedTuple):
    """One padded batch."""

    words: Tensor
    """Word of each different token, (forms,)."""
    characters: Tensor
    """Their characters, (forms, longest)."""
    character_lengths: Tensor
    """Characters of each, (forms,)."""
    vectors: Tensor
    """Their pretrained vectors, (forms, features)."""
    casings: Tensor
    """Their kinds of spelling, (forms,)."""
    places: Tensor
    """Which of them stands where, (batch, time); the first behind a row's end."""
    lengths: Tensor
    """Tokens of each sentence, (batch,)."""
    tags: Tensor
    """Tag indices, (batch, time); zeros where no tags are known."""


def make_batch(encoded: Encoded, rows: Ints) -> TagBatch:
    """Gather the sentences `rows`, (batch,), into one padded batch."""
    forms = encoded.forms
    tokens, lengths = encoded.rows.padded(rows)
    met, places = np.unique(tokens, return_inverse=True)
    longest = int(forms.lengths[met].max())
    tags = np.zeros_like(tokens) if encoded.tags is None else encoded.tags.padded(rows)[0]
    return TagBatch(
        torch.from_numpy(forms.words[met]),
        torch.from_numpy(forms.characters[met, :longest]),
        torch.from_numpy(forms.lengths[met]),
        torch.from_numpy(forms.vectors[met]),
        torch.from_numpy(forms.casings[met]),
        torch.from_numpy(places.reshape(tokens.shape)),
        torch.from_numpy(lengths),
        torch.from_numpy(tags),
    )


class TagBatches:
    """An iterable of batches with a length, which is all that Lightning asks of a loader."""

    def __init__(self, encoded: Encoded, indices: list[Ints]) -> None:
        self.encoded, self.indices = encoded, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[TagBatch]:
        return (make_batch(self.encoded, rows) for rows in self.indices)


def judged_batches(encoded: Encoded) -> TagBatches:
    """Batches that cover all sentences once, shortest first."""
    return TagBatches(encoded, ordered_batches(encoded.rows.lengths, JUDGED_AT_ONCE))
