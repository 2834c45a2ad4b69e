"""The report of a forecast: one HTML page that opens offline, and its table in Markdown.

In: the summary, what candidates chose, figures as SVG. Out: texts, everything from outside
escaped. Nothing is computed but the scale of numbers.
"""

from collections.abc import Mapping
from typing import Any

from sluice.reporting.html import render_page
from sluice.reporting.texts import to_markdown

_HEADS = ("candidate", "train RMSE", "test RMSE", "spread over seeds", "times the reference")


def number(value: float) -> str:
    """Three significant digits, and no exponent where people expect none."""
    return f"{value:.2f}" if 0.01 <= abs(value) < 100_000 else f"{value:.3g}"


def percent(share: float) -> str:
    """0.8125 as 81%."""
    return f"{100 * share:.0f}%"


def ranked(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Candidates by test error, with their names as people read them."""
    found = [
        one | {"key": name, "name": name.replace("_", " ")}
        for name, one in summary["candidates"].items()
    ]
    return sorted(found, key=lambda one: float(one["test_rmse"]))


def headline(summary: Mapping[str, Any]) -> str:
    """Say the outcome in two sentences; the unit is not in it."""
    known = summary["candidates"]
    base = known[summary["reference"]]
    name = summary["reference"].replace("_", " ")
    if summary["best"] is None:
        return f"{name} has a test RMSE of {number(base['test_rmse'])} one step ahead."
    best = known[summary["best"]]
    low, high = best["ratio_interval"]
    return (
        f"One step ahead the network that is best on the validation part, "
        f"{summary['best'].replace('_', ' ')}, has a test RMSE of {number(best['test_rmse'])}; "
        f"{name} has {number(base['test_rmse'])}. That is {number(best['ratio'])} times as much "
        f"({100 * summary['confidence']:g}% interval {number(low)} to {number(high)})."
    )


def write_markdown(summary: Mapping[str, Any]) -> str:
    """Give the table of scores in Markdown."""
    lines = [headline(summary), "", f"RMSE in {to_markdown(summary['unit'])}.", ""]
    lines += ["| " + " | ".join(_HEADS) + " |", "|---|--:|--:|--:|--:|"]
    for one in ranked(summary):
        low, high = one["ratio_interval"]
        ratio = f"{number(one['ratio'])} ({number(low)} to {number(high)})"
        spread = number(one["test_sd"]) if len(one["test_by_seed"]) > 1 else ""
        scores = (number(one["train_rmse"]), number(one["test_rmse"]), spread, ratio)
        lines.append("| " + " | ".join((one["name"], *scores)) + " |")
    return "\n".join(lines) + "\n"


def write_html(
    template: str,
    summary: Mapping[str, Any],
    facts: Mapping[str, Mapping[str, Any]],
    figures: Mapping[str, bytes],
) -> str:
    """Give the page.

    Args:
        template: its text.
        summary: see `sluice.forecasting.summary.summarise`.
        facts: what each candidate chose.
        figures: SVG by name.

    Raises:
        DataError: a figure that the template shows is missing.
    """
    return render_page(
        template,
        figures,
        {"number": number, "percent": percent},
        summary=summary,
        rows=ranked(summary),
        facts=facts,
        headline=headline(summary),
    )
