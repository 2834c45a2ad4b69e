"""`sluice promote`, `rollback`, `models` and `tag`: the registry for people.

In: words of the command line. Out: words on the terminal. Heavy imports happen within the commands;
`sluice --help` loads no model.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from sluice.errors import ParamsError, RegistryError, SluiceError

KEPT = 3
"""Exit status of `sluice promote` where the gate kept the champion: an answer, not an error."""
PARAMS = Path("params.yaml")

Reason = Annotated[str | None, typer.Option(help="Why, for the record.")]
NoTags = Annotated[bool, typer.Option("--no-tags", help="Write no git tags.")]


def _write_tags() -> list[str]:
    from sluice.params import read_section
    from sluice.registry.settings import Gate
    from sluice.registry.tags import write_tags

    return write_tags(Path(), read_section(PARAMS, "gate", Gate))


def _tag(no_tags: bool) -> None:
    """Write tags where there is git; what stands in their way is said, and is no failure."""
    if no_tags or not Path(".git").exists():
        return
    try:
        for name in _write_tags():
            typer.echo(f"tag: {name}")
    except RegistryError as error:
        typer.echo(f"note: {error}", err=True)


def _export() -> None:
    """Export the new champion where it is wanted and can be; what stands in its way is said."""
    from sluice.params import read_section
    from sluice.registry.exported import export_champion, is_exported
    from sluice.registry.settings import Gate

    if not read_section(PARAMS, "gate", Gate).export:
        return
    try:
        if not is_exported(Path()):
            typer.echo(f"export: {export_champion(Path()).describe()}")
    except SluiceError as error:
        typer.echo(f"note: not exported: {error}", err=True)


def promote(
    force: Annotated[
        bool, typer.Option("--force", help="Overrule the gate; needs --reason.")
    ] = False,
    approve: Annotated[
        bool, typer.Option("--approve", help="Finish what waits for approval.")
    ] = False,
    reject: Annotated[
        bool, typer.Option("--reject", help="Keep the champion instead of what waits.")
    ] = False,
    reason: Reason = None,
    no_tags: NoTags = False,
) -> None:
    """Judge the last run's selected model; make it the champion if it passes the gate.

    Exit status: 0 promoted or waiting for approval, 3 the champion was kept, 1 an error.

    Example: sluice promote

    Example: sluice promote --force --reason "new labels"
    """
    from rich.console import Console

    from sluice.registry import promotion
    from sluice.registry.decisions import describe_record
    from sluice.registry.judging import judge_challenger
    from sluice.registry.listing import checks_table

    if force + approve + reject > 1:
        raise ParamsError("--force, --approve and --reject are three things: choose one")
    if approve or reject:
        settle = promotion.approve if approve else promotion.reject
        record = settle(Path(), reason)
    else:
        promotion.check_reason(force, reason)
        record = promotion.promote(Path(), judge_challenger(), force=force, reason=reason)
    if record.decision is not None:
        Console(highlight=False).print(checks_table(record.decision))
    typer.echo(f"decision {record.number}: {describe_record(record)}")
    if record.moved:
        _export()
        _tag(no_tags)
    elif record.action == "kept":
        raise typer.Exit(KEPT)


def rollback(
    to: Annotated[
        int | None, typer.Option(min=1, help="The version; without it the champion before.")
    ] = None,
    reason: Reason = None,
    no_tags: NoTags = False,
) -> None:
    """Make an earlier champion the champion again; nothing is judged.

    Example: sluice rollback --to 1 --reason complaints
    """
    from sluice.registry import promotion
    from sluice.registry.decisions import describe_record

    record = promotion.rollback(Path(), to, reason)
    typer.echo(f"decision {record.number}: {describe_record(record)}")
    _export()
    _tag(no_tags)


def models(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the versions of the registry: dates, scores, decisions.

    Example: sluice models --json
    """
    from rich.console import Console

    from sluice.registry.listing import describe_champion, list_versions, versions_table

    entries = list_versions(Path())
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in entries], indent=2))
        return
    if entries:
        Console(highlight=False).print(versions_table(entries))
    typer.echo(describe_champion(Path()))


def git_tags() -> None:
    """Write the champion's git tags, as far as they are not there yet.

    Example: sluice git-tags
    """
    written = _write_tags()
    typer.echo("\n".join(f"tag: {name}" for name in written) or "all tags are there already")
