"""Explains the keys of a section from its type: one paragraph for each.

In: a pydantic class. Out: text, in YAML's terms. The words are those that stand beside the code.
"""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from sluice.params import nested_model

_NAMES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    NoneType: "null",
    Any: "anything",
}
_BOUNDS = {
    annotated_types.Ge: ("ge", "at least"),
    annotated_types.Gt: ("gt", "above"),
    annotated_types.Le: ("le", "at most"),
    annotated_types.Lt: ("lt", "below"),
}


def _bounds(metadata: Any) -> str:
    found = ((_BOUNDS[type(bound)], bound) for bound in metadata if type(bound) in _BOUNDS)
    return "".join(f", {words} {getattr(bound, key)}" for (key, words), bound in found)


def _type_name(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_name(inner[0]) + _bounds(inner[1:])
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if origin in (Union, UnionType):
        return " or ".join(_type_name(kind) for kind in inner)
    if origin is dict:
        if inner[1] is Any:
            return "keys of your own"
        return f"mapping of {_type_name(inner[0])} to {_type_name(inner[1])}"
    if origin is tuple:
        return f"list of {', '.join(_type_name(kind) for kind in inner if kind is not Ellipsis)}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys below"
    return _NAMES.get(annotation) or annotation.__name__


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = to_jsonable_python(field.get_default(call_default_factory=True))
    return f"default {json.dumps(value, ensure_ascii=False)}"


def _by_name(annotation: Any) -> bool:
    """Whether the user gives the names: a mapping of text to sections."""
    inner = get_args(annotation)
    if get_origin(annotation) is dict:
        return nested_model(inner[1]) is not None
    return any(_by_name(kind) for kind in inner)


def _describe(key: str, field: FieldInfo) -> Iterator[str]:
    inner = nested_model(field.annotation, tuple(field.metadata))
    kind = _type_name(field.annotation) + _bounds(field.metadata)
    if inner is not None:
        kind = kind.replace("keys of your own", "keys below")
    shown = kind if inner and field.get_default() is not None else f"{kind}; {_default(field)}"
    yield f"{key}  ({shown})\n    {' '.join((field.description or '').split())}"
    if inner is not None:
        yield explain(f"{key}.<name>" if _by_name(field.annotation) else key, inner)


def explain(prefix: str, model: type[BaseModel]) -> str:
    """Every key below `prefix` with type, default and sentence, nested keys after their own."""
    parts = (_describe(f"{prefix}.{name}", field) for name, field in model.model_fields.items())
    return "\n".join(chain.from_iterable(parts))
