"""What is tuned: ranges by the keys of params.yaml, checked before anything is trained.

In: tuning.yaml and params.yaml. Out: the content of section `train` with other values in it, as a
mapping, as words for `dvc exp run`, or written back. It draws no values and trains nothing.
"""

import copy
import io
import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter

from sluice.errors import ParamsError
from sluice.files import staged
from sluice.params import Section, parse_section, read_yaml

Scalar = bool | int | float | str
Values = Mapping[str, Scalar]


class Range(Section):
    """The values that a key may take: a choice, or numbers from `low` to `high`."""

    choice: tuple[Scalar, ...] | None = Field(default=None, min_length=1)
    """Values to choose from."""
    low: int | float | None = None
    """The least number."""
    high: int | float | None = None
    """The greatest number."""
    log: bool = False
    """Whether orders of magnitude are drawn alike."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Range":
        if (self.choice is None) == (self.low is None and self.high is None):
            raise ValueError("give either choice, or low and high")
        if self.choice is not None:
            if self.log:
                raise ValueError("log means nothing to choice")
            return self
        if self.low is None or self.high is None:
            raise ValueError("low and high belong together")
        if not self.low < self.high:
            raise ValueError(f"the range is empty: low {self.low} is not below high {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs low above 0, and low is {self.low}")
        return self

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """Every choice, or both ends: values that must be good each by itself."""
        if self.choice is not None:
            return self.choice
        return tuple(end for end in (self.low, self.high) if end is not None)

    @property
    def whole(self) -> bool:
        """Whether both ends are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def rounded(self, value: Scalar) -> Scalar:
        """Round a drawn number to four digits within the range, for a line that people read."""
        if self.choice is not None or self.whole:
            return value
        number = float(f"{float(value):.4g}")
        return min(max(number, float(self.low or 0)), float(self.high or math.inf))


class Tuning(Section):
    """The content of tuning.yaml."""

    model: str
    """The variant to tune, one of train.models."""
    seed: int = Field(default=0, ge=0)
    """Seed of every training and of the search; one of train.seeds."""
    trials: int = Field(default=20, ge=1, le=10_000)
    """Trials after which the search ends."""
    unpruned: int = Field(default=5, ge=1)
    """Trials that run to their end before any is stopped early or guided by the others."""
    ranges: dict[str, Range] = Field(min_length=1)
    """Key of params.yaml, such as train.model.hidden_size: what it may take."""


class HasSettings(Protocol):
    """What is asked of the class of section `train`."""

    models: tuple[str, ...]
    seeds: tuple[int, ...]

    def settings(self, name: str) -> Any: ...


def _inside(content: dict[str, Any], key: str, where: Path) -> tuple[dict[str, Any], str]:
    """The mapping that holds a key, and the key's last part."""
    *path, last = key.split(".")
    for part in path:
        inner = content.get(part) if isinstance(content, dict) else None
        if not isinstance(inner, dict):
            raise ParamsError(f"{where} has no key {key}: {part} is not there or holds no keys")
        content = inner
    if last not in content:
        beside = ", ".join(map(str, content))
        raise ParamsError(f"{where} has no key {key}; beside it: {beside}")
    return content, last


def with_values(content: Mapping[str, Any], values: Values, where: Path) -> dict[str, Any]:
    """A copy of the content of params.yaml with other values at existing keys.

    Raises:
        ParamsError: a key that is not there.
    """
    changed = copy.deepcopy(dict(content))
    for key, value in values.items():
        holder, last = _inside(changed, key, where)
        holder[last] = value
    return changed


def check_ranges(tuning: Tuning, params: Path, train: type[Any], where: Path) -> dict[str, Any]:
    """See that every range can be tried; give the content of params.yaml.

    Args:
        tuning: what is to be tuned.
        params: the file whose keys are tuned.
        train: the class of section `train`.
        where: tuning.yaml, for errors.

    Raises:
        ParamsError: an unknown model, seed or key, a value that the section refuses, a key that the
            model's own settings hide.
    """
    content = read_yaml(params)
    outside = [key for key in tuning.ranges if not key.startswith("train.")]
    if outside:
        raise ParamsError(
            f"{where}: {outside[0]}: only keys of section train are tuned; for others their "
            "stages must run again: dvc exp run -S"
        )
    section: HasSettings = parse_section(content.get("train") or {}, train, f"{params}: train")
    for kind, value, known in (
        ("model", tuning.model, section.models),
        ("seed", tuning.seed, section.seeds),
    ):
        if value not in known:
            shown = ", ".join(map(str, known))
            raise ParamsError(f"{where}: {kind}: {value} is not in train.{kind}s: {shown}")
    for key, one in tuning.ranges.items():
        tried = [
            settings_of(tuning.model, with_values(content, {key: end}, params), train, where, key)
            for end in one.ends
        ]
        if len(set(one.ends)) > 1 and all(settings == tried[0] for settings in tried):
            raise ParamsError(
                f"{where}: {key} changes nothing for {tuning.model}: train.variants."
                f"{tuning.model} sets it; tune train.variants.{tuning.model}."
                f"{key.removeprefix('train.')}"
            )
    return content


def settings_of(
    model: str, content: Mapping[str, Any], train: type[Any], where: Path, key: str = "train"
) -> Any:
    """The settings of a model by the content of params.yaml.

    Raises:
        ParamsError: values that the section refuses, alone or together.
    """
    try:
        section: HasSettings = parse_section(content["train"], train, "train")
        return section.settings(model)
    except ParamsError as error:
        raise ParamsError(f"{where}: {key}: {error}") from error


def _word(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def experiment_line(tuning: Tuning, values: Values) -> str:
    """The command that runs a trial as a DVC experiment, its training alone."""
    changes = (f"-S {shlex.quote(f'{key}={_word(value)}')}" for key, value in values.items())
    return f"dvc exp run {' '.join(changes)} train@{tuning.model}-{tuning.seed}"


class _Representer(RoundTripRepresenter):
    """Writes null as a word, as params.yaml does."""


_Representer.add_representer(
    type(None), lambda self, _: self.represent_scalar("tag:yaml.org,2002:null", "null")
)


def write_values(params: Path, values: Values) -> None:
    """Write values into params.yaml; comments, order and everything else stay.

    Raises:
        ParamsError: a key that is no longer there.
    """
    yaml = YAML()  # its round trip keeps a tag as a tag: nothing that a file names is built
    yaml.Representer = _Representer
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load(params.read_text(encoding="utf-8"))
    for key, value in values.items():
        holder, last = _inside(content, key, params)
        holder[last] = value
    text = io.StringIO()
    yaml.dump(content, text)
    with staged(params) as (part,):
        part.write_text(text.getvalue(), encoding="utf-8")
