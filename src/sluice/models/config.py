"""The description of a trained network: config.json. It is read without torch.

In: JSON. Out: a `NetworkConfig`. Weights are `sluice.models.storage`'s matter.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from sluice.errors import ModelError
from sluice.models.settings import NetworkParams
from sluice.params import Section

if TYPE_CHECKING:
    from sluice.models.network import TextNetwork

FORMAT = 2


class NetworkConfig(Section):
    """What is needed to build the network again before its weights are loaded."""

    format: int = Field(FORMAT, ge=FORMAT, le=FORMAT)
    """Version of this form, which says how n-grams are hashed and weighed, too."""
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

    def build(self) -> "TextNetwork":
        """A network of this shape with fresh weights; needs torch."""
        from sluice.models.network import TextNetwork

        return TextNetwork(
            self.network, self.vocabulary_size, len(self.labels), self.ngram_features
        )


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
