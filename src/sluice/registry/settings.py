"""Section `gate` of params.yaml: what a challenger must show before it may replace the champion.

In: a mapping. Out: typed thresholds, each explained by a sentence. What is done with them is in
`sluice.registry.checks`; the section has no stage, for the gate hangs on the registry's state.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sluice.params import Section

# GTO's names: what `git tag` and DVC Studio take.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$", max_length=64)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Latency(Section):
    """How answering times are compared: both models in one run, one text at a time."""

    ratio: float = Field(default=1.5, gt=0.0)
    """Most of the challenger's median time as a multiple of the champion's."""
    texts: int = Field(default=32, ge=1, le=10_000)
    """Test rows that are answered, one at a time."""
    rounds: int = Field(default=9, ge=3, le=1000)
    """How often; the two models take turns to go first."""


class Gate(Section):
    """Section `gate` of params.yaml."""

    artifact: Name = "sentiment"
    """What git tags and DVC's section `artifacts` call the model."""
    stage: Name = "prod"
    """What git tags call the place of the champion."""
    approval: Literal["auto", "manual"] = "auto"
    """Whether a challenger that passes takes over at once, or waits for a person."""
    floor: Share = 0.7
    """Least macro-F1: the lower bound of the challenger's interval must reach it."""
    seen_share: Share = 0.0
    """Most of the test rows that the champion may have learnt from; more, and the comparison would
    be unfair."""
    gain: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.0
    """What the lower bound of challenger - champion in macro-F1 must lie above; 0: no ties."""
    baseline_margin: Share = 0.02
    """How far the lower bound of challenger - baseline in macro-F1 may lie below zero."""
    slice_margin: Share = 0.03
    """How far a slice's macro-F1 may fall; further, and not by chance, refuses the challenger."""
    slice_margins: dict[str, Share] = Field(default_factory=dict)
    """Other margins by the slices' dimension, such as a column's name, `length` or `negation`."""
    behaviour_margin: Share = 0.05
    """How far the upper bound of the rise in the behaviour tests' failure rate may go."""
    calibration_margin: Share = 0.02
    """How far the calibration error may lie above the champion's, both after scaling."""
    size_ratio: float = Field(default=2.0, gt=0.0)
    """Most bytes of the challenger's files as a multiple of the champion's."""
    latency: Latency = Field(default_factory=Latency)
    """How answering times are compared."""
    export: bool = True
    """Whether `sluice promote` and `rollback` also export the new champion for services without
    torch, where `sluice[export]` is installed."""
