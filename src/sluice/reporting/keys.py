"""Explains the keys of a section from its type: one paragraph for each.

In: a pydantic class. Out: text. The words are those that stand beside the code.
"""

from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined


def _type_name(annotation: Any) -> str:
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("Literal", "one of ")


def _nested(field: FieldInfo) -> type[BaseModel] | None:
    kinds = [field.annotation, *get_args(field.annotation)]
    found = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return found[0] if found else None


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "" if value is PydanticUndefined else f"default {value!r}"


def explain(prefix: str, model: type[BaseModel]) -> str:
    """Every key below `prefix` with type, default and sentence, nested keys after their own."""
    parts = []
    for name, field in model.model_fields.items():
        key, inner = f"{prefix}.{name}", _nested(field)
        words = " ".join((field.description or "").split())
        if inner is None:
            parts.append(f"{key}  ({_type_name(field.annotation)}, {_default(field)})\n    {words}")
        else:
            parts += [f"{key}\n    {words}", explain(key, inner)]
    return "\n".join(parts)
