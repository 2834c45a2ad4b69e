"""What the report needs of the data: provenance.json, leaks.json and augment.json.

In: parsed JSON. Out: typed values; see `sluice.reporting.facts` for what is refused. Nothing is
computed here.
"""

from sluice.reporting.facts import Facts
from sluice.reporting.scores import Interval


class RowCounts(Facts):
    """Rows that ingest read, kept and rejected."""

    read: int
    kept: int
    rejected: int


class Provenance(Facts):
    """data/raw/provenance.json."""

    source: str
    origin: str | None
    version: str | None
    licence: str | None
    file: str
    encoding: str
    sha256: str
    rows: RowCounts
    rejected: dict[str, int]
    labels: list[str]
    label_counts: dict[str, int]


class SplitRows(Facts):
    """Rows that split read, dropped and gave to each part."""

    read: int
    dropped_exact: int
    dropped_conflicts: int
    dropped_crossing: int
    train: int
    validation: int
    test: int


class Clusters(Facts):
    """Groups of exact and near duplicates."""

    count: int
    several: int
    rows_in_several: int
    largest: int


class Conflicts(Facts):
    """Groups whose rows do not agree on a label, and what became of them."""

    rule: str
    clusters: int
    rows: int
    dropped: int


class Spread(Interval):
    """A mean over draws with the least and the most."""

    mean: float


class NaiveSplit(Facts):
    """What random splits of the same sizes would have leaked."""

    draws: int
    test_rows: int
    leaked: Spread
    leaked_share: float
    exact: Spread


class PartCounts(Facts):
    """Rows of each label in each part of the split; iterates in the order of the parts."""

    train: dict[str, int]
    validation: dict[str, int]
    test: dict[str, int]


class Leaks(Facts):
    """reports/metrics/leaks.json."""

    method: str
    rows: SplitRows
    label_counts: PartCounts
    clusters: Clusters
    conflicts: Conflicts
    naive_split: NaiveSplit
    leaked: int


class AugmentRows(Facts):
    """Training rows before and after augment."""

    before: int
    after: int
    synthetic: int


class BeforeAfter(Facts):
    """Training rows by label before and after augment."""

    before: dict[str, int]
    after: dict[str, int]


class Operation(Facts):
    """Synthetic rows that were asked of an operation, and those it could make."""

    asked: int
    made: int


class Augmentation(Facts):
    """reports/metrics/augment.json."""

    resampling: str
    rows: AugmentRows
    label_counts: BeforeAfter
    weights: dict[str, float]
    """Weight of each label in the loss."""
    operations: dict[str, Operation]
