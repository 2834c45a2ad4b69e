"""`sluice export` and `sluice serve`: the model in another form, and behind an address.

In: words of the command line. Out: a folder, or a service. Heavy imports happen within the command.
"""

from pathlib import Path
from typing import Annotated

import typer

from sluice.errors import ParamsError, ResourceError


def export(
    model: Annotated[
        Path | None, typer.Option(help="A bundle or a model's folder [the champion].")
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--to", help="The folder to write [beside the champion].")
    ] = None,
) -> None:
    """Write a model as ONNX, for machines without torch; refuse it if it answers otherwise.

    Example: sluice export

    Example: sluice export --model models/wide_bilstm/0 --to small
    """
    from sluice.registry.exported import export_champion, export_model

    if model is None:
        found = export_champion(Path(), target)
    elif target is None:
        raise ParamsError("--model needs --to: name the folder to be written")
    else:
        found = export_model(model, target)
    typer.echo(found.describe())


def serve(
    model: Annotated[
        Path | None, typer.Option(help="A bundle or a model's folder [the champion].")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    texts: Annotated[int, typer.Option(min=1, help="Most texts of a call.")] = 256,
    characters: Annotated[int, typer.Option(min=1, help="Most characters of a text.")] = 5000,
    body: Annotated[int, typer.Option(min=1000, help="Most bytes of a call.")] = 1_000_000,
    seconds: Annotated[float, typer.Option(help="Most seconds of a call.")] = 10.0,
    queue: Annotated[int, typer.Option(min=1, help="Most texts that wait.")] = 2048,
    drain: Annotated[float, typer.Option(help="Seconds for open calls at the end.")] = 20.0,
    log_texts: Annotated[bool, typer.Option("--log-texts", help="Also log the texts.")] = False,
) -> None:
    """Answer by HTTP: /predict, /explain, /health, /ready, /metrics, /openapi.json; a page at /.

    The model is replaced in flight when another is promoted, or another bundle put in its place. A
    token in the environment variable SLUICE_TOKEN is asked of every call. SIGTERM ends the service
    once all open calls are answered.

    Example: sluice serve --port 8000

    Example: SLUICE_TOKEN=... sluice serve --model small --host 0.0.0.0
    """
    try:
        from sluice.service.run import Address, serve_model
    except ModuleNotFoundError as error:
        raise ResourceError(
            f"sluice serve needs {error.name}: pip install 'sluice[serve]'"
        ) from error
    from sluice.params import parse_section
    from sluice.service.limits import Limits

    asked = {
        "texts": texts, "characters": characters, "body_bytes": body, "seconds": seconds,
        "queue": queue, "drain_seconds": drain,
    }  # fmt: skip
    limits = parse_section(asked, Limits, "serve")
    serve_model(Path(), model, Address(host, port), limits, log_texts)
