"""The short table that `make run` ends with.

In: a project folder whose pipeline has run. Out: lines on a console. The full account is the
report's.
"""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sluice.errors import DataError
from sluice.files import read_json
from sluice.reporting.verdict import place

EVALUATION = Path("reports/metrics/evaluation.json")
REPORT = Path("reports/report.html")


def _seconds(root: Path, key: str) -> str:
    path = root / "reports/timing" / f"{key}.json"
    return f"{read_json(path)['seconds']:.0f}" if path.exists() else ""


def _parameters(root: Path, key: str) -> str:
    path = root / "reports/metrics/train" / f"{key}.json"
    return f"{read_json(path)['parameters']:,}" if path.exists() else ""


def _mark(key: str, evaluation: dict[str, Any]) -> str:
    marks = {evaluation.get("selected"): "selected", evaluation.get("best_baseline"): "baseline"}
    return marks.get(key, "")


def describe_gap(evaluation: dict[str, Any]) -> str:
    """One sentence: how the selected model stands to the best baseline.

    Raises:
        DataError: the evaluation names no gap, for want of a model or of a baseline.
    """
    gap = evaluation.get("gap")
    if gap is None:
        raise DataError(f"{EVALUATION} has no gap: train a model and a baseline")
    standing = place(gap["low"], gap["high"])
    return (
        f"{evaluation['selected']} is {standing} {evaluation['best_baseline']}: "
        f"{100 * gap['value']:+.1f} [{100 * gap['low']:+.1f}, {100 * gap['high']:+.1f}] points of "
        f"macro-F1 on {gap['rows']:,} test rows"
    )


def results_table(root: Path, evaluation: dict[str, Any]) -> Table:
    """One row for each model and baseline, the best macro-F1 first."""
    share = f"{100 * evaluation['confidence']:.0f}%"
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, side in (
        ("model", "left"),
        ("macro-F1", "right"),
        (f"{share} interval", "right"),
        ("accuracy", "right"),
        ("parameters", "right"),
        ("seconds", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify="right" if side == "right" else "left")
    ranked = sorted(evaluation["models"].items(), key=lambda item: -item[1]["test"]["macro_f1"])
    for key, model in ranked:
        interval, test = model["intervals"]["macro_f1"], model["test"]
        table.add_row(
            Text(key),
            f"{100 * test['macro_f1']:.1f}",
            f"{100 * interval['low']:.1f} to {100 * interval['high']:.1f}",
            f"{100 * test['accuracy']:.1f}",
            _parameters(root, key),
            _seconds(root, key),
            _mark(key, evaluation),
        )
    return table


def print_summary(root: Path, console: Console) -> None:
    """Print the table, the gap in words, and where the report lies.

    Raises:
        SourceError: the pipeline has not run.
        DataError: its results are of another form.
    """
    evaluation = read_json(root / EVALUATION)
    try:
        table = results_table(root, evaluation)
        gap = describe_gap(evaluation) if evaluation.get("gap") else None
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(f"{root / EVALUATION} is of another form: run dvc repro") from error
    console.print(table)
    if gap is not None:
        console.print(f"\n{gap}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"report: {REPORT}", highlight=False)
