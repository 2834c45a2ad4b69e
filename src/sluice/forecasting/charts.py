"""Charts of a forecast: the series with what was forecast, scores, horizons, intervals.

In: tables and a summary. Out: matplotlib figures by name, nothing written. Every figure's numbers
stand in a table too.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sluice.forecasting.scores import Bounds
from sluice.forecasting.series import Series
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

_TICKS = 6


def _name(key: str) -> str:
    return label_text(key.replace("_", " "))


def _time_axis(panel: Axes, labels: tuple[str, ...], ticks: int = _TICKS) -> None:
    places = range(0, len(labels), max(1, len(labels) // ticks))
    panel.set_xticks(list(places), [label_text(labels[one], 10) for one in places])
    panel.grid(axis="y")


def _observed(panel: Axes, series: Series, bounds: Bounds, first: int = 0) -> None:
    panel.axvspan(bounds.train - 0.5, bounds.end - 0.5, color=PALE, linewidth=0)
    places = range(first, bounds.end)
    panel.plot(places, series.values[first : bounds.end], color=INK, linewidth=1, label="observed")


def draw_framings(
    series: Series, bounds: Bounds, forecasts: pd.DataFrame, names: list[str]
) -> Figure:
    """One step ahead by each network, mean of its seeds, over all of the series."""
    figure, panels = new_panels(len(names), 1.7, per_row=2, sharex=True, sharey=True)
    rows = forecasts[(forecasts["horizon"] == 1) & (forecasts["part"] != "validation")]
    for panel, name in zip(panels, names, strict=True):
        _observed(panel, series, bounds)
        for part, colour in (("train", BLUE), ("test", VERMILLION)):
            own = rows[(rows["candidate"] == name) & (rows["part"] == part)]
            mean = own.groupby("origin")["forecast"].mean()
            panel.plot(mean.index + 1, mean, color=colour, linewidth=1.1, label=f"{part} forecast")
        _time_axis(panel, series.labels, 3)
        panel.set_title(_name(name))
    panels[0].legend(loc="upper left", frameon=False, fontsize=7)
    return figure


def _colour(summary: Mapping[str, Any], name: str) -> tuple[str, str]:
    if name == summary["best"]:
        return VERMILLION, "D"
    return (BLUE, "o") if summary["candidates"][name]["kind"] == "network" else (GREY, "s")


def draw_comparison(summary: Mapping[str, Any]) -> Figure:
    """Test RMSE one step ahead of every candidate; ticks are seeds."""
    found = sorted(summary["candidates"].items(), key=lambda pair: float(pair[1]["test_rmse"]))
    figure, (panel,) = new_panels(1, 0.6 + 0.28 * len(found))
    for row, (name, one) in enumerate(found):
        colour, marker = _colour(summary, name)
        panel.plot(one["test_by_seed"], [row] * len(one["test_by_seed"]), "|", color=INK)
        panel.plot(one["test_rmse"], row, marker, color=colour)
        panel.annotate(
            f"{one['test_rmse']:.1f}", (max(one["test_by_seed"]), row), (7, 0),
            textcoords="offset points", va="center",
        )  # fmt: skip
    name_rows(panel, [name.replace("_", " ") for name, _ in found])
    panel.set_xlim(left=0)
    panel.margins(x=0.1)
    panel.set_xlabel(label_text(f"test RMSE one step ahead, {summary['unit']}", 80))
    for words, (colour, marker) in {
        "best network by validation": (VERMILLION, "D"),
        "network": (BLUE, "o"),
        "baseline": (GREY, "s"),
    }.items():
        panel.plot([], [], marker, color=colour, label=words)
    panel.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    return figure


def _shown(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The best network, the reference and the seasonal naive forecast, as far as there are any."""
    wanted = ((summary["best"], VERMILLION, "-"), (summary["reference"], BLUE, "--"))
    rest = (("ets", GREEN, "-."), ("seasonal_naive", GREY, ":"))
    known = summary["candidates"]
    found = {name: (name, colour, line) for name, colour, line in rest if name in known}
    found |= {name: (name, colour, line) for name, colour, line in wanted if name in known}
    return list(found.values())[::-1]


def draw_horizons(summary: Mapping[str, Any]) -> Figure:
    """Test RMSE by how many steps ahead."""
    figure, (panel,) = new_panels(1, 2.6)
    for name, colour, line in _shown(summary):
        values = summary["candidates"][name]["horizons"]
        steps = range(1, len(values) + 1)
        panel.plot(steps, values, line, marker=".", color=colour, label=_name(name))
    panel.set_ylim(bottom=0)
    panel.set_xlabel("steps ahead")
    panel.set_ylabel(label_text(f"test RMSE, {summary['unit']}", 60))
    panel.grid(axis="y")
    panel.legend(frameon=False)
    return figure


def draw_intervals(
    series: Series, bounds: Bounds, bounded: pd.DataFrame, summary: Mapping[str, Any]
) -> Figure:
    """What the best network says of the steps after the training part, with its intervals."""
    name = summary["best"] or summary["reference"]
    rows = bounded[(bounded["candidate"] == name) & (bounded["origin"] == bounds.train - 1)]
    means = rows.drop(columns=["candidate", "part", "time"]).groupby("horizon").mean()
    figure, (panel,) = new_panels(1, 2.8)
    first = max(0, bounds.train - 3 * series.season)
    end = min(bounds.end, bounds.train + len(means))
    near = Bounds(bounds.first, bounds.train, end)
    _observed(panel, series, near, first)
    places = bounds.train - 1 + means.index
    for shade, level in zip((0.35, 0.18, 0.1), sorted(summary["levels"]), strict=False):
        low, high = means[f"low_{100 * level:g}"], means[f"high_{100 * level:g}"]
        words = f"{100 * level:g}% interval"
        panel.fill_between(
            places, low, high, color=VERMILLION, alpha=shade, linewidth=0, label=words
        )
    panel.plot(places, means["forecast"], color=VERMILLION, marker=".", label=_name(name))
    ticks = range(first, end, max(1, (end - first) // _TICKS))
    panel.set_xticks(list(ticks), [label_text(series.labels[one], 10) for one in ticks])
    panel.set_ylabel(label_text(summary["unit"], 60))
    panel.legend(loc="upper left", frameon=False)
    return figure


def draw_coverage(summary: Mapping[str, Any]) -> Figure:
    """Share of test values inside the intervals by steps ahead, beside what was promised."""
    levels = sorted(summary["levels"])
    figure, panels = new_panels(len(levels), 2.2, per_row=2, sharey=True)
    for panel, level in zip(panels, levels, strict=True):
        panel.axhline(100 * level, color=INK, linewidth=1)
        for name, colour, line in _shown(summary):
            shares = summary["candidates"][name]["coverage"][f"{100 * level:g}"]["by_horizon"]
            steps = range(1, len(shares) + 1)
            panel.set_xticks(steps[:: max(1, len(steps) // 6)])
            values = [100 * one for one in shares]
            panel.plot(steps, values, line, marker=".", color=colour, label=_name(name))
        panel.set_ylim(0, 103)
        panel.set_title(f"{100 * level:g}% intervals")
        panel.set_xlabel("steps ahead")
        panel.xaxis.set_tick_params(labelbottom=True)
        panel.grid(axis="y")
    panels[0].set_ylabel("test values inside, %")
    panels[0].legend(loc="lower left", frameon=False, fontsize=7)
    return figure


def draw_all(
    series: Series,
    bounds: Bounds,
    forecasts: pd.DataFrame,
    bounded: pd.DataFrame,
    summary: Mapping[str, Any],
) -> dict[str, Figure]:
    """Draw every figure of the report, by name."""
    known = summary["candidates"]
    networks = [name for name, one in known.items() if one["kind"] == "network"]
    return {
        "comparison": draw_comparison(summary),
        "framings": draw_framings(series, bounds, forecasts, networks or list(known)),
        "horizons": draw_horizons(summary),
        "intervals": draw_intervals(series, bounds, bounded, summary),
        "coverage": draw_coverage(summary),
    }
