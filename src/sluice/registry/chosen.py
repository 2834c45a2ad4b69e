"""The model to put to work when nobody names one: the champion, else the last run's selected model.

In: a project's folder. Out: a loaded `Bundle` and where it lies. Nothing is judged and nothing
moves.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from sluice.errors import DataError, ModelError, RegistryError
from sluice.files import read_json
from sluice.registry.pointer import read_pointer
from sluice.registry.versions import MODEL, read_thresholds, verify_version, version_folder
from sluice.serving.bundle import Bundle, open_model
from sluice.serving.contents import EXPORT, Export, fingerprint, read_part

EXPORTED = "onnx"
"""Folder beside a version's model that `sluice export` writes by default."""
EVALUATION = Path("reports/metrics/evaluation.json")


class Chosen(NamedTuple):
    """A model, ready to answer."""

    bundle: Bundle
    folder: Path
    """Where its files lie."""
    name: str
    """What people call it."""


def _selected(root: Path) -> Chosen:
    path = root / EVALUATION
    if not path.exists():
        raise RegistryError("there is no champion, and no run: sluice promote, or name --model")
    try:
        content = read_json(path)
        key = content["selected"]
        one = content["models"][key]
        folder = root / f"models/{one['name']}/{int(one['seed'])}"
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} selects no model: name one by --model") from error
    bundle = open_model(folder)._replace(thresholds=read_thresholds(root, key))
    return Chosen(bundle, folder, f"{key}, selected by the last run")


def champion_folder(root: Path) -> tuple[Path, int] | None:
    """Where the champion's files lie, each checked, and its number; None before any promotion.

    Its export is preferred where it is one of these very files and ONNX Runtime is installed.

    Raises:
        RegistryError: the pointer is broken.
        ModelError: a file is missing or changed, or the export is of another model.
    """
    pointer = read_pointer(root)
    if pointer is None:
        return None
    version = verify_version(root, pointer).version
    place = version_folder(root, version) / MODEL
    exported = version_folder(root, version) / EXPORTED
    if not (exported / EXPORT).is_file() or find_spec("onnxruntime") is None:
        return place, version
    if read_part(exported / EXPORT, Export).source != fingerprint(place):
        raise ModelError(f"{exported} was exported from another model: run sluice export again")
    return exported, version


def choose_model(root: Path, folder: Path | None = None) -> Chosen:
    """Load the model in `folder`, without it the champion, without one what the last run selected.

    Raises:
        RegistryError: there is none of the three.
        ModelError: a file of it is missing, changed or of another form.
    """
    if folder is not None:
        return Chosen(open_model(folder), folder, str(folder))
    champion = champion_folder(root)
    if champion is None:
        return _selected(root)
    place, number = champion
    return Chosen(open_model(place), place, f"champion, version {number}")
