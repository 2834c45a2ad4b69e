"""What a model's folder says of the model: its shape, its cleaning, its reader. No torch is needed.

In: the folder. Out: checked objects. The network itself is `sluice.serving.model`'s matter, or
where it was exported `sluice.serving.portable`'s.
"""

import json
from pathlib import Path
from typing import NamedTuple

from sluice.errors import ModelError, ParamsError, SourceError
from sluice.files import read_json
from sluice.models.config import NetworkConfig, read_config
from sluice.params import parse_section
from sluice.text.cleaning import Steps, check_steps
from sluice.text.reader import Reader, load_reader


class Description(NamedTuple):
    """All of a model but its weights."""

    config: NetworkConfig
    steps: Steps
    reader: Reader


def read_description(folder: Path) -> Description:
    """Read config.json and vocabulary.json.

    Raises:
        ModelError: a file is missing, corrupt or of another form.
        ResourceError: the model's cleaning needs a package that is not installed.
    """
    path = folder / "config.json"
    try:
        config = read_config(json.dumps(read_json(path)), path)
        reader = load_reader(read_json(folder / "vocabulary.json"))
    except SourceError as error:
        raise ModelError(f"{folder} holds no model: {error}") from error
    try:
        steps = parse_section(config.cleaning, Steps, "cleaning")
    except ParamsError as error:
        raise ModelError(f"{path}: {error}; train the model again") from error
    check_steps(steps)
    return Description(config, steps, reader)
