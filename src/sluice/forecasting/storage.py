"""A trained forecaster as data: weights of all its networks in safetensors, the rest in JSON.

In and out: a `Combined`. Nothing is unpickled; a file of another form is refused.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from sluice.errors import ModelError
from sluice.files import read_json, write_json
from sluice.forecasting.framings import FRAMINGS, Scaler
from sluice.forecasting.network import ForecastNetwork
from sluice.forecasting.rolling import Combined, Fitted
from sluice.forecasting.settings import Choice, FramingName
from sluice.models.storage import save_weights

FORMAT = 1


def make_network(name: FramingName, choice: Choice) -> ForecastNetwork:
    """Build a fresh network for a framing and a choice."""
    change = choice.target == "change"
    return ForecastNetwork(choice.window, choice.hidden_size, FRAMINGS[name].layers, change)


def save_forecaster(name: FramingName, model: Combined, weights: Path, config: Path) -> None:
    """Write a forecaster of the framing `name`; the same one gives the same bytes."""
    found = {
        f"{place}.{key}": value
        for place, one in enumerate(model.members)
        for key, value in one.network.state_dict().items()
    }
    save_weights(found, weights)
    members = [
        {"choice": one.choice.model_dump(mode="json"), "scaler": asdict(one.scaler)}
        for one in model.members
    ]
    write_json({"format": FORMAT, "framing": name, "members": members}, config)


def _member(
    name: FramingName, place: int, known: dict[str, Any], weights: dict[str, Any]
) -> Fitted:
    choice = Choice.model_validate(known["choice"])
    network = make_network(name, choice)
    prefix = f"{place}."
    own = {key.removeprefix(prefix): one for key, one in weights.items() if key.startswith(prefix)}
    network.load_state_dict(own)
    return Fitted(network.eval(), FRAMINGS[name], choice, Scaler(**known["scaler"]))


def load_forecaster(weights: Path, config: Path) -> Combined:
    """Read what `save_forecaster` wrote.

    Raises:
        ModelError: a file is missing, corrupt or of another form.
    """
    known = read_json(config)
    try:
        if known["format"] != FORMAT:
            raise ValueError(f"format {known['format']!r}")
        found = load_file(weights)
        name = known["framing"]
        members = (_member(name, place, one, found) for place, one in enumerate(known["members"]))
        return Combined(tuple(members))
    except (
        OSError, SafetensorError, ValidationError, ValueError, KeyError, TypeError, RuntimeError,
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())[:120]
        raise ModelError(f"{config.parent} is no forecaster ({reason}): train it again") from error
