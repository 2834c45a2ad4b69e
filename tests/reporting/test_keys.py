"""The words of `sluice params`: every kind of type, in the terms of YAML."""

import importlib
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, PositiveFloat

from sluice.params import ALL_SECTIONS, SETTINGS, KeysOf, Section, read_yaml
from sluice.reporting.keys import explain

PARAMS = Path(__file__).parents[2] / "params.yaml"


class Inner(Section):
    size: int = Field(4, ge=1, le=9)
    """How many."""


class Outer(Section):
    needed: str
    """A name
    over two lines."""
    share: float = Field(0.5, ge=0, lt=1)
    """A share."""
    grid: tuple[PositiveFloat, ...] = (0.1, 1.0)
    """Numbers."""
    span: tuple[int, int] = (1, 2)
    """First and last."""
    on: bool | None = None
    """Switch."""
    kind: Literal["a", "b"] = "a"
    """Kind."""
    perhaps: Literal["x"] | None = None
    """Kind or none."""
    path: Path = Path("a/b")
    """Where."""
    map: dict[str, str] = Field(default_factory=dict)
    """Names."""
    inner: Inner = Inner()
    """Always there."""
    maybe: Inner | None = None
    """Perhaps there."""
    each: dict[str, Inner] = Field(default_factory=dict)
    """One for each name."""
    late: Annotated[dict[str, Any], KeysOf(Inner)] = Field(default_factory=dict)
    """Checked later."""
    late_maybe: Annotated[dict[str, Any] | None, KeysOf(Inner)] = None
    """Checked later, if at all."""
    free: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Anything."""


SIZE = ".size  (whole number, at least 1, at most 9; default 4)\n    How many."
EXPECTED = [
    "s.needed  (text; required)\n    A name over two lines.",
    "s.share  (number, at least 0, below 1; default 0.5)\n    A share.",
    "s.grid  (list of number, above 0; default [0.1, 1.0])\n    Numbers.",
    "s.span  (list of whole number, whole number; default [1, 2])\n    First and last.",
    "s.on  (true or false or null; default null)\n    Switch.",
    's.kind  (one of a, b; default "a")\n    Kind.',
    "s.perhaps  (one of x or null; default null)\n    Kind or none.",
    's.path  (path; default "a/b")\n    Where.',
    "s.map  (mapping of text to text; default {})\n    Names.",
    "s.inner  (keys below)\n    Always there.",
    f"s.inner{SIZE}",
    "s.maybe  (keys below or null; default null)\n    Perhaps there.",
    f"s.maybe{SIZE}",
    "s.each  (mapping of text to keys below)\n    One for each name.",
    f"s.each.<name>{SIZE}",
    "s.late  (keys below)\n    Checked later.",
    f"s.late{SIZE}",
    "s.late_maybe  (keys below or null; default null)\n    Checked later, if at all.",
    f"s.late_maybe{SIZE}",
    "s.free  (mapping of text to keys of your own; default {})\n    Anything.",
]


def test_each_kind_of_key_is_explained_in_yamls_terms() -> None:
    assert explain("s", Outer) == "\n".join(EXPECTED)


def paths(content: dict[str, Any], where: str) -> list[str]:
    found = []
    for key, value in content.items():
        found.append(f"{where}.{key}")
        if isinstance(value, dict):
            found += paths(value, f"{where}.{key}")
    return found


FREE = ("train.variants.", "ingest.label_map.", "ingest.slices.", "evaluate.polarity.")


@pytest.mark.parametrize("name", ALL_SECTIONS)
def test_every_key_of_the_projects_file_is_explained(name: str) -> None:
    module = importlib.import_module(SETTINGS.get(name, f"sluice.stages.{name}"))
    model = getattr(module, name.capitalize())
    text = explain(name, model)
    explained = {line.split("  (")[0] for line in text.split("\n") if line.startswith(f"{name}.")}
    written = {path for path in paths(read_yaml(PARAMS)[name], name) if not path.startswith(FREE)}
    assert written <= explained
    for python in (
        "typing",
        "None",
        "pathlib",
        "Literal",
        "True",
        "tuple",
        "Annotated",
        "Undefined",
    ):
        assert f"{python}" not in text.replace("None of", "")
