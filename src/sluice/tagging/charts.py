"""Charts of a tagging run: candidates, learning, types, and what became of each entity.

In: a summary and curves. Out: matplotlib figures by name, nothing written. Every figure's numbers
stand in a table too.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sluice.reporting.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    VERMILLION,
    label_text,
    name_rows,
    new_panels,
)
from sluice.tagging.module import MONITOR
from sluice.tagging.summary import ERRORS, NETWORK

_MOST = 20
SCORE_WORDS = {"f1": "F1 of entities", "accuracy": "accuracy of tags"}


def draw_candidates(summary: Mapping[str, Any]) -> Figure:
    """The score of every candidate on the test part with its interval; ticks are seeds."""
    main = summary["score"]
    found = sorted(
        summary["candidates"].items(), key=lambda pair: -float(pair[1]["test"][main]["value"])
    )
    figure, (panel,) = new_panels(1, 0.6 + 0.34 * len(found))
    for row, (name, one) in enumerate(found):
        score = one["test"][main]
        colour, marker = (VERMILLION, "D") if name == NETWORK else (GREY, "s")
        bounds = [100 * score["low"], 100 * score["high"]]
        panel.plot(bounds, [row, row], color=colour, linewidth=2)
        seeds = [100 * each for each in score["by_seed"]]
        panel.plot(seeds, [row] * len(seeds), "|", color=INK)
        panel.plot(100 * score["value"], row, marker, color=colour)
    name_rows(panel, [name.replace("_", " ") for name, _ in found])
    panel.margins(x=0.1)
    panel.set_xlabel(f"{SCORE_WORDS[main]} on the test part, %")
    return figure


def draw_learning(curves: Mapping[int, pd.DataFrame], main: str) -> Figure:
    """Loss of both parts and the validation score by epoch, a line for each seed."""
    figure, (left, right) = new_panels(2, 2.4, per_row=2)
    for place, table in enumerate(curves.values()):
        names = ("training", "validation") if not place else (None, None)
        left.plot(table["epoch"], table["train_loss"], color=BLUE, label=names[0])
        left.plot(table["epoch"], table["validation_loss"], "--", color=VERMILLION, label=names[1])
        right.plot(table["epoch"], 100 * table[MONITOR], color=GREEN)
    left.set_ylabel("loss of a sentence")
    left.legend(frameon=False)
    right.set_ylabel(f"{SCORE_WORDS[main]}, %")
    for panel in (left, right):
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.xaxis.set_tick_params(labelbottom=True)
        panel.grid(axis="y")
    return figure


def draw_types(summary: Mapping[str, Any]) -> Figure:
    """F1 of each type on the test part, of the network and of the best baseline."""
    known, main = summary["candidates"], summary["score"]
    rest = [name for name in known if name != NETWORK]
    best = max(rest, key=lambda name: known[name]["test"][main]["value"], default=None)
    own = known[NETWORK]["types"]
    names = sorted(own, key=lambda name: (-own[name]["true"], name))[:_MOST]
    figure, (panel,) = new_panels(1, 0.7 + 0.24 * len(names))
    rows = range(len(names))
    panel.barh(list(rows), [100 * own[name]["f1"] for name in names], color=PALE)
    panel.plot(
        [100 * own[name]["f1"] for name in names], rows, "D", color=VERMILLION, label=NETWORK
    )
    if best is not None:
        others = [100 * known[best]["types"].get(name, {"f1": 0.0})["f1"] for name in names]
        panel.plot(others, rows, "s", color=GREY, label=label_text(best.replace("_", " ")))
    name_rows(panel, [f"{label_text(name, 18)} ({own[name]['true']})" for name in names], 32)
    panel.set_xlim(0, 102)
    panel.set_xlabel("F1 on the test part, %; how many there are in brackets")
    panel.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    return figure


def draw_errors(summary: Mapping[str, Any]) -> Figure:
    """What became of each entity, or the most frequent confusions of tags."""
    known = summary["candidates"]
    if summary["kind"] == "entities":
        figure, (panel,) = new_panels(1, 0.8 + 0.34 * len(known))
        names = list(known)
        start = [0.0] * len(names)
        colours = (GREEN, BLUE, "#56b4e9", "#cc79a7", GREY, VERMILLION)
        for key, colour in zip(ERRORS, colours, strict=True):
            width = [known[name]["errors"][key] for name in names]
            panel.barh(range(len(names)), width, left=start, color=colour, label=key)
            start = [a + b for a, b in zip(start, width, strict=True)]
        name_rows(panel, [name.replace("_", " ") for name in names])
        panel.set_xlabel("entities of the test part, and invented ones behind them")
        panel.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
        return figure
    rows = known[NETWORK]["confusions"]
    figure, (panel,) = new_panels(1, 0.6 + 0.22 * max(1, len(rows)))
    panel.barh(range(len(rows)), [one["count"] for one in rows], color=BLUE)
    name_rows(panel, [f"{label_text(o['true'], 12)} as {label_text(o['given'], 12)}" for o in rows],
              32)  # fmt: skip
    panel.set_xlabel("wrong tags on the test part, mean over seeds")
    return figure


def draw_all(summary: Mapping[str, Any], curves: Mapping[int, pd.DataFrame]) -> dict[str, Figure]:
    """Draw every figure of the report, by name."""
    return {
        "candidates": draw_candidates(summary),
        "learning": draw_learning(curves, summary["score"]),
        "types": draw_types(summary),
        "errors": draw_errors(summary),
    }
