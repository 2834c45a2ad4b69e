"""A trained network as data: weights in safetensors, everything else in JSON.

In and out: a `TextNetwork` and its description. Nothing here is ever unpickled; a file of another
form is refused with a message.
"""

from pathlib import Path
from typing import Any

import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from sluice.errors import ModelError
from sluice.models.network import TextNetwork
from sluice.models.settings import NetworkParams
from sluice.params import Section

FORMAT = 1


class NetworkConfig(Section):
    """What is needed to build the network again before its weights are loaded."""

    format: int = Field(FORMAT, ge=FORMAT, le=FORMAT)
    """Version of this form."""
    name: str
    """The variant's name."""
    seed: int
    """Seed of the training."""
    labels: tuple[str, ...] = Field(min_length=2)
    """Label names in the order of the logits."""
    vocabulary_size: int = Field(ge=2)
    """Tokens of the vocabulary, the reserved ones included."""
    ngram_features: int = Field(ge=0)
    """Features of the wide part; 0 where there is none."""
    network: NetworkParams
    """Shape of the network."""
    temperature: float = Field(default=1.0, gt=0.0, allow_inf_nan=False)
    """What logits are divided by for calibrated probabilities (see `sluice.temperature`)."""
    cleaning: dict[str, Any] = Field(default_factory=dict)
    """The steps that cleaned the training rows, for texts as they come; see `sluice.serving`."""

    def build(self) -> TextNetwork:
        """A network of this shape with fresh weights."""
        return TextNetwork(
            self.network, self.vocabulary_size, len(self.labels), self.ngram_features
        )


def save_weights(weights: dict[str, Tensor], path: Path) -> None:
    """Write tensors by name as safetensors; equal tensors give equal bytes."""
    path.write_bytes(save({name: value.contiguous() for name, value in sorted(weights.items())}))


def read_config(content: Any, where: Path) -> NetworkConfig:
    """Check the content of a model's config.json.

    Raises:
        ModelError: it is of another form.
    """
    try:
        return NetworkConfig.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ModelError(f"{where}: {key}: {problem['msg']}; train the model again") from error


def load_network(config: NetworkConfig, weights: Path) -> TextNetwork:
    """Build the network of a config and give it its stored weights, ready to predict.

    Raises:
        ModelError: the weights are missing, corrupt, or of another shape.
    """
    try:
        network = config.build()
        network.load_state_dict(load_file(weights))
    except (SafetensorError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{weights}: {reason:.200}; train the model again") from error
    return network.eval()


@torch.no_grad()
def count_parameters(network: torch.nn.Module) -> int:
    """Trainable numbers of a network."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
