"""A trained network as data: weights in safetensors, everything else in JSON.

In and out: a `TextNetwork` and its description. Nothing here is ever unpickled; a file of another
form is refused with a message.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from sluice.errors import ModelError
from sluice.models.config import NetworkConfig
from sluice.models.network import TextNetwork


def save_weights(weights: dict[str, Tensor], path: Path) -> None:
    """Write tensors by name as safetensors; equal tensors give equal bytes."""
    path.write_bytes(save({name: value.contiguous() for name, value in sorted(weights.items())}))


def round_weights(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights in 16 bits each (IEEE 754 binary16), which is half the file.

    A tensor with a number beyond 65,504 stays as it is, and so do counts.
    """
    halves = {name: value.half() for name, value in weights.items() if value.is_floating_point()}
    fitting = {name: half for name, half in halves.items() if half.isfinite().all()}
    return weights | fitting


def load_network(config: NetworkConfig, weights: Path) -> TextNetwork:
    """Build the network of a config and give it its stored weights, ready to predict.

    It computes in 32 bits, whatever they are stored in.

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
