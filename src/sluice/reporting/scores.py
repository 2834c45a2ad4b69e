"""What the report needs of the scores: reports/metrics/evaluation.json and reports/metrics/train/.

In: parsed JSON. Out: typed values whose parts fit each other; see `sluice.reporting.facts` for what
is refused. Nothing is computed here.
"""

from typing import Literal

from pydantic import model_validator

from sluice.reporting.facts import Facts

# In the order of reading.
SCORES = {
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "weighted_f1": "weighted F1",
    "weighted_precision": "weighted precision",
    "weighted_recall": "weighted recall",
    "log_loss": "log loss",
    "polarity_mae": "polarity MAE",
    "polarity_mse": "polarity MSE",
}


class Interval(Facts):
    """Bounds of an interval."""

    low: float
    high: float


class Difference(Interval):
    """A difference in macro-F1 with its paired interval."""

    value: float


class SeedScore(Facts):
    """Mean of a score over seeds and its interval over rows; over several seeds, that too."""

    mean: float
    over_rows: Interval
    spread: float | None = None
    over_seeds: Interval | None = None


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
    def scores(self) -> list[str]:
        """Names of the scores that every candidate has, those of `SCORES` first."""
        found = set.intersection(*(set(model.test) for model in self.models.values()))
        return [name for name in SCORES if name in found] + sorted(found - set(SCORES))

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
