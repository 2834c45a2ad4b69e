"""Section `explain` of params.yaml: how many errors are explained, without what explains them.

In: the section. Out: frozen settings. It needs no torch; the explaining is stage `explain`'s.
"""

from pydantic import Field

from sluice.params import Section


class Explain(Section):
    """Section `explain` of params.yaml."""

    errors: int = Field(default=10, ge=0, le=200)
    """How many of the selected model's worst test errors are explained word by word."""
