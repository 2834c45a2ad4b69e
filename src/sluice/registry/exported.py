"""The champion's export: a second form of the same files, for machines without torch.

In: a project's folder. Out: a bundle with an ONNX network beside the version's own. No pointer
moves, and no version changes: the export can be deleted and made again.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sluice.errors import ParamsError, ResourceError
from sluice.registry.chosen import EXPORTED, champion_folder
from sluice.registry.pointer import read_pointer
from sluice.registry.versions import MODEL, verify_version, version_folder

if TYPE_CHECKING:
    from sluice.serving.export import Difference


class Exported(NamedTuple):
    """An export that was accepted."""

    folder: Path
    difference: "Difference"

    def describe(self) -> str:
        """One line for people."""
        size = sum(path.stat().st_size for path in self.folder.iterdir()) / 2**20
        found = self.difference
        return (
            f"{self.folder}: {size:.1f} MB; differs from PyTorch by at most {found.largest:.1g} on "
            f"{found.rows} rows, in no label"
        )


def export_model(source: Path, target: Path) -> Exported:
    """Export the model in `source` as a bundle at `target`, provided that it answers alike.

    Raises:
        ResourceError: `sluice[train,export]` is not installed.
        ModelError: the source is damaged or exported already, or the export answers otherwise.
    """
    try:
        from sluice.serving.export import export_folder
    except ModuleNotFoundError as error:
        raise ResourceError(
            f"sluice export needs {error.name}: pip install 'sluice[train,export]'"
        ) from error
    return Exported(target, export_folder(source, target))


def is_exported(root: Path) -> bool:
    """Whether the champion's export lies where services look for it.

    Raises:
        ModelError: a file is missing or changed, or the export is of another model.
    """
    champion = champion_folder(root)
    return champion is not None and champion[0].name == EXPORTED


def export_champion(root: Path, target: Path | None = None) -> Exported:
    """Export the champion, without a target into its version's folder, where services look for it.

    Raises:
        ParamsError: nothing was promoted yet.
        ResourceError, ModelError: as of `export_model`.
    """
    pointer = read_pointer(root)
    if pointer is None:
        raise ParamsError("there is no champion: name --model and --to, or sluice promote first")
    folder = version_folder(root, verify_version(root, pointer).version)
    return export_model(folder / MODEL, target or folder / EXPORTED)
