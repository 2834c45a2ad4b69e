"""`sluice ...`: commands for people. Stages are for DVC and have command lines of their own.

In: a project folder with params.yaml. Out: words on the terminal; exit status 1 and one line on a
user's error. Heavy imports happen inside the command that needs them.
"""

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from sluice.command import run_app
from sluice.errors import ParamsError
from sluice.predicting.commands import predict
from sluice.registry import commands
from sluice.service.commands import export, serve
from sluice.sibling_commands import forecast, generate, tag
from sluice.version import __version__
from sluice.watching.commands import watch

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A labelled CSV of texts to an LSTM that may be shipped. The pipeline itself: dvc repro.",
    epilog="Examples: sluice check · sluice params train · sluice summary · dvc repro",
)

# Classes that are also to be had without torch, which takes seconds to load.
_LIGHT = {"train": "sluice.variants", "explain": "sluice.explain_settings"}


def _section_type(name: str) -> Any:
    """The class of a section, from the stage of that name or from its own module."""
    from sluice.params import ALL_SECTIONS, SETTINGS

    if name not in ALL_SECTIONS:
        raise ParamsError(f"unknown section {name}; sections: {', '.join(ALL_SECTIONS)}")
    home = (SETTINGS | _LIGHT).get(name, f"sluice.stages.{name}")
    module = importlib.import_module(home)
    return getattr(module, name.capitalize())


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sluice {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None: ...


def _check_suites(folder: Path, cases: int) -> None:
    """See that every behaviour suite can be read and makes texts; a folder is not needed."""
    from sluice.evaluation.probes import behaviour_rows
    from sluice.stages.probe import read_suites

    if folder.exists():
        behaviour_rows(read_suites(folder), cases)


@app.command()
def check(
    params: Annotated[Path, typer.Option(help="The file to check.")] = Path("params.yaml"),
) -> None:
    """Check all sections of params.yaml, the preset, variants and suites; run nothing.

    Example: sluice check --params params.yaml
    """
    from sluice.params import ALL_SECTIONS, read_section, read_yaml

    read_yaml(params)
    sections = {name: read_section(params, name, _section_type(name)) for name in ALL_SECTIONS}
    made, held_out = sections["split"].folds, sections["crossvalidate"].folds
    if max(held_out, default=-1) >= made:
        raise ParamsError(
            f"{params}: crossvalidate.folds names {max(held_out)}, and split.folds makes {made} "
            "(counted from 0): raise split.folds, or take it out"
        )
    for name, section in sections.items():
        if name == "ingest":
            from sluice.stages.ingest import read_complete

            read_complete(params)
        if name == "probe":
            _check_suites(params.parent / "suites", section.cases_per_test)
        if name == "train":
            for model in (*section.models, *section.variants):
                section.settings(model)
    typer.echo(f"{params}: all {len(ALL_SECTIONS)} sections are good")


@app.command("params")
def explain_params(
    section: Annotated[str | None, typer.Argument(help="A section; all without one.")] = None,
) -> None:
    """Explain every key of params.yaml: its type, its default, what it does.

    Example: sluice params split
    """
    from sluice.params import ALL_SECTIONS
    from sluice.reporting.keys import explain

    for name in [section] if section else ALL_SECTIONS:
        typer.echo(explain(name, _section_type(name)))


@app.command()
def summary(
    root: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
) -> None:
    """Print the results of the last run as a short table.

    Example: sluice summary
    """
    from rich.console import Console

    from sluice.reporting.summary import print_summary

    print_summary(root, Console())


@app.command("leak-lab")
def leak_lab(
    csv: Annotated[str, typer.Argument(help="A CSV, or bundled for the tweets of Sluice.")],
    text: Annotated[str | None, typer.Option(help="Column of the texts [text].")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the labels [label].")] = None,
    preset: Annotated[Path | None, typer.Option(help="Take columns and labels from it.")] = None,
    delimiter: Annotated[str, typer.Option(help="What parts the cells.")] = ",",
    encoding: Annotated[str, typer.Option(help="How the file is written.")] = "utf-8",
    rows: Annotated[int | None, typer.Option(min=1, help="Rows to draw; all without.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Repeats [10; 3 of many rows].")] = None,
    test_share: Annotated[float, typer.Option(help="Share of the rows to test on.")] = 0.2,
    model: Annotated[str, typer.Option(help="svm or lstm.")] = "svm",
    out: Annotated[Path, typer.Option(help="Folder of table, numbers and plot.")] = Path(
        "leak-lab"
    ),
) -> None:
    """Show what each common mistake is worth on a data set, before you believe a number.

    Example: sluice leak-lab bundled --rows 400 --seeds 1

    Example: sluice leak-lab posts.csv --text post --label mood --seeds 5 --out lab
    """
    from rich.console import Console

    from sluice.lab.bench import run_lab
    from sluice.lab.rows import Request

    request = Request(csv, text, label, delimiter, encoding, preset, rows)
    run_lab(request, model, seeds, test_share, out, Console())


@app.command()
def verify(
    root: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
) -> None:
    """Hash DVC's cache and all outputs: a damaged copy is deleted, a changed output is named.

    Exit status: 0 all is well, 3 something was found, 1 an error.

    Example: sluice verify --root .
    """
    from sluice.data.display import show_list
    from sluice.integrity import FOUND
    from sluice.integrity import verify as look

    found = look(root)
    if found.damaged:
        names = show_list([path.parent.name + path.name for path in found.damaged])
        typer.echo(
            f"deleted from DVC's cache, for their content is not what they are named: {names}"
        )
    if found.doubtful:
        names = show_list([str(path) for path in found.doubtful])
        typer.echo(f"not the files of dvc.lock: {names}")
    if found.damaged or found.doubtful:
        typer.echo("dvc pull fetches whole copies from a remote, dvc repro makes them anew")
        raise typer.Exit(FOUND)
    typer.echo(f"{found.looked_at} files are what dvc.lock and their names say")


@app.command()
def tune(
    ranges: Annotated[Path, typer.Option(help="What is tuned, and within which bounds.")] = Path(
        "tuning.yaml"
    ),
    params: Annotated[Path, typer.Option(help="The file whose keys are tuned.")] = Path(
        "params.yaml"
    ),
    trials: Annotated[int | None, typer.Option(min=1, help="Trials in all [tuning.yaml].")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the best into params.")] = False,
) -> None:
    """Search ranges of params.yaml for the best validation macro-F1; test rows are never read.

    A search that was stopped or killed goes on when it is started again. Each trial is printed with
    the command that runs it as a DVC experiment.

    Example: sluice tune --trials 10

    Example: sluice tune --ranges tuning.yaml --write
    """
    from sluice.lab.tuning import tune_section

    tune_section(importlib.import_module("sluice.stages.train"), ranges, params, trials, write)


@app.command()
def explain(
    model: Annotated[Path, typer.Argument(help="The model's folder: models/<name>/<seed>.")],
    text: Annotated[str, typer.Argument(help="The text, as it comes.")],
    label: Annotated[
        str | None, typer.Option(help="Explain this label; the predicted one without it.")
    ] = None,
) -> None:
    """Show what each word of a text adds to a label: green for it, red against it.

    Example: sluice explain models/wide_bilstm/0 "Awful!" --label negative
    """
    from rich.console import Console

    from sluice.serving.bundle import load_any
    from sluice.serving.explanation import describe

    Console(highlight=False).print(describe(load_any(model).explain(text, label)))


REGISTRY = (commands.promote, commands.rollback, commands.models)
for command in (forecast, tag, generate, predict, export, serve, *REGISTRY, watch):
    app.command()(command)
app.command("git-tags")(commands.git_tags)


def main() -> None:
    """Entry point of the `sluice` command."""
    run_app(app)
