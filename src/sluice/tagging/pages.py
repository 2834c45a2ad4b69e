"""The report of a tagging run: one HTML page that opens offline, and its table in Markdown.

In: the summary, facts, figures as SVG. Out: texts, everything from outside escaped. Nothing is
computed but the scale of numbers.
"""

from collections.abc import Mapping
from typing import Any

from sluice.reporting.html import render_page
from sluice.reporting.texts import to_markdown
from sluice.tagging.charts import SCORE_WORDS
from sluice.tagging.summary import NETWORK


def percent(share: float) -> str:
    """0.8125 as 81.2."""
    return f"{100 * share:.1f}"


def interval(score: Mapping[str, float]) -> str:
    """A score in percent with its interval."""
    return f"{percent(score['value'])} ({percent(score['low'])} to {percent(score['high'])})"


def ranked(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Candidates by score, the best first, with their names as people read them."""
    main = summary["score"]
    rows = [
        one | {"key": name, "name": name.replace("_", " ")}
        for name, one in summary["candidates"].items()
    ]
    return sorted(rows, key=lambda one: -float(one["test"][main]["value"]))


def headline(summary: Mapping[str, Any]) -> str:
    """Say the outcome in a few sentences."""
    main = summary["score"]
    own = summary["candidates"][NETWORK]["test"][main]
    said = [
        f"The network has {interval(own)} % {SCORE_WORDS[main]} on the test part, mean over "
        f"{len(own['by_seed'])} seed(s)."
    ]
    for name, other in summary["differences"].items():
        sure = other["low"] > 0 or other["high"] < 0
        said.append(
            f"That is {100 * other['value']:+.1f} points beside {name.replace('_', ' ')} "
            f"({100 * other['low']:+.1f} to {100 * other['high']:+.1f}"
            f"{'' if sure else ': the interval holds 0'})."
        )
    return " ".join(said)


def write_markdown(summary: Mapping[str, Any]) -> str:
    """Give the table of scores in Markdown."""
    names = list(next(iter(summary["candidates"].values()))["test"])
    level = f"{100 * summary['confidence']:g}%"
    lines = [headline(summary), "", f"Test part, in %, with {level} intervals.", ""]
    lines += ["| candidate | " + " | ".join(names) + " |", "|---" + "|--:" * len(names) + "|"]
    lines += [
        f"| {to_markdown(one['name'])} | "
        + " | ".join(interval(one["test"][name]) for name in names)
        + " |"
        for one in ranked(summary)
    ]
    return "\n".join(lines) + "\n"


def write_html(
    template: str,
    summary: Mapping[str, Any],
    corpus: Mapping[str, Any],
    found: Mapping[str, Mapping[str, Any]],
    figures: Mapping[str, bytes],
) -> str:
    """Give the page.

    Args:
        template: its text.
        summary: see `sluice.tagging.summary.summarise`.
        corpus: see `sluice.tagging.corpus.describe_corpus`.
        found: what each candidate's stage says of it, by its file's name.
        figures: SVG by name.

    Raises:
        DataError: a figure that the template shows is missing.
    """
    return render_page(
        template,
        figures,
        {"percent": percent, "with_interval": interval},
        summary=summary,
        corpus=corpus,
        found=found,
        rows=ranked(summary),
        network=NETWORK,
        headline=headline(summary),
    )
