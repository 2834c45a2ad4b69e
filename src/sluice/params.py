"""Typed sections of `params.yaml`: what a section is, and how one is read.

In: a YAML file. Out: frozen pydantic objects, or a `ParamsError` that names file and key.
Which keys a section has is written beside the code that reads them, in `sluice.stages` and below.
"""

import datetime
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from sluice.errors import ParamsError

SECTIONS = (
    "ingest", "clean", "split", "augment", "probe", "train", "baseline", "suspect", "evaluate",
    "crossvalidate", "explain", "report",
)  # fmt: skip
SETTINGS = {
    "gate": "sluice.registry.settings",
    "flows": "sluice.flow_settings",
    "watch": "sluice.watching.settings",
}
"""Sections without a stage of their name, and the module of each one's class."""
ALL_SECTIONS = (*SECTIONS, *SETTINGS)
MAX_VALUES = 100_000
"""Values that a file may hold once its aliases are written out."""


class Section(BaseModel):
    """A section, or a part of one: frozen, its keys known, each documented by a sentence."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class KeysOf:
    """Beside the type of a dict: its keys are those of `model`, checked once it is complete."""

    model: type[BaseModel]


def written_as(pattern: str, words: str) -> AfterValidator:
    """Beside the type of a text: the pattern that all of it has, and what an error says of it."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"write it as {words}")
        return text

    return AfterValidator(check)


def nested_model(annotation: Any, metadata: tuple[Any, ...] = ()) -> type[BaseModel] | None:
    """The section within the type of a field: itself, an optional one, the values of a dict."""
    for kind in metadata:
        if isinstance(kind, KeysOf):
            return kind.model
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    found = (nested_model(kind) for kind in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _place(path: Path, error: Exception) -> str:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    return str(path) if mark is None else f"{path}: line {mark.line + 1}"


def _reason(error: Exception) -> str:
    problem = error.problem if isinstance(error, MarkedYAMLError) else None
    return " ".join(str(problem or error).split())[:200]


def _check_keys(mapping: dict[Any, Any], path: Path) -> None:
    for key in mapping:
        if not isinstance(key, str | int | float):
            raise ParamsError(f"{path}: the key {key!r} is not text: put it in quotes")
    counts = Counter(str(key) for key in mapping)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise ParamsError(f"{path}: found duplicate key {', '.join(twice)}")


def _check_values(content: Any, path: Path) -> None:
    """Refuse what JSON has no words for, and aliases that grow beyond all bounds."""
    waiting, count = [content], 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            _check_keys(value, path)
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif not isinstance(value, str | int | float | datetime.date | None):
            raise ParamsError(f"{path}: a {type(value).__name__} cannot be a value: {value!r:.80}")
        count += 1
        if count + len(waiting) > MAX_VALUES:
            raise ParamsError(f"{path} holds more than {MAX_VALUES:,} values: undo its aliases")


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping, by the same reader as DVC (YAML 1.2: `1e-5` is a number, `no` a text).

    Raises:
        ParamsError: the file is missing, is not YAML, is not a mapping, or names a key twice.
    """
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ParamsError(f"{path} is missing: run from the project's root") from error
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ParamsError(f"{_place(path, error)} is not YAML: {_reason(error)}") from error
    if not isinstance(content, dict):
        given = "empty" if content is None else type(content).__name__
        raise ParamsError(f"{path} must be a mapping of sections, and is {given}")
    _check_values(content, path)
    return content


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Name the keys that are valid beside the last part of `location`."""
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        # Not a field: the name of a dict's entry, or an item's number.
        inner = nested_model(field.annotation) if field else model
        if inner is None:
            return []
        model = inner
    return sorted(model.model_fields)


_UNSHOWN = ("missing", "secret")
"""Types of errors whose input is not repeated; a validator raises `secret` itself."""


def _shown(value: Any) -> str:
    """A value as it was given; of an address only its kind, since it may hold a secret."""
    return re.sub(r"://.*", "://...", f"{value!r:.80}")


def _explain(error: ValidationError, model: type[BaseModel], where: str) -> str:
    lines = []
    for problem in error.errors():
        location = problem["loc"]
        key = ".".join([where, *(str(part) for part in location)])
        if problem["type"] == "extra_forbidden":
            valid = ", ".join(_fields_at(model, location))
            lines.append(f"{key}: unknown key" + (f"; valid keys: {valid}" if valid else ""))
        else:
            given = "" if problem["type"] in _UNSHOWN else f" (given: {_shown(problem['input'])})"
            lines.append(f"{key}: {problem['msg']}{given}")
    return "\n       ".join(lines)


def _as_text(value: Any) -> str:
    """YAML's dates as ISO 8601; it has no other values that JSON has not (see `_check_values`)."""
    return str(value.isoformat())


def parse_section(content: Mapping[str, Any], model: type[Model], where: str) -> Model:
    """Check a mapping against a section's type.

    Raises:
        ParamsError: an unknown key, a wrong type or a bad combination; one line for each.
    """
    try:
        # As JSON, so that strict types still let a YAML list be a tuple and a string a path.
        return model.model_validate_json(json.dumps(dict(content), default=_as_text))
    except ValidationError as error:
        raise ParamsError(_explain(error, model, where)) from error


def read_part(path: Path, key: str, model: type[Model]) -> Model:
    """Read a part that another stage's section holds, such as `clean.steps`; defaults without it.

    Raises:
        ParamsError: the file is missing, or the part is not of its type.
    """
    content: Any = read_yaml(path)
    for name in key.split("."):
        content = content.get(name) or {}
        if not isinstance(content, dict):
            raise ParamsError(f"{path}: {key} cannot be read: {name} is not a mapping")
    return parse_section(content, model, f"{path}: {key}")


def _take(content: dict[str, Any], path: Path, name: str, model: type[Model]) -> Model:
    section = content.get(name)
    if not isinstance(section, dict):
        raise ParamsError(f"{path}: section {name} is missing or is not a mapping")
    return parse_section(section, model, f"{path}: {name}")


def read_section(path: Path, name: str, model: type[Model]) -> Model:
    """Read the section `name` of a params file of the main pipeline, or of one with its stages.

    Raises:
        ParamsError: the file or the section is missing, a section or a key is unknown.
    """
    content = read_yaml(path)
    unknown = sorted(str(key) for key in content if key not in ALL_SECTIONS)
    if unknown:
        known = ", ".join(ALL_SECTIONS)
        raise ParamsError(f"{path}: unknown section {', '.join(unknown)}; sections: {known}")
    return _take(content, path, name, model)


def read_settings(path: Path, name: str, model: type[Model]) -> Model:
    """Read the section `name` of a sibling's params file, whose sections are its own.

    Raises:
        ParamsError: the file or the section is missing, or a key is not usable.
    """
    return _take(read_yaml(path), path, name, model)
