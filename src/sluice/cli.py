"""`sluice ...`: commands for people. Stages are for DVC and have command lines of their own.

In: a project folder with params.yaml. Out: words on the terminal; exit status 1 and one line on a
user's error. Heavy imports happen inside the command that needs them.
"""

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from sluice import __version__
from sluice.command import run_app
from sluice.errors import ParamsError
from sluice.params import SECTIONS, read_section, read_yaml

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A labelled CSV of texts to an LSTM that may be shipped. The pipeline itself: dvc repro.",
    epilog="Examples: sluice check · sluice params train · sluice summary · dvc repro",
)


def _section_type(name: str) -> Any:
    """The class of a section, from the stage of that name."""
    if name not in SECTIONS:
        raise ParamsError(f"unknown section {name}; sections: {', '.join(SECTIONS)}")
    module = importlib.import_module(f"sluice.stages.{name}")
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


@app.command()
def check(
    params: Annotated[Path, typer.Option(help="The file to check.")] = Path("params.yaml"),
) -> None:
    """Check every section of params.yaml, the preset and all variants, without running anything.

    Example: sluice check --params params.yaml
    """
    read_yaml(params)
    for name in SECTIONS:
        section = read_section(params, name, _section_type(name))
        if name == "ingest":
            importlib.import_module("sluice.stages.ingest").read_settings(params)
        if name == "train":
            for model in (*section.models, *section.variants):
                section.settings(model)
    typer.echo(f"{params}: all {len(SECTIONS)} sections are good")


@app.command("params")
def explain_params(
    section: Annotated[str | None, typer.Argument(help="A section; all without one.")] = None,
) -> None:
    """Explain every key of params.yaml: its type, its default, what it does.

    Example: sluice params split
    """
    from sluice.reporting.keys import explain

    for name in [section] if section else SECTIONS:
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


def main() -> None:
    """Entry point of the `sluice` command."""
    run_app(app)
