"""Figures: the paper's figures 3 and 4 again, and what the protocol alone is worth.

In: curves, the table and the scores over splits. Out: matplotlib figures, nothing written.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sluice.reporting.canvas import BLUE, GREY, INK, VERMILLION, name_rows, new_panels

SIDES = {"train": (BLUE, "-"), "validation": (VERMILLION, "--")}
PROTOCOLS = {"published": (INK, "X"), "claimed": (VERMILLION, "s"), "honest": (BLUE, "o")}
MEASURES = {"accuracy": ("accuracy, points", 100), "loss": ("loss, nats per row", 1)}


def draw_curves(curves: dict[str, pd.DataFrame]) -> Figure:
    """Accuracy and loss by epoch, training and validation, a column for each model (figure 3)."""
    figure, panels = new_panels(
        2 * len(curves), 1.75, per_row=len(curves), sharex=True, sharey="row"
    )
    places = [(measure, key) for measure in MEASURES for key in curves]
    for panel, (measure, key) in zip(panels, places, strict=True):
        for side, (colour, line) in SIDES.items():
            values = MEASURES[measure][1] * curves[key][f"{side}_{measure}"]
            panel.plot(curves[key]["epoch"], values, line, color=colour, label=side)
        panel.grid(axis="y")
        if measure == "accuracy":
            panel.set_title(key)
        if key == next(iter(curves)):
            panel.set_ylabel(MEASURES[measure][0])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=2,
                  frameon=False)  # fmt: skip
    figure.supxlabel("epoch", fontsize=9)
    return figure


def draw_comparison(table: pd.DataFrame) -> Figure:
    """Accuracy of every model, published and under both protocols, with intervals (figure 4)."""
    names = list(dict.fromkeys(table["model"]))
    figure, (panel,) = new_panels(1, 0.6 + 0.45 * len(names))
    for place, (protocol, (colour, marker)) in enumerate(PROTOCOLS.items()):
        rows = table[table["protocol"] == protocol]
        at = [names.index(name) + 0.22 * (place - 1) for name in rows["model"]]
        panel.hlines(at, 100 * rows["accuracy_low"], 100 * rows["accuracy_high"], color=colour)
        panel.plot(100 * rows["accuracy"], at, marker, color=colour, label=protocol, markersize=5)
    name_rows(panel, names)
    panel.set_xlabel("accuracy on the test rows, points (95% intervals)")
    panel.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    return figure


def draw_splits(scores: pd.DataFrame) -> Figure:
    """Accuracy of the linear model by protocol, a mark for each random split."""
    protocols = list(dict.fromkeys(scores["protocol"]))
    figure, (panel,) = new_panels(1, 0.6 + 0.35 * len(protocols))
    for row, protocol in enumerate(protocols):
        values = 100 * scores.loc[scores["protocol"] == protocol, "accuracy"].to_numpy()
        spread = np.linspace(-0.18, 0.18, len(values))
        panel.plot(values, row + spread, "o", color=GREY, markersize=3.5, alpha=0.8)
        panel.plot(values.mean(), row, "|", color=VERMILLION, markersize=18, markeredgewidth=2)
    name_rows(panel, protocols)
    panel.set_xlabel("accuracy of TF-IDF with logistic regression, points; the mean as a line")
    return figure
