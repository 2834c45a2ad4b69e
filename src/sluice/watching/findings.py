"""What is said of a batch: the values of `drift.json`.

In: figures. Out: frozen values that go to JSON and come back, and one sentence for people.
"""

from typing import Literal

from pydantic import Field

from sluice.params import Section
from sluice.watching.settings import STATISTICS

Verdict = Literal["quiet", "drift", "too few rows"]

NAMES = {
    "unknown": "unknown words",
    "length": "length",
    "words": "words",
    "labels": "mix of labels",
    "confidence": "confidence",
    "embedding": "embedding",
    "accuracy": "estimated accuracy",
}


class Statistic(Section):
    """One comparison of a batch with the reference."""

    name: str
    """One of unknown, length, words, labels, confidence, embedding, accuracy."""
    value: float
    """How far apart they are."""
    threshold: float | None
    """The largest value that is no alarm; null where there is no verdict."""
    alarm: bool
    """Whether the value lies above it."""
    reference: float | None = None
    """The figure of the reference, where one figure says it."""
    batch: float | None = None
    """The same of the batch."""


class Accuracy(Section):
    """What share of the batch the champion probably gets right; no label of it is known."""

    estimate: float
    """By average thresholded confidence."""
    low: float
    """Lower bound: what chance leaves open in a batch of this size (95%)."""
    high: float
    """Upper bound."""
    confidence: float
    """Mean calibrated confidence, an estimate too."""
    reference: float
    """Accuracy on the reference, whose labels are known."""


class Counts(Section):
    """What became of a batch's rows."""

    read: int
    """Rows."""
    empty: int
    """Rows without a text, or with another number of cells than the header."""
    repeated: int
    """Texts that are, once cleaned, a text that came before."""
    scored: int
    """Texts that were drawn and scored."""


class Finding(Section):
    """All that is said of a batch."""

    format: int = Field(default=1, ge=1, le=1)
    """Version of this form."""
    verdict: Verdict
    """What was found."""
    champion: int
    """Version of the champion."""
    model: str
    """Its key, such as lstm-0."""
    batch: str
    """Name of the file or folder."""
    files: int
    """How many files it has."""
    sha256: str
    """Of the files."""
    counts: Counts
    """What became of its rows."""
    reference_rows: int
    """Rows of the reference, the champion's validation rows."""
    false_alarms: float
    """Share of batches without drift that raise an alarm."""
    statistics: tuple[Statistic, ...]
    """All comparisons."""
    accuracy: Accuracy
    """The estimated accuracy."""
    labels: dict[str, tuple[float, float]]
    """Share of rows of which each label is said: in the reference, in the batch."""

    @property
    def alarms(self) -> tuple[Statistic, ...]:
        """Statistics beyond their thresholds."""
        return tuple(one for one in self.statistics if one.alarm)


def describe_accuracy(found: Accuracy) -> str:
    """Say "estimated accuracy 71.0% [68.0%, 73.9%], 74.2% on the reference"."""
    bounds = f"[{100 * found.low:.1f}%, {100 * found.high:.1f}%]"
    known = f"{100 * found.reference:.1f}% on the reference"
    return f"estimated accuracy {100 * found.estimate:.1f}% {bounds}, {known}"


def describe(found: Finding) -> str:
    """Say in one line what was found."""
    rows = f"{found.counts.scored:,} text{'' if found.counts.scored == 1 else 's'}"
    accuracy = describe_accuracy(found.accuracy)
    if found.verdict == "too few rows":
        return f"no verdict on {rows}: too few; {accuracy}"
    if found.verdict == "quiet":
        return f"no drift in {rows}; {accuracy}"
    return f"drift in {', '.join(NAMES[one.name] for one in found.alarms)}, {rows}; {accuracy}"


def in_order(values: dict[str, Statistic]) -> tuple[Statistic, ...]:
    """Statistics in the order of their names in `settings.STATISTICS`."""
    return tuple(values[name] for name in STATISTICS)
