"""Typed sections of `params.yaml`: what a section is, and how one is read.

In: a YAML file. Out: frozen pydantic objects, or a `ParamsError` that names file and key.
Which keys a section has is written beside the code that reads them, in `sluice.stages` and below.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from sluice.errors import ParamsError

SECTIONS = ("ingest", "clean", "split", "augment", "train", "baseline", "evaluate", "report")


class Section(BaseModel):
    """A section, or a part of one: frozen, its keys known, each documented by a sentence."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        ParamsError: the file is missing, is not YAML, or is not a mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ParamsError(f"{path} is missing: run from the project's root") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ParamsError(f"{path} must be a mapping of sections, not {type(content).__name__}")
    return content


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Name the keys that are valid beside the last part of `location`."""
    fields = model.model_fields
    for part in location[:-1]:
        annotation = fields[str(part)].annotation if str(part) in fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        fields = annotation.model_fields
    return sorted(fields)


def _explain(error: ValidationError, model: type[BaseModel], where: str) -> str:
    lines = []
    for problem in error.errors():
        location = problem["loc"]
        key = ".".join([where, *(str(part) for part in location)])
        if problem["type"] == "extra_forbidden":
            valid = ", ".join(_fields_at(model, location))
            lines.append(f"{key}: unknown key" + (f"; valid keys: {valid}" if valid else ""))
        else:
            given = "" if problem["type"] == "missing" else f" (given: {problem['input']!r:.80})"
            lines.append(f"{key}: {problem['msg']}{given}")
    return "\n       ".join(lines)


def parse_section(content: Mapping[str, Any], model: type[Model], where: str) -> Model:
    """Check a mapping against a section's type.

    Raises:
        ParamsError: an unknown key, a wrong type or a bad combination; one line for each.
    """
    try:
        # As JSON, so that strict types still let a YAML list be a tuple and a string a path.
        return model.model_validate_json(json.dumps(dict(content), default=str))
    except ValidationError as error:
        raise ParamsError(_explain(error, model, where)) from error


def read_section(path: Path, name: str, model: type[Model]) -> Model:
    """Read the section `name` of a params file.

    Raises:
        ParamsError: the file or the section is missing, a section or a key is unknown.
    """
    content = read_yaml(path)
    unknown = sorted(set(content) - set(SECTIONS))
    if unknown:
        known = ", ".join(SECTIONS)
        raise ParamsError(f"{path}: unknown section {', '.join(unknown)}; sections: {known}")
    section = content.get(name)
    if not isinstance(section, dict):
        raise ParamsError(f"{path}: section {name} is missing or is not a mapping")
    return parse_section(section, model, f"{path}: {name}")
