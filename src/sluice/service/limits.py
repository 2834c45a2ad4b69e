"""What a service takes at most: of one call, of all calls at once, and of time.

In: options of `sluice serve`. Out: checked limits. They are kept by `sluice.service.app` and
`sluice.service.batching`.
"""

from pydantic import Field

from sluice.params import Section


class Limits(Section):
    """Limits of a service."""

    body_bytes: int = Field(1_000_000, ge=1000)
    """Bytes of a request's body; beyond them 413."""
    texts: int = Field(256, ge=1)
    """Texts of a call; beyond them 422."""
    characters: int = Field(5000, ge=1)
    """Characters of a text; beyond them 422."""
    seconds: float = Field(10.0, gt=0)
    """Time until a call is answered, its body read included; beyond it 408 or 504."""
    queue: int = Field(2048, ge=1)
    """Texts that wait; a call that would be beyond them gets 503 and Retry-After."""
    batch: int = Field(64, ge=1)
    """Texts that are answered together."""
    wait_seconds: float = Field(0.002, ge=0)
    """How long the first text of a batch waits for others."""
    drain_seconds: float = Field(20.0, gt=0)
    """How long calls may still take after SIGTERM."""
