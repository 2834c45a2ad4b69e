"""An exported model: the same cleaning and reading, the network by ONNX Runtime alone.

In: a folder that `sluice export` wrote. Out: a `PortableModel`. Neither torch nor scikit-learn is
imported. Rows of like length are answered together, on as many threads as there are cores.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.errors import ModelError, ResourceError
from sluice.models.config import NetworkConfig
from sluice.serving.contents import WIDE
from sluice.serving.description import read_description
from sluice.serving.linear_part import LinearPart
from sluice.temperature import apply_temperature
from sluice.text.cleaning import Steps, clean_list
from sluice.text.reader import Reader
from sluice.tokens import Ints, TokenRows

if TYPE_CHECKING:
    from sluice.serving.explanation import Explanation

NETWORK = "model.onnx"
AT_ONCE = 128
"""Rows of a batch: more would not be sooner, and would wait for the longest."""
FREQUENT = 2000
"""Words of the vocabulary that are summed up when a model is loaded: nine tenths of a text."""
READ_AHEAD = 4096
"""Rows that are read, and parted into batches of like length, while those before are answered."""
Floats = npt.NDArray[np.float64]
Logits = npt.NDArray[np.float32]


def network_inputs(rows: TokenRows, wide: Logits | None, chosen: Ints) -> dict[str, Any]:
    """The inputs of the graph for some rows, (batch,); `wide` is what n-grams add to the logits."""
    tokens, lengths = rows.padded(chosen)
    inputs = {"tokens": tokens, "lengths": lengths}
    return inputs if wide is None else inputs | {"wide": wide[chosen]}


class PortableModel(NamedTuple):
    """A network with what it needs to take raw texts, without torch."""

    config: NetworkConfig
    steps: Steps
    reader: Reader
    session: Any
    """An `onnxruntime.InferenceSession`, which several threads may use at once."""
    wide: LinearPart | None
    """The wide part, where the network has one."""

    def clean(self, texts: list[str]) -> list[str]:
        """Clean texts as the training rows were."""
        return clean_list(texts, self.steps)

    def logits(self, cleaned: Sequence[str]) -> Logits:
        """Logits of cleaned texts, (texts, labels)."""
        found = np.zeros((len(cleaned), len(self.config.labels)), np.float32)
        if len(cleaned) <= AT_ONCE:
            found[:] = self._run(*self._read(cleaned), np.arange(len(cleaned)))
            return found
        jobs: list[tuple[Ints, Future[Logits]]] = []
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for first in range(0, len(cleaned), READ_AHEAD):
                rows, wide = self._read(cleaned[first : first + READ_AHEAD])
                order = np.argsort(rows.lengths, kind="stable")
                for at in range(0, len(order), AT_ONCE):
                    part = order[at : at + AT_ONCE]
                    jobs.append((first + part, pool.submit(self._run, rows, wide, part)))
        for places, job in jobs:
            found[places] = job.result()
        return found

    def _read(self, cleaned: Sequence[str]) -> tuple[TokenRows, Logits | None]:
        wide = None if self.wide is None else self.wide.logits(cleaned)
        return self.reader.vocabulary.encode(cleaned), wide

    def _run(self, rows: TokenRows, wide: Logits | None, part: Ints) -> Logits:
        answers: Logits
        (answers,) = self.session.run(["logits"], network_inputs(rows, wide, part))
        return answers

    def answer(self, texts: list[str]) -> Floats:
        """Probabilities before the temperature, (texts, labels)."""
        return apply_temperature(self.logits(self.clean(texts)).astype(np.float64), 1.0)

    def explain(self, text: str, label: str | None = None) -> "Explanation":
        """What each word adds to a label; see `erase_words`."""
        from sluice.serving.erasure import erase_words

        return erase_words(self, text, label)


def open_session(path: Path) -> Any:
    """Open a network in ONNX Runtime; each call of it keeps to one thread.

    Raises:
        ResourceError: ONNX Runtime is not installed.
        ModelError: the file is no network of this form.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ResourceError(f"{path} needs ONNX Runtime: pip install 'sluice[serve]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own, which have no base class of their own
        reason = " ".join(str(error).split())
        raise ModelError(f"{path}: {reason:.200}; export the model again") from error


def _load_wide(path: Path, config: NetworkConfig, reader: Reader) -> LinearPart | None:
    if reader.ngrams is None:
        return None
    try:
        weights = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{path}: {error!s:.200}; export the model again") from error
    if weights.shape != (config.ngram_features, len(config.labels)):
        raise ModelError(
            f"{path} has {weights.shape} weights for {config.ngram_features} n-grams and "
            f"{len(config.labels)} labels: export the model again"
        )
    return LinearPart(reader.ngrams, weights, reader.vocabulary.frequent_words(FREQUENT))


def load_portable(folder: Path) -> PortableModel:
    """Load an exported model.

    Raises:
        ModelError: a file is missing, corrupt or of another form.
        ResourceError: ONNX Runtime, or what the cleaning needs, is not installed.
    """
    config, steps, reader = read_description(folder)
    wide = _load_wide(folder / WIDE, config, reader)
    return PortableModel(config, steps, reader, open_session(folder / NETWORK), wide)
