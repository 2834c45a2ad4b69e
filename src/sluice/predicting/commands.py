"""`sluice predict`: the model at work, on a few texts or on files of any size.

In: words of the command line, standard input or a file. Out: labels on the terminal, as JSON Lines,
or in a file. Heavy imports happen within the command.
"""

import itertools
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sluice.errors import ParamsError

if TYPE_CHECKING:
    from sluice.predicting.job import Order
    from sluice.predicting.records import Record
    from sluice.registry.chosen import Chosen

BAD = 3
"""Exit status where all is done but for bad rows."""
_AT_ONCE = 256


def _texts(words: list[str]) -> "Iterator[Record]":
    from sluice.predicting.records import make_record, read_lines

    if words:
        return (make_record(row, text) for row, text in enumerate(words, 1))
    return read_lines(sys.stdin.buffer)


def _describe(row: Mapping[str, object], text: str) -> str:
    from sluice.terminal import escape_controls

    sure = max(float(str(row[name])) for name in row if name.startswith("p_"))
    left = ", left to people" if row["abstained"] else ""
    return escape_controls(f"{row['label']} {100 * sure:.1f}%{left}: {text}")


def _show(chosen: "Chosen", good: "list[Record]", order: "Order", as_json: bool) -> None:
    from rich.console import Console

    from sluice.predicting.rows import answer_rows
    from sluice.serving.explanation import describe

    rows = answer_rows(chosen.bundle, good, False, order.explained and as_json)
    for row, one in zip(rows, good, strict=True):
        if as_json:
            typer.echo(json.dumps({"text": one.text} | row))
            continue
        typer.echo(_describe(row, one.text))
        if order.explained:
            Console(highlight=False).print(describe(chosen.bundle.model.explain(one.text)))


def _answer_texts(chosen: "Chosen", words: list[str], explained: bool, as_json: bool) -> int:
    """Answer texts as they come; give the number of bad ones."""
    from sluice.predicting.job import Order
    from sluice.predicting.records import Columns

    # On the terminal words are coloured, in JSON they are a field of the row.
    order = Order(Path(), Path(), Columns(), explained)
    records, bad = _texts(words), 0
    while part := list(itertools.islice(records, _AT_ONCE)):
        for one in part:
            if one.problem is not None:
                typer.echo(f"row {one.row}: {one.problem}", err=True)
                bad += 1
        good = [one for one in part if one.problem is None]
        if good:
            _show(chosen, good, order, as_json)
    return bad


def _run_file(chosen: "Chosen", order: "Order", as_json: bool) -> int:
    """Label a file under a bar; say what was done; give the number of bad rows."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from sluice.predicting.job import run_job

    console = Console(stderr=True)
    columns = (
        BarColumn(), TextColumn("{task.fields[rows]:,} rows"),
        TextColumn("{task.fields[rate]:,.0f} rows/s"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", rows=0, rate=0.0)

        def watch(rows: int, read: int, total: int) -> None:
            elapsed = progress.tasks[0].elapsed or 0.0
            rate = rows / elapsed if elapsed else 0.0
            progress.update(task, completed=read, total=total, rows=rows, rate=rate)

        done = run_job(order, chosen, watch)
    bad = str(order.bad) if done.bad else None
    said = {"model": chosen.name, "output": str(order.target), "bad_rows": bad}
    if as_json:
        typer.echo(json.dumps(said | done._asdict()))
    else:
        typer.echo(f"{done.rows - done.bad:,} rows labelled by {chosen.name}: {order.target}")
        if done.resumed:
            typer.echo(f"{done.resumed:,} rows had been done before")
        if done.bad:
            typer.echo(f"{done.bad:,} bad rows and why: {order.bad}")
    return done.bad


def predict(
    texts: Annotated[
        list[str] | None, typer.Argument(help="Texts; without them lines of standard input.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="A file of texts: .csv, .jsonl or .parquet.")
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--to", help="The file of labels: .csv, .jsonl or .parquet.")
    ] = None,
    column: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    name: Annotated[
        str | None, typer.Option("--id", help="A column to be taken over beside the labels.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="A bundle or a model's folder [the champion].")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also what each word adds to the label.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")] = False,
    rows: Annotated[int, typer.Option(min=1, max=100_000, help="Rows in memory at a time.")] = 4096,
) -> None:
    """Label texts: a few, lines of standard input, or a file of any size.

    A file's job that was stopped goes on where it was when it is started again. Exit status: 0 all
    is done, 3 all but bad rows, 1 an error.

    Example: sluice predict "What a lovely day"

    Example: sluice predict --from posts.csv --to labels.parquet --id post
    """
    if (source is None) != (target is None):
        raise ParamsError("--from and --to go together: name both files, or none")
    if source is not None and texts:
        raise ParamsError("texts and --from are two sources: choose one")
    from sluice.predicting.job import Order
    from sluice.predicting.records import Columns, check_form
    from sluice.registry.chosen import choose_model

    for path in filter(None, (source, target)):
        check_form(path)
    chosen = choose_model(Path(), model)
    if source is not None and target is not None:
        order = Order(source, target, Columns(column, name), explain, rows)
        bad = _run_file(chosen, order, as_json)
    else:
        bad = _answer_texts(chosen, texts or [], explain, as_json)
    if bad:
        raise typer.Exit(BAD)
