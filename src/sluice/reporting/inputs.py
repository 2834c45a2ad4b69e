"""What the report needs of each JSON file that the stages leave, and that nothing of it is missing.

In: parsed JSON. Out: typed values in which every number is finite, or one error that names file
and key. Keys that the report does not show are passed over. What is written of it is for templates.
"""

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from sluice.errors import DataError

ADVICE = "run the stage that writes it again (dvc repro)"


class Facts(BaseModel):
    """Part of a JSON file: numbers finite and of their own type, other keys allowed."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, strict=True)


class Interval(Facts):
    """Bounds of an interval."""

    low: float
    high: float


class Difference(Interval):
    """A difference in macro-F1 with its paired interval."""

    value: float


class SeedScore(Facts):
    """Mean of a score over seeds, and its standard deviation where there are several."""

    mean: float
    spread: float | None = None


class SeedScores(Facts):
    """Scores of one model over its seeds."""

    seeds: int
    macro_f1: SeedScore
    accuracy: SeedScore


class Gap(Difference):
    """The selected model minus the best baseline."""

    rows: int


class ClassScores(Facts):
    """Scores of one label on the test rows."""

    precision: float
    recall: float
    f1: float
    support: float


class ModelScores(Facts):
    """What evaluate found for a model or a baseline."""

    kind: Literal["model", "baseline"]
    name: str
    seed: int | None
    validation: dict[str, float]
    test: dict[str, float]
    intervals: dict[str, Interval]
    per_class: dict[str, ClassScores]
    confusion: list[list[int]]
    against_baseline: Difference | None = None
    against_selected: Difference | None = None

    @model_validator(mode="after")
    def _headline_is_there(self) -> "ModelScores":
        for name in ("validation", "test", "intervals"):
            missing = {"macro_f1", "accuracy"} - set(getattr(self, name))
            if missing:
                raise ValueError(f"{name} has no {', '.join(sorted(missing))}")
        lost = sorted(set(self.test) - set(self.intervals))
        if lost:
            raise ValueError(f"intervals has no {', '.join(lost)}")
        return self


class Evaluation(Facts):
    """reports/metrics/evaluation.json."""

    labels: list[str]
    confidence: float
    rows: int
    models: dict[str, ModelScores]
    over_seeds: dict[str, SeedScores]
    selected: str | None
    best_baseline: str | None
    gap: Gap | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> "Evaluation":
        if not self.models:
            raise ValueError("models is empty")
        for name in ("selected", "best_baseline"):
            if getattr(self, name) not in {None, *self.models}:
                raise ValueError(f"{name} is {getattr(self, name)!r}, which models does not name")
        if self.selected and self.best_baseline and self.gap is None:
            raise ValueError("gap is missing")
        return self

    @model_validator(mode="after")
    def _labels_fit(self) -> "Evaluation":
        for key, model in self.models.items():
            missing = [label for label in self.labels if label not in model.per_class]
            if missing:
                raise ValueError(f"models.{key}.per_class has no {missing[0]!r}")
            shape = {len(self.labels), *(len(row) for row in model.confusion)}
            if shape != {len(model.confusion)}:
                raise ValueError(f"models.{key}.confusion is not labels x labels")
        return self

    @property
    def ranked(self) -> dict[str, ModelScores]:
        """Candidates by falling macro-F1 on the test rows."""
        order = sorted(self.models, key=lambda key: -self.models[key].test["macro_f1"])
        return {key: self.models[key] for key in order}

    @property
    def seeded(self) -> dict[str, SeedScores]:
        """Scores over seeds of the models that were trained with several."""
        return {name: scores for name, scores in self.over_seeds.items() if scores.seeds > 1}

    @property
    def shown(self) -> str:
        """The candidate that errors and confusion are shown of, as in `evaluate`."""
        return self.selected or self.best_baseline or next(iter(self.models))


class Training(Facts):
    """reports/metrics/train/<key>.json."""

    best_epoch: int
    epochs: int
    parameters: int
    train_rows: int


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
    relabelled: int
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


class Leaks(Facts):
    """reports/metrics/leaks.json."""

    method: str
    rows: SplitRows
    label_counts: dict[str, dict[str, int]]
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


Model = TypeVar("Model", bound=Facts)


def check_facts(content: Any, model: type[Model], where: str) -> Model:
    """Check parsed JSON against what the report needs of it.

    Raises:
        DataError: a key is missing, a number is null, NaN or infinite; it names file and key.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        message = " ".join(first["msg"].removeprefix("Value error, ").split())
        raise DataError(f"{where}: {place or 'the file'}: {message}{more}: {ADVICE}") from error
