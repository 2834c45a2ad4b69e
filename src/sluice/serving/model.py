"""A stored model, whole: what cleans a text, what reads it, and the network in PyTorch.

In: the folder that stage `train` wrote. Out: a `Model`. Nothing of it is unpickled; a file of
another form is refused.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.models.config import NetworkConfig
from sluice.models.network import TextNetwork
from sluice.models.storage import load_network
from sluice.serving.description import read_description
from sluice.text.cleaning import Steps, clean_list
from sluice.text.reader import Reader

if TYPE_CHECKING:
    from sluice.serving.explanation import Explanation


class Model(NamedTuple):
    """A network with what it needs to take raw texts."""

    config: NetworkConfig
    steps: Steps
    reader: Reader
    network: TextNetwork

    def clean(self, texts: list[str]) -> list[str]:
        """Clean texts as the training rows were."""
        return clean_list(texts, self.steps)

    def answer(self, texts: list[str]) -> npt.NDArray[np.float64]:
        """Probabilities before the temperature, (texts, labels); see `answer_texts`."""
        from sluice.serving.answers import answer_texts

        return answer_texts(self, texts)

    def explain(self, text: str, label: str | None = None) -> "Explanation":
        """What each word adds to a label; see `explain_text`."""
        from sluice.serving.explain import explain_text

        return explain_text(self, text, label)


def load_model(folder: Path) -> Model:
    """Load a model from its folder, such as models/lstm/0.

    Raises:
        ModelError: a file is missing, corrupt or of another form.
        ResourceError: the model's cleaning needs a package that is not installed.
    """
    config, steps, reader = read_description(folder)
    return Model(config, steps, reader, load_network(config, folder / "model.safetensors"))
