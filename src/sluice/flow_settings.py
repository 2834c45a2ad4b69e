"""Section `flows` of params.yaml: how flows run the graph. What the graph is, dvc.yaml says.

In: the section. Out: frozen settings. None of them changes what a stage writes.
"""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from sluice.params import Section, written_as

Address = Annotated[
    str,
    written_as(
        r"(tcp|tls|ws|wss)://[^/\s]{1,253}:[0-9]{1,5}",
        "a scheduler's address, such as tcp://10.0.0.5:8786",
    ),
]


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


Event = Literal["promoted", "kept", "waiting", "nothing new", "failed", "drift"]
"""What may be told; `nothing new` ends most retrainings, and is told only if it is asked for."""


class Notify(Section):
    """Who is told what flows decide; the channel's address is a secret, and never written here."""

    environment: str | None = None
    """Environment variable that holds one or more Apprise URLs (json://, slack://, mailto://)."""
    block: str | None = None
    """Prefect block, as type/name: a notification block (slack-webhook/team), or secret/NAME with
    an Apprise URL."""
    events: tuple[Event, ...] = ("promoted", "kept", "waiting", "failed", "drift")
    """What is told."""

    @field_validator("environment")
    @classmethod
    def _is_a_name(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,63}", name):
            raise PydanticCustomError(
                "secret",
                "name an environment variable here, in capitals, and put the address into it: "
                "params.yaml is no place for a secret",
            )
        return name

    @field_validator("block")
    @classmethod
    def _is_a_block(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"[a-z0-9-]{1,64}/[a-z0-9-]{1,64}", name):
            raise PydanticCustomError(
                "secret",
                "name a Prefect block here, as type/name, and put the address into it: params.yaml "
                "is no place for a secret",
            )
        return name

    @model_validator(mode="after")
    def _one_channel(self) -> "Notify":
        if self.environment and self.block:
            raise ValueError("notify.environment and notify.block are two channels: choose one")
        return self


class Flows(Section):
    """How flows run the graph."""

    parallel: int = Field(2, ge=1)
    """Stages that run at once where they do not need each other; on a cluster one per worker."""
    runner: Literal["threads", "dask"] = "threads"
    """`threads`: all stages run on this machine; `dask`: those of `dask_stages` on a cluster."""
    dask_address: Address | None = None
    """Address of the cluster's scheduler."""
    dask_stages: tuple[str, ...] = ("train", "fold_train")
    """Stages that run on workers, each in a clone of the project that shares the DVC remote."""
    dask_wait_seconds: float = Field(30.0, gt=0)
    """How long the cluster may be without a worker before what needs one fails."""
    retry: Retry = Retry()
    """Stages that are tried again."""
    notify: Notify = Notify()
    """Who is told what flows decide."""
    approval_seconds: int = Field(86_400, ge=0)
    """How long `retrain` stays paused for a person's answer where `gate.approval` is `manual`."""

    @model_validator(mode="after")
    def _cluster_is_named(self) -> "Flows":
        if self.runner == "dask" and self.dask_address is None:
            raise ValueError("runner is dask and dask_address is null: name the scheduler")
        return self
