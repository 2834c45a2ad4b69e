"""Section `watch` of params.yaml: which new rows are looked at, and how sure an alarm must be.

In: a mapping. Out: typed settings, each explained by a sentence. The section has no stage: what is
watched comes after the pipeline, and hangs on the registry's champion.
"""

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from sluice.data.encodings import check_encoding
from sluice.params import Section

STATISTICS = ("unknown", "length", "words", "labels", "confidence", "embedding", "accuracy")
"""What is compared; see `sluice.watching.statistics`."""


class Watch(Section):
    """Section `watch` of params.yaml."""

    path: Path = Path("data/incoming")
    """New rows where no other path is named: a CSV or Parquet file, or a folder of such files."""
    column: str = Field(default="text", min_length=1)
    """Name of the column that holds the texts."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """The character between cells of a CSV file."""
    encoding: str = "utf-8"
    """The text encoding of a CSV file."""
    false_alarms: float = Field(default=0.01, gt=0.0, le=0.2)
    """Share of batches without drift that may raise an alarm, by all statistics together."""
    resamples: int = Field(default=2000, ge=100, le=20_000)
    """How often a batch is drawn from the reference to find the thresholds."""
    min_rows: int = Field(default=50, ge=2)
    """Fewer different texts than this get no verdict."""
    max_rows: int = Field(default=1000, ge=50, le=5000)
    """Texts that are scored, drawn at random from larger batches; the reference has four times
    as many at most."""
    quiet_hours: float = Field(default=24.0, ge=0.0)
    """Hours after an alarm in which the flow raises no other one against the same champion."""
    seed: int = 0
    """Seed of the draws."""

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        return check_encoding(encoding)

    @model_validator(mode="after")
    def _thresholds_can_be_found(self) -> "Watch":
        if self.resamples * self.false_alarms < len(STATISTICS):
            least = -(-len(STATISTICS) // self.false_alarms)
            raise ValueError(
                f"watch.false_alarms of {self.false_alarms:g} needs watch.resamples of at least "
                f"{least:.0f}"
            )
        return self
