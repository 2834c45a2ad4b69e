"""Which predictions are of this run: what sections `train` and `baseline` name (decision 5).

In: params.yaml. Out: kind, name and seed of each candidate. It stops at names: files are read in
the stages.
"""

from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel

from sluice.params import parse_section, read_yaml


class Wanted(NamedTuple):
    """A candidate that params.yaml names; a baseline has no seed."""

    kind: Literal["model", "baseline"]
    name: str
    seed: int | None


class _Named(BaseModel):
    """The keys of other sections that matter here; all else in them is their own stage's."""

    models: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    names: tuple[str, ...] = ()


def read_wanted(params: Path) -> list[Wanted]:
    """Every model of `train` with each seed, then every baseline of `baseline`.

    Raises:
        ParamsError: the file or one of the sections is broken.
    """
    content = read_yaml(params)
    train, baseline = (
        parse_section(content.get(name) or {}, _Named, f"{params}: {name}")
        for name in ("train", "baseline")
    )
    models = [Wanted("model", name, seed) for name in train.models for seed in train.seeds]
    return models + [Wanted("baseline", name, None) for name in baseline.names]
