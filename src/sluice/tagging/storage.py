"""A trained tagger as data: weights in safetensors, shape and lexicon in JSON.

In and out: a `TrainedTagger`. Nothing is unpickled; a file of another form is refused.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from sluice.errors import ModelError
from sluice.files import read_json, write_json
from sluice.models.storage import save_weights
from sluice.params import Section
from sluice.tagging.lexicon import read_lexicon
from sluice.tagging.network import TagNetwork
from sluice.tagging.schemes import is_tag
from sluice.tagging.settings import Kind, Shape
from sluice.tagging.tagger import TrainedTagger

FILES = ("model.safetensors", "config.json", "lexicon.json")


class TaggerConfig(Section):
    """What is needed to build the network again before its weights are loaded."""

    format: Literal[1] = 1
    """Version of this form."""
    kind: Kind
    """Entities, or a tag for each token."""
    vector_size: int = Field(ge=0, le=4096)
    """Features of the pretrained vectors; 0 where there are none."""
    shape: Shape
    """The network."""


def save_tagger(model: TrainedTagger, folder: Path) -> None:
    """Write a tagger into a folder; the same one gives the same bytes."""
    folder.mkdir(parents=True)
    size = model.network.vector_size
    config = TaggerConfig(kind=model.kind, vector_size=size, shape=model.shape)
    save_weights(model.network.state_dict(), folder / FILES[0])
    write_json(config.model_dump(mode="json"), folder / FILES[1])
    write_json(model.lexicon.describe(), folder / FILES[2])


def _read_config(path: Path) -> TaggerConfig:
    content: Any = path.read_text(encoding="utf-8")
    return TaggerConfig.model_validate_json(content)


def load_tagger(folder: Path) -> TrainedTagger:
    """Read what `save_tagger` wrote.

    Raises:
        ModelError: a file is missing, corrupt or of another form.
    """
    try:
        config = _read_config(folder / FILES[1])
        lexicon = read_lexicon(read_json(folder / FILES[2]))
        if not lexicon.tags:
            raise ValueError("it has no tags")
        if config.kind == "entities":
            bad = [tag for tag in lexicon.tags if not is_tag(tag, config.shape.scheme)]
            if bad:
                raise ValueError(f"the tag {bad[0]!r:.40} is none of {config.shape.scheme}")
        network = TagNetwork(config.shape, config.kind, lexicon, config.vector_size)
        network.load_state_dict(load_file(folder / FILES[0]))
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder} is no tagger: {Path(str(error.filename)).name} is missing; train one with "
            "dvc repro in pipelines/entities, or name its folder with --model"
        ) from error
    except (OSError, SafetensorError, ValidationError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(f"{folder} is no tagger ({reason}): train it again") from error
    return TrainedTagger(network.eval(), lexicon, config.shape, config.kind)
