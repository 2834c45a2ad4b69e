"""Learning curves and what the data looks like, as small multiples on shared axes.

In: checked curves, counts and lengths. Out: matplotlib figures, nothing written. Seeds of one model
share a panel.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sluice.reporting.canvas import BLUE, INK, VERMILLION, label_text, name_rows, new_panels
from sluice.reporting.contents import Contents
from sluice.reporting.numbers import count

SIDES = {"train": (BLUE, "o", "-"), "validation": (VERMILLION, "s", "--")}
BINS = 30


def _draw_side(panel: Axes, frame: pd.DataFrame, side: str, measure: str) -> None:
    colour, marker, line = SIDES[side]
    values = frame[f"{side}_{measure}"]
    scale = 100 if measure == "accuracy" else 1
    panel.plot(
        frame["epoch"], scale * values, linestyle=line, marker=marker, color=colour, markersize=4
    )


def draw_curves(contents: Contents, measure: str) -> Figure | None:
    """Curves of loss or accuracy for train and validation (the paper's figure 3)."""
    by_name: dict[str, list[str]] = {}
    for key in contents.curves:
        by_name.setdefault(contents.evaluation.models[key].name, []).append(key)
    if not by_name:
        return None
    figure, panels = new_panels(len(by_name), 1.75, sharex=True, sharey=True)
    for panel, (name, keys) in zip(panels, by_name.items(), strict=True):
        for key in keys:
            for side in SIDES:
                _draw_side(panel, contents.curves[key], side, measure)
        panel.set_title(label_text(name, 18))
        panel.grid(axis="y")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    for side, (colour, marker, line) in SIDES.items():
        panels[0].plot([], [], line, marker=marker, color=colour, markersize=4, label=side)
    figure.legend(loc="outside upper left", ncols=2, frameon=False)
    figure.supxlabel("epoch", fontsize=9)
    unit = "accuracy, points" if measure == "accuracy" else "loss, nats per row"
    figure.supylabel(unit, fontsize=9)
    return figure


def draw_label_counts(contents: Contents) -> Figure:
    """Rows of each label in each split, with counts and shares."""
    counts: dict[str, dict[str, int]] = dict(contents.leaks.label_counts)
    labels = contents.evaluation.labels
    figure, panels = new_panels(len(counts), 0.5 + 0.28 * len(labels), sharex=True, sharey=True)
    for panel, (split, numbers) in zip(panels, counts.items(), strict=True):
        total = max(1, sum(numbers.values()))
        shares = [100 * numbers.get(label, 0) / total for label in labels]
        panel.barh(range(len(labels)), shares, height=0.62, color=BLUE)
        for row, label in enumerate(labels):
            panel.annotate(
                f"{count(numbers.get(label, 0))}", (shares[row], row), (4, 0),
                textcoords="offset points", va="center", fontsize=8,
            )  # fmt: skip
        name_rows(panel, labels)
        panel.set_title(f"{label_text(split)}: {count(sum(numbers.values()))}")
        panel.margins(x=0.25)
    figure.supxlabel("share of the split's rows, %; the number of rows beside the bar", fontsize=9)
    return figure


def _edges(lengths: Mapping[str, pd.Series]) -> list[int]:
    """Whole tokens per bin up to the 99.5th percentile: the longest would squeeze the rest."""
    every = np.concatenate([values.to_numpy() for values in lengths.values()])
    top = max(1, int(np.quantile(every, 0.995)))
    step = -(-(top + 1) // BINS)
    return list(range(0, top + 1 + step, step))


def draw_lengths(contents: Contents) -> Figure:
    """Lengths of the cleaned texts in tokens, the median of each split marked."""
    edges = _edges(contents.lengths)
    figure, panels = new_panels(len(contents.lengths), 1.7, sharex=True, sharey=True)
    for panel, (split, values) in zip(panels, contents.lengths.items(), strict=True):
        weights = np.full(len(values), 100 / max(1, len(values)))
        panel.hist(np.minimum(values, edges[-1] - 0.5), bins=edges, weights=weights, color=BLUE)
        median = float(values.median())
        panel.axvline(median, color=INK, linewidth=1.2)
        panel.annotate(
            f"median {median:g}", (median, 1), (4, -2), xycoords=("data", "axes fraction"),
            textcoords="offset points", va="top", fontsize=8,
        )  # fmt: skip
        panel.margins(y=0.25)
        panel.set_title(label_text(split))
    figure.supxlabel("tokens in the cleaned text", fontsize=9)
    figure.supylabel("share of rows, %", fontsize=9)
    return figure
