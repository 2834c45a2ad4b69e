"""The report of the rhymes: one HTML page that opens offline, and its tables in Markdown.

In: the summary, some rhymes, figures as SVG. Out: texts, everything from outside escaped. Nothing
is computed but the scale of numbers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.reporting.html import render_page
from sluice.reporting.texts import to_markdown


def number(value: float | None) -> str:
    """Two decimals; nothing for what is not known."""
    return "" if value is None else f"{value:.2f}"


def percent(share: float) -> str:
    """0.8125 as 81.2%."""
    return f"{100 * share:.1f}%"


def headline(summary: Mapping[str, Any]) -> str:
    """Say the outcome in a sentence or two."""
    said = []
    for level, one in summary["levels"].items():
        own = one["test"]
        low, high = own["times"]["interval"]
        said.append(
            f"{level} tokens {number(own['network'])} against {number(own['kneser_ney'])} "
            f"({number(own['times']['ratio'])} times, {number(low)} to {number(high)})"
        )
    missed = sum(not row["met"] for row in summary["verdict"])
    last = (
        f"{missed} of {len(summary['verdict'])} aims are missed." if missed else "All aims are met."
    )
    return f"Test perplexity of the LSTM against Kneser-Ney: {'; '.join(said)}. {last}"


def write_markdown(summary: Mapping[str, Any]) -> str:
    """Give the headline, the verdict and the table of what was written in Markdown."""
    lines = [headline(summary), "", "| wanted | measured | met |", "|---|--:|---|"]
    for row in summary["verdict"]:
        met = "yes" if row["met"] else "no"
        lines.append(f"| {to_markdown(row['wanted'])} | {number(row['value'])} | {met} |")
    heads = ("text", "end rhymes", "ends shuffled", "copied lines", "longest run", "distinct-2")
    lines += ["", "| " + " | ".join(heads) + " |", "|---|--:|--:|--:|--:|--:|"]
    for name, one in {"training rhymes": summary["corpus"], **summary["written"]}.items():
        shares = [
            percent(one[key]) for key in ("end_rhymes", "end_rhymes_shuffled", "copied_lines")
        ]
        cells = [*shares, str(one["copied_run"]), number(one["distinct_2"])]
        lines.append("| " + " | ".join([to_markdown(name), *cells]) + " |")
    return "\n".join(lines) + "\n"


def write_html(
    template: str,
    summary: Mapping[str, Any],
    samples: Mapping[str, Sequence[str]],
    figures: Mapping[str, bytes],
) -> str:
    """Give the page.

    Args:
        template: its text.
        summary: see `sluice.rhyming.summary`.
        samples: some rhymes by who wrote them.
        figures: SVG by name.

    Raises:
        DataError: a figure that the template shows is missing.
    """
    return render_page(
        template,
        figures,
        {"number": number, "percent": percent},
        summary=summary,
        rows={"training rhymes": summary["corpus"], **summary["written"]},
        samples=samples,
        headline=headline(summary),
    )
