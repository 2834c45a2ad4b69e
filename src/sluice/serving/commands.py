"""`sluice export` and `sluice serve`: the model in another form, and behind an address.

In: words of the command line. Out: a folder, or a service. Heavy imports happen within the command.
"""

from pathlib import Path
from typing import Annotated

import typer

from sluice.errors import ParamsError, ResourceError


def _plan(model: Path | None, target: Path | None) -> tuple[Path, Path]:
    """The folder to export, the champion's without one, and where to."""
    from sluice.registry.chosen import EXPORTED
    from sluice.registry.pointer import read_pointer
    from sluice.registry.versions import MODEL, verify_version, version_folder

    if model is not None:
        if target is None:
            raise ParamsError("--model needs --to: name the folder to be written")
        return model, target
    pointer = read_pointer(Path())
    if pointer is None:
        raise ParamsError("there is no champion: name --model and --to, or sluice promote first")
    folder = version_folder(Path(), verify_version(Path(), pointer).version)
    return folder / MODEL, target or folder / EXPORTED


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
    source, folder = _plan(model, target)
    try:
        from sluice.serving.export import export_folder
    except ModuleNotFoundError as error:
        raise ResourceError(
            f"sluice export needs {error.name}: pip install 'sluice[train,export]'"
        ) from error
    found = export_folder(source, folder)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    typer.echo(
        f"{folder}: {size:.1f} MB; differs from PyTorch by at most {found.largest:.1g} on "
        f"{found.rows} rows, in no label"
    )
