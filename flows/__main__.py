"""Runs a flow from the project's root, with a Prefect server of its own unless one is named.

In: `python -m flows NAME [options]`. Out: the flow's final state as one line; exit status 1 unless
it completed. Deployments do not come through here: they name the flow's function itself.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from flows import sparing
from flows.errors import FlowError
from flows.server import lend_server
from sluice.command import FAILURE, report, run_app

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


def _conclude(run: Callable[[], Any]) -> None:
    """Run a flow to its end, and say its final state."""
    from httpx import TransportError  # which prefect has loaded

    try:
        state = run()
    except TransportError as error:
        status = report(
            f"the Prefect server at {os.environ['PREFECT_API_URL']} does not answer ({error}); "
            "stages that have ended are kept: start the flow again once there is a server"
        )
        sys.stdout.flush()
        os._exit(status)  # Prefect would go on for minutes, telling its events to nobody
    typer.echo(state.message)
    if not state.is_completed():
        sys.exit(FAILURE)


@app.callback()
def _main() -> None:
    """Run a flow; a server that shows it is named by PREFECT_API_URL."""


@app.command()
def pipeline(
    file: Annotated[Path, typer.Option(help="Another pipeline's dvc.yaml.")] = Path("dvc.yaml"),
    parallel: Annotated[int | None, typer.Option(min=1, help="Stages at once.")] = None,
    force: Annotated[list[str] | None, typer.Option(help="A stage to run anyway.")] = None,
) -> None:
    """Bring all stages of a dvc.yaml up to date.

    Example: python -m flows pipeline --force evaluate
    """
    wait_for_server = lend_server(Path.cwd())
    from flows.pipeline import pipeline as run  # takes as long as the server's start

    wait_for_server()
    _conclude(lambda: run(file, parallel, force, return_state=True))


@app.command()
def retrain(
    force: Annotated[bool, typer.Option("--force", help="Train without a reason too.")] = False,
    drift: Annotated[str | None, typer.Option(help="What drifted, in words.")] = None,
) -> None:
    """Take the data anew; with new data, drift or --force train, and let the gate decide.

    Without a server named there is nobody who could answer a paused run: with gate.approval: manual
    the challenger then waits for sluice promote --approve.

    Example: python -m flows retrain --force
    """
    named = bool(os.environ.get("PREFECT_API_URL"))
    wait_for_server = lend_server(Path.cwd())
    from flows.retrain import retrain as run

    wait_for_server()
    _conclude(lambda: run(force, drift, None if named else 0, return_state=True))


@app.command()
def watch(
    path: Annotated[Path | None, typer.Argument(help="New texts [watch.path].")] = None,
) -> None:
    """Hold new texts against the champion; raise an alarm if they have drifted.

    Example: python -m flows watch data/incoming
    """
    wait_for_server = lend_server(Path.cwd())
    from flows.watch import watch as run

    wait_for_server()
    _conclude(lambda: run(path, return_state=True))


@app.command()
def worker(
    address: Annotated[str, typer.Argument(help="The scheduler: tcp://10.0.0.5:8786.")],
    name: Annotated[str | None, typer.Option(help="Its name [host-process].")] = None,
) -> None:
    """Lend this clone to a Dask cluster: it runs stages for flows elsewhere, one at a time.

    Example: python -m flows worker tcp://10.0.0.5:8786
    """
    try:
        from flows.remote import serve
    except ImportError as error:
        raise FlowError("a worker needs Dask: pip install 'sluice[dask]'") from error

    serve(address, name)


@app.command()
def automations() -> None:
    """Create or update the automations on the server that PREFECT_API_URL names.

    Example: python -m flows automations
    """
    if not os.environ.get("PREFECT_API_URL"):
        raise FlowError("name the server by PREFECT_API_URL: one that is lent forgets automations")
    from flows.automations import (
        apply_automation,
        crash_zombies,
        find_deployment,
        retrain_on_drift,
    )

    apply_automation(crash_zombies())
    typer.echo("a run without heartbeats is marked Crashed")
    apply_automation(retrain_on_drift(find_deployment("retrain/retrain")))
    typer.echo("drift starts the deployment retrain/retrain")


if __name__ == "__main__":
    sparing.collect_seldom()
    try:
        run_app(app)
    finally:
        sparing.leave_garbage()
