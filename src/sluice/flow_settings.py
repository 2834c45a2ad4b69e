"""Section `flows` of params.yaml: how flows run the graph. What the graph is, dvc.yaml says.

In: the section. Out: frozen settings. None of them changes what a stage writes.
"""

from pydantic import Field

from sluice.params import Section


class Retry(Section):
    """Which stages are tried again, and when: only those that need a network."""

    stages: tuple[str, ...] = ()
    """Names of stages that may fail for a while: [ingest] with source: kaggle."""
    times: int = Field(3, ge=1, le=10)
    """How often a stage is tried again."""
    delay_seconds: float = Field(10.0, gt=0)
    """Seconds before the first further trial; each next delay is twice as long."""
    jitter: float = Field(0.3, ge=0, le=1)
    """Share by which a delay is varied at random, so that many do not come back at once."""


class Flows(Section):
    """How flows run the graph."""

    parallel: int = Field(2, ge=1)
    """Stages that run at once where they do not need each other."""
    retry: Retry = Retry()
    """Stages that are tried again."""
