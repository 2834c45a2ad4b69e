"""`sluice watch`: new texts against the champion, without Prefect.

In: words of the command line. Out: words on the terminal and the two reports. Heavy imports happen
within the command.
"""

from pathlib import Path
from typing import Annotated

import typer

DRIFT = 3
"""Exit status of `sluice watch` where the batch has drifted: an answer, not an error."""
PARAMS = Path("params.yaml")


def watch(
    batch: Annotated[
        Path | None, typer.Argument(help="A CSV or Parquet file, or a folder [watch.path].")
    ] = None,
    column: Annotated[str | None, typer.Option(help="Column of the texts [watch.column].")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the reports.")] = Path("reports/watch"),
) -> None:
    """Hold new, unlabelled texts against the champion's validation rows.

    Exit status: 0 no drift, or too few texts for a verdict, 3 drift, 1 an error.

    Example: sluice watch new.csv

    Example: sluice watch tweets.parquet --column tweet
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from sluice.params import read_section
    from sluice.watching.findings import NAMES, describe
    from sluice.watching.run import PAGE, watch_batch
    from sluice.watching.settings import Watch

    settings = read_section(PARAMS, "watch", Watch)
    if column is not None:
        settings = settings.model_copy(update={"column": column})
    found = watch_batch(Path(), batch or settings.path, settings, out)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("statistic", "distance", "threshold", "verdict"):
        table.add_column(name, justify="right" if name in ("distance", "threshold") else "left")
    for one in found.statistics:
        limit = "" if one.threshold is None else f"{one.threshold:.4f}"
        verdict = "drift" if one.alarm else "quiet" if limit else ""
        table.add_row(Text(NAMES[one.name]), f"{one.value:.4f}", limit, verdict)
    Console(highlight=False).print(table)
    typer.echo(f"{describe(found)}\nreport: {out / PAGE}")
    if found.verdict == "drift":
        raise typer.Exit(DRIFT)
