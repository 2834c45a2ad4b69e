"""The model to put to work when nobody names one: the champion, else the last run's selected model.

In: a project's folder. Out: a loaded `Bundle` and where it lies. Nothing is judged and nothing
moves.
"""

from pathlib import Path
from typing import NamedTuple

from sluice.errors import DataError, RegistryError
from sluice.files import read_json
from sluice.registry.pointer import read_pointer
from sluice.registry.versions import MODEL, read_thresholds, verify_version, version_folder
from sluice.serving.bundle import Bundle, open_model

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


def choose_model(root: Path, folder: Path | None = None) -> Chosen:
    """Load the model in `folder`, without it the champion, without one what the last run selected.

    Raises:
        RegistryError: there is none of the three.
        ModelError: a file of it is missing, changed or of another form.
    """
    if folder is not None:
        return Chosen(open_model(folder), folder, str(folder))
    pointer = read_pointer(root)
    if pointer is None:
        return _selected(root)
    version = verify_version(root, pointer)
    place = version_folder(root, version.version) / MODEL
    return Chosen(open_model(place), place, f"champion, version {version.version}")
