"""A trained language model as data: weights in safetensors, the rest in JSON.

In and out: a network with its vocabulary. Nothing is unpickled; a file of another form is refused.
"""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from sluice.errors import ModelError, SluiceError
from sluice.files import read_json, write_json
from sluice.models.storage import save_weights
from sluice.params import parse_section
from sluice.rhyming.network import RhymeNetwork
from sluice.rhyming.settings import Network
from sluice.rhyming.vocabulary import Vocabulary, load_vocabulary

FORMAT = 1
_FILES = ("model.safetensors", "config.json", "vocabulary.json")


def save_model(
    network: RhymeNetwork, params: Network, vocabulary: Vocabulary, folder: Path
) -> None:
    """Write a model into a folder that is there; the same one gives the same bytes."""
    save_weights(dict(network.state_dict()), folder / _FILES[0])
    write_json({"format": FORMAT, "network": params.model_dump(mode="json")}, folder / _FILES[1])
    write_json(vocabulary.describe(), folder / _FILES[2])


def load_model(folder: Path) -> tuple[RhymeNetwork, Vocabulary]:
    """Read what `save_model` wrote.

    Raises:
        ModelError: a file is missing, corrupt or of another form.
    """
    if not folder.is_dir():
        raise ModelError(
            f"{folder} is not there: run dvc repro in pipelines/rhymes, or name a model's folder"
        )
    try:
        weights, config, words = (folder / name for name in _FILES)
        known, vocabulary = read_json(config), load_vocabulary(read_json(words))
        if known["format"] != FORMAT:
            raise ValueError(f"format {known['format']!r}")
        network = RhymeNetwork(len(vocabulary), parse_section(known["network"], Network, "network"))
        network.load_state_dict(load_file(weights))
    except (
        OSError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError,
        SluiceError,
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())[:160]
        raise ModelError(f"{folder} is no model of rhymes ({reason}): train it again") from error
    return network.eval(), vocabulary
