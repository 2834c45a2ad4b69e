"""Charts of scores: candidates with intervals, differences, single labels, confusion.

In: a checked evaluation. Out: matplotlib figures, nothing written. Colour is never the only sign:
kinds differ in marker too, and every value stands beside its mark.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
from sluice.reporting.numbers import points, signed
from sluice.reporting.scores import Difference, Evaluation, Interval

# Differences are drawn to ten points, and farther where the selected model's needs it.
FARTHEST = 0.10
_TITLE = 18


def _mark(evaluation: Evaluation, key: str) -> tuple[str, str]:
    """Colour and marker of a candidate."""
    if key == evaluation.selected:
        return VERMILLION, "D"
    return (BLUE, "o") if evaluation.models[key].kind == "model" else (GREY, "s")


def _draw_kinds(panel: Axes, evaluation: Evaluation) -> None:
    kinds = {"selected model": (VERMILLION, "D"), "other model": (BLUE, "o")}
    kinds["baseline"] = (GREY, "s")
    used = {_mark(evaluation, key) for key in evaluation.models}
    for name, (colour, marker) in kinds.items():
        if (colour, marker) in used:
            panel.plot([], [], marker, color=colour, label=name)
    panel.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, borderaxespad=0.2,
        handletextpad=0.2,
    )  # fmt: skip


def _draw_row(panel: Axes, row: int, value: float, bounds: Interval, mark: tuple[str, str]) -> None:
    colour, marker = mark
    panel.hlines(row, 100 * bounds.low, 100 * bounds.high, color=colour, linewidth=2)
    panel.plot(100 * value, row, marker, color=colour, markersize=6)


def draw_comparison(evaluation: Evaluation) -> Figure:
    """Macro-F1 of every candidate with its interval (the paper's figure 4)."""
    ranked = evaluation.ranked
    figure, (panel,) = new_panels(1, 0.5 + 0.3 * len(ranked))
    if evaluation.best_baseline:
        best = ranked[evaluation.best_baseline].intervals["macro_f1"]
        panel.axvspan(100 * best.low, 100 * best.high, color=PALE, linewidth=0)
    for row, (key, model) in enumerate(ranked.items()):
        value, bounds = model.test["macro_f1"], model.intervals["macro_f1"]
        _draw_row(panel, row, value, bounds, _mark(evaluation, key))
        panel.annotate(
            points(value), (100 * bounds.high, row), (5, 0), textcoords="offset points",
            va="center", weight="bold" if key == evaluation.selected else "normal",
        )  # fmt: skip
    name_rows(panel, list(ranked))
    panel.margins(x=0.1)
    panel.set_xlabel(_axis(evaluation, "macro-F1 on the test rows, points"))
    _draw_kinds(panel, evaluation)
    return figure


def _axis(evaluation: Evaluation, words: str) -> str:
    return f"{words} ({100 * evaluation.confidence:g}% intervals)"


def _draw_difference(
    panel: Axes, row: int, found: Difference, mark: tuple[str, str], farthest: float
) -> None:
    value = found.value
    if abs(value) <= farthest:
        _draw_row(panel, row, value, found, mark)
        at, side = (100 * found.high, row), (5, "left")
    else:  # an arrow at the edge, so that the others can be told apart
        edge = 100 * np.sign(value) * farthest
        panel.plot(edge, row, "<" if value < 0 else ">", color=mark[0], markersize=6)
        at, side = (edge, row), ((7, "left") if value < 0 else (-7, "right"))
    panel.annotate(
        signed(value), at, (side[0], 0), textcoords="offset points", va="center", ha=side[1],
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},  # over the line at zero
    )  # fmt: skip


def draw_differences(evaluation: Evaluation) -> Figure | None:
    """Paired differences in macro-F1 from the best baseline; those far off stand at the edge."""
    found = {
        key: model.against_baseline
        for key, model in evaluation.ranked.items()
        if model.against_baseline is not None
    }
    if not found:
        return None
    figure, (panel,) = new_panels(1, 0.5 + 0.3 * len(found))
    panel.axvline(0, color=INK, linewidth=1)
    farthest = max(FARTHEST, 1.5 * abs(evaluation.gap.value) if evaluation.gap else 0.0)
    for row, (key, difference) in enumerate(found.items()):
        _draw_difference(panel, row, difference, _mark(evaluation, key), farthest)
    name_rows(panel, list(found))
    panel.margins(x=0.12)
    name = label_text(evaluation.best_baseline)
    panel.set_xlabel(_axis(evaluation, f"points of macro-F1 from {name}, paired"))
    _draw_kinds(panel, evaluation)
    return figure


def draw_labels_f1(evaluation: Evaluation) -> Figure:
    """F1 of every label: a panel for each label, a row for each candidate."""
    ranked = evaluation.ranked
    figure, panels = new_panels(
        len(evaluation.labels), 0.5 + 0.28 * len(ranked), sharex=True, sharey=True
    )
    for panel, label in zip(panels, evaluation.labels, strict=True):
        for row, (key, model) in enumerate(ranked.items()):
            value, (colour, _) = model.per_class[label].f1, _mark(evaluation, key)
            panel.barh(row, 100 * value, height=0.62, color=colour)
            inside = value > 0.3
            panel.annotate(
                points(value), (100 * value, row), (-4 if inside else 4, 0),
                textcoords="offset points", va="center", ha="right" if inside else "left",
                color="white" if inside else INK, fontsize=8,
            )  # fmt: skip
        name_rows(panel, list(ranked))
        panel.set_xlim(0, 100)
        panel.set_title(label_text(label, _TITLE))
    figure.supxlabel("F1 on the test rows, points", fontsize=9)
    return figure


def _draw_confusion(panel: Axes, confusion: list[list[int]], labels: list[str]) -> None:
    counts = np.array(confusion, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), shown in np.ndenumerate(shares):
        panel.text(
            column, row, f"{counts[row, column]:,.0f}\n{100 * shown:.0f}%", ha="center",
            va="center", fontsize=8, color="white" if shown > 0.5 else INK,
        )  # fmt: skip
    names = [label_text(label) for label in labels]
    panel.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(names)), names)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set_xlabel("predicted")


def draw_confusion(evaluation: Evaluation) -> Figure:
    """Confusion of the selected model and of the best baseline, shares of the actual label."""
    shown = [key for key in (evaluation.selected, evaluation.best_baseline) if key]
    shown = shown or [evaluation.shown]
    size = len(evaluation.labels)
    figure, panels = new_panels(
        len(shown), min(6.0, 1.6 + 0.42 * size), per_row=2 if size <= 5 else 1
    )
    for panel, key in zip(panels, shown, strict=True):
        _draw_confusion(panel, evaluation.models[key].confusion, evaluation.labels)
        panel.xaxis.set_tick_params(labelbottom=True)
        panel.set_title(label_text(key, _TITLE))
    panels[0].set_ylabel("actual")
    return figure
