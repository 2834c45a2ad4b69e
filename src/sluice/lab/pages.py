"""What a leak lab shows: a table on the terminal, a page in Markdown, numbers in JSON, a figure.

In: what each mistake is worth. Out: texts, values and a figure; names from outside are escaped.
Nothing is written here: that is `sluice.lab.bench`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.figure import Figure
from rich.table import Table
from rich.text import Text

from sluice.evaluation.intervals import Interval
from sluice.lab.experiment import MISTAKES
from sluice.lab.rows import LabRows
from sluice.lab.summary import CONFIDENCE, Worth
from sluice.reporting.canvas import BLUE, INK, VERMILLION, label_text, name_rows, new_panels
from sluice.reporting.numbers import count, interval, points, signed, signed_interval
from sluice.reporting.scores import Interval as Facts
from sluice.reporting.texts import to_markdown, to_plain

_DIGITS = 6
_HEADS = ("mistake", "honest", "with the mistake", "worth", "macro-F1")


def _shown(bounds: Interval, write: Callable[[Facts], str] = interval) -> str:
    return write(Facts(low=bounds.low, high=bounds.high))


def words_of(worth: Worth) -> str:
    """Say in words whether the mistake is worth something on these rows."""
    low, high = worth.gain_bounds
    if low > 0:
        return "flatters"
    if high < 0:
        return "harms"
    return "no evidence that it matters"


def _cells(worth: Worth) -> tuple[str, ...]:
    return (
        MISTAKES[worth.mistake],
        f"{points(worth.honest)} ({_shown(worth.honest_bounds)})",
        f"{points(worth.leaky)} ({_shown(worth.leaky_bounds)})",
        f"{signed(worth.gain)} ({_shown(worth.gain_bounds, signed_interval)})",
        f"{points(worth.macro_f1[0])} → {points(worth.macro_f1[1])}",
    )


def make_table(found: Sequence[Worth], rows: LabRows) -> Table:
    """Give the table for a terminal."""
    table = Table(title=Text(to_plain(f"Leak lab: {rows.name}")), title_justify="left")
    for head in _HEADS:
        table.add_column(head, overflow="fold")
    for worth in found:
        table.add_row(*_cells(worth))
    return table


def _terms(found: Sequence[Worth], learner: str) -> str:
    first = found[0]
    return (
        f"Accuracy in points, {first.seeds} seeds, {learner}. Both arms of a row are tested on the "
        f"same rows ({count(first.test_rows)} for each seed) and trained on as many; honest "
        "training rows have no copy, child or near duplicate among them. Oversampling alone has "
        "test rows of its own in each arm: as they are, or balanced by copies. In brackets: "
        f"{100 * CONFIDENCE:g}% intervals over texts and seeds."
    )


def write_page(found: Sequence[Worth], rows: LabRows, learner: str, figure: str) -> str:
    """Give the page in Markdown."""
    lines = [f"# Leak lab: {to_markdown(rows.name)}", "", _terms(found, learner), ""]
    lines += ["| " + " | ".join(_HEADS) + " |", "|---|--:|--:|--:|--:|"]
    lines += ["| " + " | ".join(_cells(worth)) + " |" for worth in found]
    lines += ["", f"![What each mistake is worth]({figure})", ""]
    lines += [f"- {MISTAKES[worth.mistake]}: {words_of(worth)}" for worth in found]
    labels = ", ".join(to_markdown(label) for label in rows.label_names)
    lines += ["", f"{count(len(rows.labels))} rows, labels {labels}."]
    lines += [f"Note: {note}." for note in rows.notes]
    return "\n".join(lines) + "\n"


def describe(found: Sequence[Worth], rows: LabRows, learner: str) -> dict[str, Any]:
    """Give the numbers as JSON."""

    def bounds(low: float, high: float) -> dict[str, float]:
        return {"low": round(low, _DIGITS), "high": round(high, _DIGITS)}

    return {
        "file": rows.name,
        "rows": len(rows.labels),
        "clusters": int(rows.clusters.max()) + 1,
        "labels": list(rows.label_names),
        "notes": list(rows.notes),
        "learner": learner,
        "confidence": CONFIDENCE,
        "mistakes": {
            one.mistake: {
                "honest": {"accuracy": round(one.honest, _DIGITS), **bounds(*one.honest_bounds)},
                "leaky": {"accuracy": round(one.leaky, _DIGITS), **bounds(*one.leaky_bounds)},
                "gain": {"accuracy": round(one.gain, _DIGITS), **bounds(*one.gain_bounds)},
                "macro_f1": dict(zip(("honest", "leaky"), one.macro_f1, strict=True)),
                "gain_by_seed": list(one.by_seed),
                "test_rows": one.test_rows,
                "train_rows": one.train_rows,
                "verdict": words_of(one),
            }
            for one in found
        },
    }


def draw(found: Sequence[Worth], rows: LabRows) -> Figure:
    """Honest and leaky accuracy of each mistake, joined by a line, with intervals."""
    figure, (panel,) = new_panels(1, 0.6 + 0.5 * len(found))
    arms = (("honest", BLUE, "o", -0.12), ("with the mistake", VERMILLION, "D", 0.12))
    for row, worth in enumerate(found):
        both = ((worth.honest, worth.honest_bounds), (worth.leaky, worth.leaky_bounds))
        for (name, colour, marker, shift), (value, (low, high)) in zip(arms, both, strict=True):
            panel.hlines(row + shift, 100 * low, 100 * high, color=colour, linewidth=2)
            label = name if row == 0 else None
            panel.plot(100 * value, row + shift, marker, color=colour, label=label)
        edge = 100 * max(worth.honest_bounds.high, worth.leaky_bounds.high)
        panel.annotate(
            signed(worth.gain), (edge, row), (6, 0), textcoords="offset points", va="center",
            color=INK,
        )  # fmt: skip
    name_rows(panel, [])
    panel.set_yticks(range(len(found)), [label_text(MISTAKES[one.mistake], 40) for one in found])
    panel.set_ylim(len(found) - 0.4, -0.6)
    panel.margins(x=0.15)
    panel.set_xlabel("accuracy on the test rows, points")
    panel.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    figure.suptitle(label_text(rows.name, 60), x=0.01, ha="left", fontsize=9.5)
    return figure
