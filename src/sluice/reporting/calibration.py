"""What the report tells of sureness: reports/metrics/calibration.json and its two figures.

In: parsed JSON. Out: typed values and drawings; see `sluice.reporting.facts` for what is refused.
Nothing is computed here; the words are in the template `calibration.html.j2`.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pydantic import model_validator

from sluice.reporting.canvas import BLUE, GREY, INK, VERMILLION, label_text, new_panels
from sluice.reporting.facts import Facts
from sluice.reporting.scores import Difference, Evaluation


class Chance(Facts):
    """What the calibration error of a perfect model would be on so many rows."""

    mean: float
    high: float


class CalibrationError(Difference):
    """Expected calibration error with its interval, and what chance alone gives."""

    chance: Chance


class Bin(Facts):
    """Rows of about the same confidence."""

    rows: int
    confidence: float
    accuracy: float


class Sureness(Facts):
    """How well probabilities agree with what came true."""

    ece: CalibrationError
    log_loss: Difference
    brier: Difference
    bins: list[Bin]


class LabelShare(Facts):
    """A label's share of the rows, and the mean probability that it was given."""

    actual: float
    given: float


class Curve(Facts):
    """Risk by coverage."""

    coverage: list[float]
    risk: list[float]

    @model_validator(mode="after")
    def _has_points(self) -> "Curve":
        if not self.coverage or len(self.coverage) != len(self.risk):
            raise ValueError("coverage and risk are not as many points")
        return self


class Answered(Facts):
    """What thresholds of validation rows give on test rows; no rate where none is."""

    coverage: Difference
    error_rate: Difference | None


class CandidateSureness(Facts):
    """What evaluate found of one candidate, before and after its temperature."""

    temperature: float
    before: Sureness
    after: Sureness
    gain: Difference
    labels: dict[str, LabelShare]
    coverage: Difference
    aurc: Difference
    thresholds: dict[str, float | None]
    answered: Answered
    curve: Curve


class Calibration(Facts):
    """reports/metrics/calibration.json."""

    confidence: float
    error_rate: float
    models: dict[str, CandidateSureness]


def _shown(evaluation: Evaluation) -> list[str]:
    """The selected model and the best baseline, or what stands for them."""
    found = [key for key in (evaluation.selected, evaluation.best_baseline) if key]
    return found or [evaluation.shown]


def _draw_bins(panel: Axes, one: CandidateSureness) -> None:
    sides = ((one.before, GREY, "s", "--", "white"), (one.after, VERMILLION, "o", "-", VERMILLION))
    for sureness, colour, marker, line, face in sides:
        panel.plot(
            [100 * part.confidence for part in sureness.bins],
            [100 * part.accuracy for part in sureness.bins],
            line, marker=marker, color=colour, markerfacecolor=face, markersize=4, linewidth=1.2,
        )  # fmt: skip


def draw_reliability(calibration: Calibration, evaluation: Evaluation) -> Figure:
    """Accuracy by confidence of the selected model and the best baseline, before and after.

    Niculescu-Mizil & Caruana 2005, "Predicting Good Probabilities with Supervised Learning".
    """
    shown = _shown(evaluation)
    figure, panels = new_panels(len(shown), 2.5, per_row=2, sharex=True, sharey=True)
    for panel, key in zip(panels, shown, strict=True):
        panel.plot([0, 100], [0, 100], color=INK, linewidth=0.8, linestyle=":")
        _draw_bins(panel, calibration.models[key])
        panel.set_title(label_text(key, 18))
        panel.grid()
    lowest = min(
        min(part.confidence, part.accuracy)
        for key in shown
        for side in (calibration.models[key].before, calibration.models[key].after)
        for part in side.bins
    )
    panels[0].set_xlim(max(0.0, 100 * lowest - 5), 100)
    panels[0].set_ylim(max(0.0, 100 * lowest - 5), 100)
    for name, colour, marker, line in (
        ("as trained", GREY, "s", "--"),
        ("with its temperature", VERMILLION, "o", "-"),
    ):
        face = "white" if marker == "s" else colour
        panels[0].plot([], [], line, marker=marker, color=colour, markerfacecolor=face, label=name)
    figure.legend(loc="outside upper left", ncols=2, frameon=False)
    figure.supxlabel("probability of the predicted label, %", fontsize=9)
    figure.supylabel("share that is right, %", fontsize=9)
    return figure


def draw_risk_coverage(calibration: Calibration, evaluation: Evaluation) -> Figure:
    """Share of answers that is wrong by share of rows answered, every candidate."""
    figure, (panel,) = new_panels(1, 2.8)
    for key, one in calibration.models.items():
        selected, baseline = key == evaluation.selected, evaluation.models[key].kind == "baseline"
        best = key == evaluation.best_baseline
        colour = VERMILLION if selected else GREY if baseline else BLUE
        panel.plot(
            [100 * value for value in one.curve.coverage],
            [100 * value for value in one.curve.risk],
            "--" if baseline else "-", color=colour, linewidth=2 if selected or best else 0.9,
            label=label_text(key) if selected or best else None,
        )  # fmt: skip
    panel.axhline(100 * calibration.error_rate, color=INK, linewidth=0.8, linestyle=":")
    panel.set_xlim(0, 100)
    panel.set_ylim(bottom=0)
    panel.grid()
    panel.set_xlabel("rows answered, the surest first, % of the test rows")
    panel.set_ylabel("wrong among them, %")
    panel.plot([], [], color=BLUE, linewidth=0.9, label="other models")
    panel.plot([], [], "--", color=GREY, linewidth=0.9, label="other baselines")
    figure.legend(loc="outside upper left", ncols=2, frameon=False, handletextpad=0.4)
    return figure
