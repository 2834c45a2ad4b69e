"""Pages: the table of gains in Markdown, and a page of its own in HTML that opens offline.

In: the table, the default's row, what the advice says, the chart. Out: texts. Nothing is computed.
"""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from audit import Advice
from gains import NOTHING, ONLY_THESE

from sluice.evaluation.intervals import Interval
from sluice.reporting.html import embed_svg, make_environment
from sluice.reporting.numbers import count, p_value, points, signed, signed_interval
from sluice.reporting.scores import Interval as Bounds
from sluice.reporting.texts import to_html

HEADS = {
    "name": "advice",
    "gain": "gain",
    "rows": "over rows",
    "both": "over rows and seeds",
    "seeds": "seed by seed",
    "p_rows": "p, rows",
    "p_both": "p, rows and seeds",
    "verdict": "verdict",
    "work": "steps",
}


class Facts(NamedTuple):
    """What stands around the table."""

    default: float
    """Macro-F1 of the default, mean over seeds."""
    over_rows: Interval
    """Its interval over rows."""
    seeds: int
    test_rows: int
    confidence: float


def shown(row: Mapping[Hashable, Any]) -> dict[str, str]:
    """A row of the table as people read it; names hold nothing but letters, digits and _."""
    bounds = {
        side: signed_interval(Bounds(low=row[f"{side}_low"], high=row[f"{side}_high"]))
        for side in ("rows", "both")
    }
    seeds = ", ".join(signed(float(one)) for one in row["by_seed"].split())
    return {
        "name": row["advice"].replace("_", " "),
        "gain": signed(row["gain"]),
        "rows": bounds["rows"],
        "both": bounds["both"],
        "seeds": seeds,
        "p_rows": p_value(row["p_rows"]),
        "p_both": p_value(row["p_both"]),
        "verdict": row["verdict"],
        "work": f"{row['work']:.2f}",
    }


def sentence(table: pd.DataFrame, facts: Facts) -> str:
    """Say the outcome in one sentence."""
    words = table["verdict"]
    found = []
    for word in ("helped", "hurt"):
        only = int((words == word + ONLY_THESE).sum())
        beside = f" ({only} of them for these seeds only)" if only else ""
        found.append(f"{int(words.str.startswith(word).sum())} {word}{beside}")
    return (
        f"Of {len(table)} pieces of advice, each followed alone, {', '.join(found)}, and "
        f"{int((words == NOTHING).sum())} made no difference that {count(facts.test_rows)} test "
        f"rows and {facts.seeds} seeds can show."
    )


def describe_default(facts: Facts) -> str:
    """Say what the gains are measured from."""
    low, high = facts.over_rows
    return (
        f"The default has a macro-F1 of {points(facts.default)} points "
        f"({points(low)} to {points(high)} over rows), mean of {facts.seeds} seeds."
    )


def write_markdown(table: pd.DataFrame, facts: Facts) -> str:
    """Give the table in Markdown, and what it is measured from."""
    lines = [sentence(table, facts), "", describe_default(facts), ""]
    lines += ["| " + " | ".join(HEADS.values()) + " |", "|---|--:|--:|--:|--:|--:|--:|---|--:|"]
    for row in table.to_dict("records"):
        one = shown(row)
        lines.append("| " + " | ".join(one[key] for key in HEADS) + " |")
    return "\n".join(lines) + "\n"


def write_html(
    template: Path, table: pd.DataFrame, facts: Facts, advice: tuple[Advice, ...], chart: bytes
) -> str:
    """Give the page; the chart is SVG."""
    environment = make_environment(autoescape=True)
    environment.filters.update(visible=to_html)
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        heads=HEADS,
        rows=[shown(row) for row in table.to_dict("records")],
        says={one.name.replace("_", " "): one.says for one in advice},
        sentence=sentence(table, facts),
        default=describe_default(facts),
        confidence=facts.confidence,
        chart=embed_svg(chart),
    )
