"""A stored model, whole: what cleans a text, what reads it, and the network.

In: the folder that stage `train` wrote. Out: a `Model`. Nothing of it is unpickled; a file of
another form is refused.
"""

import json
from pathlib import Path
from typing import NamedTuple

from sluice.errors import ModelError, ParamsError, SourceError
from sluice.files import read_json
from sluice.models.network import TextNetwork
from sluice.models.storage import NetworkConfig, load_network, read_config
from sluice.params import parse_section
from sluice.text.cleaning import Steps, clean_list
from sluice.text.reader import Reader, load_reader


class Model(NamedTuple):
    """A network with what it needs to take raw texts."""

    config: NetworkConfig
    steps: Steps
    reader: Reader
    network: TextNetwork

    def clean(self, texts: list[str]) -> list[str]:
        """Clean texts as the training rows were."""
        return clean_list(texts, self.steps)


def _read_steps(config: NetworkConfig, where: Path) -> Steps:
    try:
        return parse_section(config.cleaning, Steps, "cleaning")
    except ParamsError as error:
        raise ModelError(f"{where}: {error}; train the model again") from error


def load_model(folder: Path) -> Model:
    """Load a model from its folder, such as models/lstm/0.

    Raises:
        ModelError: a file is missing, corrupt or of another form.
    """
    path = folder / "config.json"
    try:
        config = read_config(json.dumps(read_json(path)), path)
        reader = load_reader(read_json(folder / "vocabulary.json"))
    except SourceError as error:
        raise ModelError(f"{folder} holds no model: {error}") from error
    network = load_network(config, folder / "model.safetensors")
    return Model(config, _read_steps(config, path), reader, network)
