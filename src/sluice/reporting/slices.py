"""What the report tells of parts of the test rows: reports/metrics/slices.json and its figure.

In: parsed JSON. Out: typed values and a drawing; see `sluice.reporting.facts` for what is refused.
Nothing is computed here; the words are in the template `slices.html.j2`.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pydantic import model_validator

from sluice.reporting.canvas import (
    BLUE,
    GREY,
    INK,
    PALE,
    VERMILLION,
    label_text,
    name_rows,
    new_panels,
)
from sluice.reporting.facts import Facts
from sluice.reporting.numbers import points
from sluice.reporting.scores import Difference

MOST_DRAWN = 40
"""Slices in the figure; the table has all."""


class Scores(Facts):
    """Scores of one candidate on one slice, with their intervals."""

    macro_f1: Difference
    accuracy: Difference


class Compared(Difference):
    """Slice minus all test rows, over the slice's labels; `p_holm` is adjusted for all slices."""

    p: float
    p_holm: float


class SliceScores(Facts):
    """One slice of the test rows."""

    dimension: str
    value: str
    rows: int
    labels: list[str]
    scores: dict[str, Scores]
    difference: Compared
    weak: bool

    @property
    def name(self) -> str:
        """What it is called: its value, and its dimension where that does not name it."""
        spoken = self.dimension in self.value or self.dimension == "length"
        return self.value if spoken else f"{self.dimension}: {self.value}"


class SmallSlice(Facts):
    """A slice with too few rows to score."""

    dimension: str
    value: str
    rows: int


class GroupGap(Difference):
    """The largest difference between two groups of a column."""

    best: str
    worst: str
    groups: int


class Slices(Facts):
    """reports/metrics/slices.json."""

    candidates: list[str]
    confidence: float
    rows: int
    min_rows: int
    overall: dict[str, Scores]
    slices: list[SliceScores]
    too_small: list[SmallSlice]
    fairness: dict[str, GroupGap | None]

    @model_validator(mode="after")
    def _every_candidate_is_scored(self) -> "Slices":
        if not self.candidates:
            raise ValueError("candidates is empty")
        for scores in (self.overall, *(one.scores for one in self.slices)):
            lost = [key for key in self.candidates if key not in scores]
            if lost:
                raise ValueError(f"scores of {lost[0]!r} are missing")
        return self

    @property
    def shown(self) -> str:
        """The candidate that weak slices are of."""
        return self.candidates[0]

    @property
    def weak(self) -> list[SliceScores]:
        """Slices that are worse than the whole, the worst first."""
        weak = [one for one in self.slices if one.weak]
        return sorted(weak, key=lambda one: one.difference.value)


def _draw_slice(panel: Axes, row: int, one: SliceScores, candidates: list[str]) -> None:
    colours = [(VERMILLION if one.weak else BLUE, "D" if one.weak else "o", 0.0)]
    colours += [(GREY, "s", 0.22)] * (len(candidates) - 1)
    for key, (colour, marker, shift) in zip(candidates, colours, strict=True):
        score = one.scores[key].macro_f1
        panel.hlines(row + shift, 100 * score.low, 100 * score.high, color=colour, linewidth=1.6)
        panel.plot(100 * score.value, row + shift, marker, color=colour, markersize=4.5)
    best = max(score.macro_f1.high for score in one.scores.values())
    panel.annotate(
        f"{points(one.scores[candidates[0]].macro_f1.value)}  ({one.rows:,})", (100 * best, row),
        (5, 0), textcoords="offset points", va="center", fontsize=8, color=INK,
    )  # fmt: skip


def draw_slices(slices: Slices) -> Figure | None:
    """Macro-F1 of the shown candidate on every slice, the baseline below it, the whole as a band.

    None where no slice is large enough.
    """
    drawn = slices.slices[:MOST_DRAWN]
    if not drawn:
        return None
    figure, (panel,) = new_panels(1, 0.7 + 0.3 * len(drawn))
    whole = slices.overall[slices.shown].macro_f1
    panel.axvspan(100 * whole.low, 100 * whole.high, color=PALE, linewidth=0)
    for row, one in enumerate(drawn):
        _draw_slice(panel, row, one, slices.candidates)
    name_rows(panel, [one.name for one in drawn], limit=32)
    panel.margins(x=0.16)
    panel.set_xlabel(f"macro-F1, points, with {100 * slices.confidence:g}% intervals")
    kinds = [(BLUE, "o", label_text(slices.shown)), (VERMILLION, "D", "the same, weak")]
    kinds += [(GREY, "s", label_text(key)) for key in slices.candidates[1:]]
    for colour, marker, name in kinds:
        panel.plot([], [], marker, color=colour, label=name)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, handletextpad=0.2)
    return figure
