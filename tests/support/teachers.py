"""A transformer that parts words before each dash, and to whom a piece means itself."""

import re

import numpy as np
import torch
from torch import nn

from sluice.teaching.transformer import LONGEST, Pieces, _inside

EDGE = 1000.0
"""What the marks of start and end mean: they are no word's."""


def own(word: str) -> np.ndarray:
    """A vector of a word's own, (384,)."""
    drawn = np.random.default_rng(list(word.encode()))
    return drawn.normal(size=384).astype(np.float32)


class Reader:
    """A transformer for tests: its upper layers change nothing until they are trained."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.upper = nn.Linear(384, 384)
        nn.init.eye_(self.upper.weight)
        nn.init.zeros_(self.upper.bias)
        self._pieces: list[str] = ["", ""]

    def _id(self, piece: str) -> int:
        if piece not in self._pieces:
            self._pieces.append(piece)
        return self._pieces.index(piece)

    def split(self, texts) -> Pieces:
        self.seen += texts
        found = Pieces([], [])
        for text in texts:
            spans = [one.span() for one in re.finditer(r"-?[^ -]+|-", text)][: LONGEST - 2]
            found.ids.append([0, *(self._id(text[start:end]) for start, end in spans), 0])
            found.spans.append([(0, 0), *spans, (0, 0)])
        return found

    def low(self, ids):
        lengths = torch.tensor([len(one) for one in ids])
        rows = [
            torch.from_numpy(
                np.array([np.full(384, EDGE), *(own(self._pieces[at]) for at in one[1:-1]),
                          np.full(384, -EDGE)], np.float32)
            )
            for one in ids
        ]  # fmt: skip
        return nn.utils.rnn.pad_sequence(rows, batch_first=True), lengths

    def high(self, states, lengths):
        return self.upper(states) * _inside(lengths, states.shape[1])[..., None]
