"""Figures: the gain of every piece of advice with its intervals.

In: the table of gains. Out: one matplotlib figure, nothing written.
"""

from typing import Any

import pandas as pd
from gains import NOTHING, ONLY_THESE
from matplotlib.figure import Figure

from sluice.reporting.canvas import BLUE, GREY, INK, VERMILLION, name_rows, new_panels
from sluice.reporting.numbers import signed

MARKS = {"helped": (BLUE, "^"), NOTHING: (GREY, "o"), "hurt": (VERMILLION, "v")}


def _mark(verdict: str) -> tuple[str, dict[str, Any]]:
    """Colour and marker of a verdict; hollow where it holds for these seeds only."""
    colour, marker = MARKS[verdict.removesuffix(ONLY_THESE)]
    inside = "white" if verdict.endswith(ONLY_THESE) else colour
    style = {"marker": marker, "color": colour, "markerfacecolor": inside, "linestyle": "none"}
    return colour, style


def draw_gains(table: pd.DataFrame, confidence: float) -> Figure:
    """Gains in points, largest first: thick over rows, thin over rows and seeds, seeds as ticks."""
    figure, (panel,) = new_panels(1, 0.6 + 0.3 * len(table))
    panel.axvline(0, color=INK, linewidth=1)
    for verdict in [*MARKS, *sorted(set(table["verdict"]) - set(MARKS))]:
        panel.plot([], [], label=verdict, **_mark(verdict)[1])
    for place, row in enumerate(table.to_dict("records")):
        colour, mark = _mark(row["verdict"])
        panel.hlines(place, 100 * row["both_low"], 100 * row["both_high"], color=colour)
        panel.hlines(
            place, 100 * row["rows_low"], 100 * row["rows_high"], color=colour, linewidth=3.5
        )
        seeds = [100 * float(one) for one in row["by_seed"].split()]
        panel.plot(seeds, [place] * len(seeds), "|", color=INK, markersize=7, linewidth=0)
        panel.plot(100 * row["gain"], place, markersize=6, **mark)
        edge = 100 * max(row["both_high"], row["rows_high"])
        panel.annotate(
            signed(row["gain"]), (edge, place), (5, 0), textcoords="offset points", va="center"
        )
    name_rows(panel, [name.replace("_", " ") for name in table["advice"]])
    panel.margins(x=0.1)
    words = f"points of macro-F1 from the default, paired ({100 * confidence:g}% intervals)"
    panel.set_xlabel(words)
    figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return figure
