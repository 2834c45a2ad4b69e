"""The figures of docs/performance.md, drawn from results.json.

Usage: python benchmarks/plots.py    after benchmarks have been run; run.py does it too
"""

import json
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sluice.reporting.canvas import (
    BLUE,
    GREY,
    VERMILLION,
    name_rows,
    new_panels,
    save_figure,
    style,
)

HERE = Path(__file__).parent
FOLDER = HERE.parent / "docs/performance"


def bars(panel: Axes, named: dict[str, float], title: str, asked: float | None) -> None:
    """One bar for each name; a line at what is asked."""
    panel.barh(range(len(named)), list(named.values()), color=BLUE, height=0.55)
    for place, value in enumerate(named.values()):
        panel.annotate(
            f" {value:,.3g}" if value < 1000 else f" {value:,.0f}",
            (value, place),
            va="center",
            fontsize=7.5,
        )
    name_rows(panel, list(named))
    panel.xaxis.set_tick_params(labelbottom=True)
    panel.margins(x=0.25)
    if asked is not None:
        panel.axvline(asked, color=VERMILLION, linestyle="--", linewidth=1)
    panel.set_title(title)


def draw_serving(found: dict[str, Any]) -> Figure:
    """One text, many texts, new processes."""
    figure, (single, many, starts) = new_panels(3, 1.7, per_row=1)
    times = found["single_ms"]
    named = {
        f"{who}, {quantile}": times[key][quantile]
        for who, key in (("Sluice (ONNX)", "onnx"), ("TF-IDF pipeline", "tfidf"))
        for quantile in ("p50", "p99")
    }
    bars(single, named, "One text, milliseconds (asked: p50 at most 1)", 1.0)
    rates = found["rows_per_second"]
    named = {"Sluice (ONNX)": rates["onnx"], "TF-IDF pipeline": rates["tfidf"]}
    bars(many, named, "Many texts, rows per second (asked: 3 times)", 3 * rates["tfidf"])
    words = {
        "python": "the interpreter alone",
        "import_sluice": "import sluice",
        "help": "sluice --help",
        "first_prediction": "first prediction",
    }
    named = {shown: found["seconds"][key] for key, shown in words.items()}
    bars(starts, named, "New processes, seconds", None)
    return figure


def draw_growth(found: dict[str, Any]) -> Figure:
    """Seconds and memory against rows."""
    figure, (seconds, memory) = new_panels(2, 2.4, per_row=1)
    sizes = sorted((int(count), one) for count, one in found["sizes"].items())
    counts = [count for count, _ in sizes]
    for key, shown, colour in (
        ("epoch_seconds", "an epoch, at most 160,000 rows", BLUE),
        ("other_seconds", "reading all rows, and the start", VERMILLION),
    ):
        seconds.plot(counts, [one[key] for _, one in sizes], "o-", color=colour, label=shown)
    for key, shown, colour in (
        ("gib", "with mapped files", GREY),
        ("own_gib", "the process's own", BLUE),
    ):
        memory.plot(counts, [one[key] for _, one in sizes], "o-", color=colour, label=shown)
    for panel, title in ((seconds, "Seconds"), (memory, "Peak memory, GiB")):
        panel.set_xscale("log")
        panel.set_xticks(counts, [f"{count / 1000:,.0f}" for count in counts])
        panel.minorticks_off()
        panel.xaxis.set_tick_params(labelbottom=True)
        panel.set_xlabel("training rows, thousands")
        panel.set_title(title)
        panel.legend(fontsize=7)
        panel.grid(axis="y")
        panel.set_ylim(bottom=0)
    return figure


def draw_training(training: dict[str, Any], recurrent: dict[str, Any]) -> Figure:
    """Rows per second of the same network in several ways; a panel holds one run's figures."""
    figure, (torch, keras, layer) = new_panels(3, 1.6, per_row=1)
    named = {
        "Sluice": training["sluice_rows_per_second"],
        "bare loop": training["bare_loop_rows_per_second"],
        "tutorial's set-up": training["tutorial_rows_per_second"],
    }
    bars(torch, named, "Training beside PyTorch, rows per second", None)
    named = {
        "Sluice": recurrent["sluice_rows_per_second"],
        "Keras, same batches": recurrent["keras_same_batches_rows_per_second"],
        "Keras, padded to 200": recurrent["keras_padded_rows_per_second"],
    }
    bars(keras, named, "Training beside Keras, rows per second", None)
    found = recurrent["layer"]
    named = {
        "matrix products": found["peak_gflop_per_second"],
        "recurrent layer": found["layer_gflop_per_second"],
    }
    asked = found["peak_gflop_per_second"] / 2
    bars(layer, named, "One core, GFLOP per second (asked: half the peak)", asked)
    return figure


def main() -> None:
    """Draw what has been measured."""
    results = json.loads((HERE / "results.json").read_text())
    FOLDER.mkdir(exist_ok=True)
    with style():
        if "serving" in results:
            save_figure(draw_serving(results["serving"]), FOLDER / "serving")
        if "growth" in results:
            save_figure(draw_growth(results["growth"]), FOLDER / "growth")
        if {"training", "recurrent"} <= set(results):
            drawn = draw_training(results["training"], results["recurrent"])
            save_figure(drawn, FOLDER / "training")


if __name__ == "__main__":
    main()
