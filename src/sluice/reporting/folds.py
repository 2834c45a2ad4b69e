"""What the report tells of folds held out in turn: reports/metrics/folds.json, and its figure.

In: parsed JSON. Out: typed values whose parts fit each other, and one drawing of them. Nothing is
computed here; the words are in the template `folds.html.j2`.
"""

from typing import Literal

from matplotlib.figure import Figure
from pydantic import model_validator

from sluice.reporting.canvas import BLUE, GREY, INK, VERMILLION, label_text, name_rows, new_panels
from sluice.reporting.facts import Facts
from sluice.reporting.scores import Interval


class FoldMean(Facts):
    """A mean over folds (and seeds) with an interval for each thing that might have differed."""

    mean: float
    by_fold: list[float]
    over_folds: Interval
    over_rows: Interval
    over_seeds: Interval | None = None


class FoldDifference(FoldMean):
    """A candidate minus the best baseline; `folds_above` counts those where it is above zero."""

    folds_above: int


class FoldScores(FoldMean):
    """Macro-F1 of one candidate on the rows held out."""

    kind: Literal["model", "baseline"]
    seeds: int
    validation: float
    against_baseline: FoldDifference | None = None


class Folds(Facts):
    """reports/metrics/folds.json; without folds everything else is empty."""

    folds: list[int]
    models: dict[str, FoldScores]
    rows: int = 0
    confidence: float = 0.95
    selected: str | None = None
    best_baseline: str | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> "Folds":
        for name, scores in self.models.items():
            for found in (scores, scores.against_baseline):
                if found is not None and len(found.by_fold) != len(self.folds):
                    raise ValueError(f"models.{name} has not one score for each of the folds")
        for name in ("selected", "best_baseline"):
            if getattr(self, name) not in {None, *self.models}:
                raise ValueError(f"{name} is {getattr(self, name)!r}, which models does not name")
        return self

    @property
    def ranked(self) -> dict[str, FoldScores]:
        """Candidates by falling mean."""
        order = sorted(self.models, key=lambda name: -self.models[name].mean)
        return {name: self.models[name] for name in order}

    @property
    def differences(self) -> dict[str, FoldDifference]:
        """Models, in the order of `ranked`, beside the best baseline."""
        return {
            name: one.against_baseline
            for name, one in self.ranked.items()
            if one.kind == "model" and one.against_baseline is not None
        }


def draw_folds(folds: Folds) -> Figure | None:
    """Draw each model's difference from the best baseline: a dot for each fold, the mean's bar."""
    found = folds.differences
    if not found:
        return None
    figure, (panel,) = new_panels(1, 0.5 + 0.36 * len(found))
    panel.axvline(0, color=INK, linewidth=1)
    for row, (name, one) in enumerate(found.items()):
        colour = VERMILLION if name == folds.selected else BLUE
        low, high = 100 * one.over_folds.low, 100 * one.over_folds.high
        panel.hlines(row, low, high, color=colour, linewidth=2)
        dots = [100 * value for value in one.by_fold]
        panel.plot(dots, [row] * len(dots), "o", color=GREY, markersize=4, alpha=0.8)
        panel.plot(100 * one.mean, row, "D", color=colour, markersize=6)
    name_rows(panel, list(found))
    panel.margins(x=0.1)
    share = f"{100 * folds.confidence:g}%"
    panel.set_xlabel(
        f"points of macro-F1 from {label_text(folds.best_baseline)}, by fold and in the mean "
        f"({share} intervals)"
    )
    return figure
