"""Figures: the gain of every piece of advice with its intervals.

In: the table of gains. Out: one matplotlib figure, nothing written.
"""

import pandas as pd
from matplotlib.figure import Figure

from sluice.reporting.canvas import BLUE, GREY, INK, VERMILLION, name_rows, new_panels
from sluice.reporting.numbers import signed

VERDICTS = {"helped": (BLUE, "^"), "nothing seen": (GREY, "o"), "hurt": (VERMILLION, "v")}


def draw_gains(table: pd.DataFrame, confidence: float) -> Figure:
    """Gains in points, largest first: thick over rows, thin over rows and seeds, seeds as ticks."""
    figure, (panel,) = new_panels(1, 0.6 + 0.3 * len(table))
    panel.axvline(0, color=INK, linewidth=1)
    for verdict, (colour, marker) in VERDICTS.items():
        panel.plot([], [], marker, color=colour, label=verdict)
    for place, row in enumerate(table.to_dict("records")):
        colour, marker = VERDICTS[row["verdict"]]
        panel.hlines(place, 100 * row["both_low"], 100 * row["both_high"], color=colour)
        panel.hlines(
            place, 100 * row["rows_low"], 100 * row["rows_high"], color=colour, linewidth=3.5
        )
        seeds = [100 * float(one) for one in row["by_seed"].split()]
        panel.plot(seeds, [place] * len(seeds), "|", color=INK, markersize=7, linewidth=0)
        panel.plot(100 * row["gain"], place, marker, color=colour, markersize=6)
        edge = 100 * max(row["both_high"], row["rows_high"])
        panel.annotate(
            signed(row["gain"]), (edge, place), (5, 0), textcoords="offset points", va="center"
        )
    name_rows(panel, [name.replace("_", " ") for name in table["advice"]])
    panel.margins(x=0.1)
    words = f"points of macro-F1 from the default, paired ({100 * confidence:g}% intervals)"
    panel.set_xlabel(words)
    panel.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    return figure
