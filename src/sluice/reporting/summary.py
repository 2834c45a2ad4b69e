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
from sluice.evaluation.pairs import describe_verdict
from sluice.files import read_json
from sluice.reporting.verdict import place

EVALUATION = Path("reports/metrics/evaluation.json")
PAIRS = Path("reports/metrics/pairs.json")
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


def describe_standing(evaluation: dict[str, Any], pairs: dict[str, Any]) -> str:
    """One sentence: how the selected model, or else the best baseline, stands to all others."""
    shown = evaluation.get("selected") or evaluation.get("best_baseline")
    if shown is None:
        return ""
    verdict = describe_verdict(pairs["verdicts"][shown])
    return f"{shown}: {verdict} (every pair, corrected)" if verdict else ""


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
    """Print the table, the gap and the ties in words, and where the report lies.

    Raises:
        SourceError: the pipeline has not run.
        DataError: its results are of another form.
    """
    evaluation, pairs = read_json(root / EVALUATION), read_json(root / PAIRS)
    try:
        table = results_table(root, evaluation)
        gap = describe_gap(evaluation) if evaluation.get("gap") else ""
        standing = describe_standing(evaluation, pairs)
    except (AttributeError, KeyError, TypeError) as error:
        files = f"{root / EVALUATION} or {PAIRS.name}"
        raise DataError(f"{files} is of another form: run dvc repro") from error
    console.print(table)
    console.print()
    for sentence in filter(None, (gap, standing)):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    console.print(f"report: {REPORT}", highlight=False)
