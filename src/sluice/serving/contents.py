"""What a bundle's folder holds, and whether it is what was bundled. No torch is needed for that.

In: a folder with a model's files and what is known of the model, or a bundle. Out: files, or an
error that names the first one that is missing, changed or extra. Loading one is the matter of
`sluice.serving.bundle`.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from sluice.errors import ModelError, ParamsError, SourceError
from sluice.files import read_json, write_json
from sluice.params import Section, parse_section

CONTENTS = "bundle.json"
THRESHOLDS = "thresholds.json"
PROVENANCE = "provenance.json"
CARD = "model-card.md"
EXPORT = "export.json"
WEIGHTS = ("model.safetensors", "model.onnx")
"""The network in PyTorch, or exported: a bundle has one of the two."""
WIDE = "wide.npy"
"""What each n-gram adds to each logit, (features, labels): the part outside an exported graph."""
NEEDED = ("config.json", "vocabulary.json", THRESHOLDS, PROVENANCE)
"""Files without which a folder is no bundle; the card is there where a report was written."""
FORMAT = 1

Kind = TypeVar("Kind", bound=Section)


class File(Section):
    """A file of a bundle."""

    sha256: str
    """SHA-256 of its content."""
    bytes: int = Field(ge=0)
    """Its size."""


class Contents(Section):
    """All files of a bundle but this one: bundle.json."""

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT)
    """Version of this form."""
    files: dict[str, File]
    """By name."""


class Thresholds(Section):
    """From which probability on a label is given: thresholds.json."""

    error_rate: float | None = Field(default=None, gt=0.0, lt=1.0)
    """Share of wrong answers that they keep to on validation rows; null: none was asked for."""
    labels: dict[str, float | None] = Field(default_factory=dict)
    """Least probability by label; null: never given. A label that is absent is always given."""


class Export(Section):
    """How an exported network was accepted: export.json."""

    source: str
    """Fingerprint of the model that was exported; see `fingerprint`."""
    tolerance: float = Field(gt=0)
    """Most that a logit or a probability was allowed to differ from PyTorch's."""
    rows: int = Field(ge=1)
    """Rows that both were asked about."""


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_bundle(
    folder: Path, thresholds: Thresholds, provenance: Mapping[str, Any], card: str | None = None
) -> None:
    """Make a folder that holds a model's three files a bundle: add what is known, hash all."""
    write_json(thresholds.model_dump(mode="json"), folder / THRESHOLDS)
    write_json(dict(provenance), folder / PROVENANCE)
    if card is not None:
        (folder / CARD).write_text(card, encoding="utf-8")
    paths = [
        folder / name
        for name in (*NEEDED, *WEIGHTS, WIDE, EXPORT, CARD)
        if (folder / name).exists()
    ]
    files = {path.name: File(sha256=digest(path), bytes=path.stat().st_size) for path in paths}
    write_json(Contents(files=files).model_dump(mode="json"), folder / CONTENTS)


def read_part(path: Path, kind: type[Kind]) -> Kind:
    """Read a JSON file of a bundle.

    Raises:
        ModelError: it is missing, of another form, or of a newer one.
    """
    try:
        content = read_json(path)
        newest = content.get("format", FORMAT)
        if isinstance(newest, int) and newest > FORMAT:
            raise ModelError(f"{path} has format {newest}, this Sluice reads {FORMAT}: update it")
        return parse_section(content, kind, str(path))
    except (ParamsError, SourceError, AttributeError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is no part of a bundle ({error!s:.200}): get it anew") from error


def check_bundle(folder: Path) -> None:
    """See that a folder holds exactly the files that were bundled, byte for byte.

    Raises:
        ModelError: a file is missing, changed or extra, or bundle.json is of another form.
    """
    known = read_part(folder / CONTENTS, Contents).files
    there = {path.name for path in folder.iterdir()} - {CONTENTS}
    wanted = set(known) | set(NEEDED)
    wanted |= set() if wanted & set(WEIGHTS) else {WEIGHTS[0]}
    missing = sorted(wanted - there)
    extra = sorted(there - set(known))
    changed = sorted(
        name for name in set(known) & there if digest(folder / name) != known[name].sha256
    )
    for names, what in ((missing, "is missing"), (extra, "is extra"), (changed, "has changed")):
        if names:
            raise ModelError(
                f"{folder / names[0]} {what}: the bundle is not used; get it anew, whole"
            )


def fingerprint(folder: Path) -> str:
    """One hash of all that decides a model's answers."""
    names = ("config.json", *WEIGHTS, WIDE, "vocabulary.json", THRESHOLDS)
    parts = [digest(folder / name) for name in names if (folder / name).is_file()]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()
