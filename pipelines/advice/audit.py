"""The audit's plan: each piece of advice, what it changes, and which rows it is trained on.

In: advice.yaml. Out: checked objects, and the sections of params.yaml with one advice followed. It
stops at plain values: nothing is trained here.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from sluice.errors import ParamsError
from sluice.params import Section, parse_section, read_yaml
from sluice.variants import VariantName, overlay

DEFAULT = "default"
NAIVE = "naive_synonyms"
"""Rows that a script of this pipeline makes, and not the main pipeline's augment stage."""

READ = ("clean", "augment", "probe", "train")
"""Sections that the stages of the main pipeline read here."""

Changed = Literal["clean", "augment", "train"]


class Rows(Section):
    """Training rows that the augment stage makes."""

    name: VariantName
    """The advice whose settings make them."""
    cleaning: VariantName
    """The cleaned rows they are made from."""


class Advice(Section):
    """One piece of advice."""

    name: VariantName
    """What files and tables call it."""
    says: str = Field(min_length=1, max_length=300)
    """What it tells a reader to do, and why."""
    cleaning: VariantName = DEFAULT
    """Cleaned rows that the model is judged on."""
    rows: VariantName = DEFAULT
    """Rows that it is trained on."""
    change: dict[Changed, dict[str, Any]]
    """What is laid over the sections of params.yaml to follow it."""

    @model_validator(mode="after")
    def _names_what_it_changes(self) -> "Advice":
        own = {"cleaning": "clean" in self.change}
        own["rows"] = own["cleaning"] or "augment" in self.change or self.name == NAIVE
        for key, changed in own.items():
            wanted = self.name if changed else DEFAULT
            if getattr(self, key) != wanted:
                raise ValueError(f"{key} of {self.name} must be {wanted}, by what it changes")
        return self


class Audit(Section):
    """All of advice.yaml."""

    cleanings: tuple[VariantName, ...]
    """Advice whose settings a cleaning is made with."""
    rows: tuple[Rows, ...]
    """Training rows that several trainings share."""
    advice: tuple[Advice, ...] = Field(min_length=2)
    """The default, then each piece of advice."""

    @model_validator(mode="after")
    def _complete(self) -> "Audit":
        names = [one.name for one in self.advice]
        if len(set(names)) < len(names):
            raise ValueError("advice: two entries have one name")
        if names[0] != DEFAULT or self.advice[0].change:
            raise ValueError(f"advice: the first entry must be {DEFAULT} and change nothing")
        needed = {one.cleaning for one in self.advice}
        if set(self.cleanings) != needed:
            raise ValueError(f"cleanings must be {', '.join(sorted(needed))}")
        rows = {(one.rows, one.cleaning) for one in self.advice if one.rows != NAIVE}
        if {(one.name, one.cleaning) for one in self.rows} != rows:
            raise ValueError(f"rows must name {', '.join(sorted(name for name, _ in rows))}")
        return self


def read_audit(path: Path) -> Audit:
    """Read advice.yaml.

    Raises:
        ParamsError: the file is missing, or an entry is not usable.
    """
    return parse_section(read_yaml(path), Audit, str(path))


def settings_of(advice: Advice, params: dict[str, Any]) -> dict[str, Any]:
    """Give the sections of params.yaml that stages read, with one piece of advice followed.

    Its model is a variant of its name. Seeds are the graph's matter and stand in the commands:
    they are left at 0 here, so that one seed more trains nothing again.

    Raises:
        ParamsError: params.yaml lacks a section.
    """
    changes: dict[str, dict[str, Any]] = dict(advice.change.items())
    absent = [name for name in READ if not isinstance(params.get(name), dict)]
    if absent:
        raise ParamsError(f"params.yaml has no section {', '.join(absent)}")
    settings = {name: overlay(params[name], changes.get(name, {})) for name in READ}
    variants = {advice.name: changes.get("train", {})}
    shared = {"models": [advice.name], "seeds": [0], "variants": variants}
    return settings | {"train": params["train"] | shared}
