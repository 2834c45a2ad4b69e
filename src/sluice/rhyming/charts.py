"""Charts of the rhymes: perplexities, losses by epoch, end rhymes, copies.

In: a summary and curves. Out: matplotlib figures by name, nothing written. Every figure's numbers
stand in a table or a CSV too.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sluice.reporting.canvas import BLUE, GREY, INK, VERMILLION, name_rows, new_panels


def draw_perplexity(summary: Mapping[str, Any]) -> Figure:
    """Test perplexity of each level's networks beside its n-grams; ticks are seeds."""
    levels = summary["levels"]
    figure, panels = new_panels(len(levels), 1.5, per_row=2)
    for panel, (level, one) in zip(panels, levels.items(), strict=True):
        own = one["test"]
        panel.barh([0, 1], [own["network"], own["kneser_ney"]], color=[BLUE, GREY], height=0.55)
        panel.plot(own["by_seed"], [0] * len(own["by_seed"]), "|", color=INK, markersize=12)
        name_rows(panel, ["LSTM", "Kneser-Ney"])
        panel.set_title(f"{level} tokens")
        panel.set_xlabel("test perplexity per token")
        panel.xaxis.set_tick_params(labelbottom=True)
    return figure


def draw_curves(curves: Mapping[str, list[pd.DataFrame]]) -> Figure:
    """Loss by epoch of each level, a line for each seed."""
    figure, panels = new_panels(len(curves), 2.2, per_row=2)
    for panel, (level, tables) in zip(panels, curves.items(), strict=True):
        for column, colour in (("train_loss", BLUE), ("validation_loss", VERMILLION)):
            for place, table in enumerate(tables):
                label = column.replace("_", " ") if not place else None
                panel.plot(table["epoch"], table[column], color=colour, linewidth=1, label=label)
        panel.set_title(f"{level} tokens")
        panel.set_xlabel("epoch")
        panel.grid(axis="y")
        panel.xaxis.set_tick_params(labelbottom=True)
    panels[0].set_ylabel("nats per token")
    panels[0].legend(loc="upper right", frameon=False)
    return figure


def _rows(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {"training rhymes": summary["corpus"], **summary["written"]}


def draw_rhymes(summary: Mapping[str, Any]) -> Figure:
    """Share of lines that rhyme, beside the same line ends in random order."""
    rows = _rows(summary)
    figure, (panel,) = new_panels(1, 0.6 + 0.36 * len(rows))
    places = np.arange(len(rows))
    ours = [100 * one["end_rhymes"] for one in rows.values()]
    chance = [100 * one["end_rhymes_shuffled"] for one in rows.values()]
    panel.barh(places - 0.2, ours, 0.36, color=BLUE, label="as written")
    panel.barh(places + 0.2, chance, 0.36, color=GREY, label="ends shuffled")
    name_rows(panel, list(rows), 40)
    panel.set_xlabel("lines that rhyme, %")
    panel.legend(loc="lower right", frameon=False)
    return figure


def draw_copies(summary: Mapping[str, Any]) -> Figure:
    """Share of lines that stand in a training rhyme, beside the bound."""
    rows = summary["written"]
    figure, (panel,) = new_panels(1, 0.6 + 0.3 * len(rows))
    shares = [100 * one["copied_lines"] for one in rows.values()]
    panel.barh(range(len(rows)), shares, 0.55, color=VERMILLION)
    panel.axvline(100 * summary["max_copied_lines"], color=INK, linewidth=1)
    name_rows(panel, list(rows), 40)
    panel.set_xlabel("lines copied from training rhymes, %; the line is the bound")
    return figure


def draw_all(
    summary: Mapping[str, Any], curves: Mapping[str, list[pd.DataFrame]]
) -> dict[str, Figure]:
    """Draw every figure of the report, by name."""
    return {
        "perplexity": draw_perplexity(summary),
        "curves": draw_curves(curves),
        "rhymes": draw_rhymes(summary),
        "copies": draw_copies(summary),
    }
