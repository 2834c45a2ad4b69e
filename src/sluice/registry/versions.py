"""Stored versions of the model: written once, never changed, checked whenever they are read.

In: a model's folder, or a version's number. Out: `registry/versions/<n>/` with the model's files
and their hashes. Which version is the champion is the pointer's to say.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from pydantic import Field

from sluice.errors import ModelError, ParamsError, RegistryError, SourceError
from sluice.files import read_json, staged, write_json
from sluice.params import Section, parse_section
from sluice.registry.decisions import Decision, Origin, Score, Stored
from sluice.registry.pointer import FOLDER, Pointer, sync_folder
from sluice.serving.contents import CONTENTS, Thresholds, check_bundle, digest, write_bundle

VERSIONS = FOLDER / "versions"
ABOUT = "version.json"
ROWS = "rows.parquet"
"""The hashes of the rows that a version learnt from; see `sluice.registry.learnt`."""
MODEL = "model"


class Version(Section):
    """What is known of a stored model: version.json."""

    format: int = Field(default=1, ge=1, le=1)
    """Version of this form."""
    version: int = Field(ge=1)
    """Its number."""
    model: str
    """The candidate's key, such as lstm-0."""
    labels: tuple[str, ...]
    """Labels in the order of its answers."""
    stored_at: str
    """When, in UTC (ISO 8601)."""
    record: int = Field(ge=1)
    """Number of the record with the gate's judgement."""
    score: Score
    """Macro-F1 on the test rows of that day."""
    test_rows: int
    """How many these were."""
    files: dict[str, Stored]
    """Its files, as they were judged."""
    bundle: str | None = None
    """SHA-256 of its bundle.json, which holds the hashes of all files; null in old versions."""
    rows: str | None = None
    """SHA-256 of rows.parquet, the hashes of the rows that it learnt from; null in old versions."""
    origin: Origin
    """From what it was made."""


def version_folder(root: Path, number: int) -> Path:
    """Where a version lies."""
    return root / VERSIONS / str(number)


def list_numbers(folder: Path, suffix: str = "") -> list[int]:
    """Numbers of what a folder holds under names such as 3 or 3.json, in order."""
    names = [path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}")]
    return sorted(int(name) for name in names if name.isdecimal())


def next_number(folder: Path, suffix: str = "") -> int:
    """The number after the highest."""
    return max(list_numbers(folder, suffix), default=0) + 1


def _check_files(folder: Path, files: dict[str, Stored]) -> str | None:
    """Name what is wrong with the first file that is not as it was stored."""
    for name, stored in files.items():
        path = folder / name
        if not path.is_file():
            return f"{path} is missing"
        if digest(path) != stored.sha256:
            return f"{path} is not the file that was stored: its SHA-256 differs"
    return None


def _check_bundle(folder: Path, stored: str | None) -> str | None:
    """Name what is wrong with a version's bundle; versions of before have none."""
    if stored is None:
        return None
    path = folder / CONTENTS
    if not path.is_file() or digest(path) != stored:
        return f"{path} is not the file that was stored: its SHA-256 differs"
    try:
        check_bundle(folder)
    except ModelError as error:
        return str(error)
    return None


def _track(root: Path, folder: Path) -> None:
    """Put model and table of rows under DVC, so that they reach the remote; without it nothing.

    Raises:
        RegistryError: DVC refuses; it says why.
    """
    if not (root / ".dvc").is_dir():
        return
    there = [folder / name for name in (MODEL, ROWS) if (folder / name).exists()]
    paths = [str(one.relative_to(root)) for one in there]
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "add", "--quiet", *paths]
    done = subprocess.run(  # noqa: S603  # no word of it comes from outside
        command, cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RegistryError(f"dvc add {' '.join(paths)} failed ({last:.200}): nothing was promoted")


def read_thresholds(root: Path, candidate: str) -> Thresholds:
    """Read what `evaluate` found on validation rows for a candidate.

    Raises:
        RegistryError: reports/metrics/calibration.json does not have it.
    """
    path = root / "reports/metrics/calibration.json"
    try:
        found = read_json(path)
        labels = found["models"][candidate]["thresholds"]
        return Thresholds(error_rate=found["error_rate"], labels=labels)
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(f"{path} has no thresholds of {candidate}: run dvc repro") from error


def _bundle(root: Path, folder: Path, candidate: str) -> str:
    """Make a version's folder a bundle; give the hash of its bundle.json."""
    card = root / "reports/model-card.md"
    write_bundle(
        folder,
        read_thresholds(root, candidate),
        read_json(root / "data/raw/provenance.json"),
        card.read_text(encoding="utf-8") if card.exists() else None,
    )
    return digest(folder / CONTENTS)


def store_version(root: Path, decision: Decision, record: int, at: str) -> Version:
    """Copy a judged model into the registry under the next number; the caller holds the lock.

    Raises:
        RegistryError: its files are no longer those that were judged, or DVC refuses them.
    """
    from sluice.registry.learnt import write_rows  # tables, which a model at work does without

    number = next_number(root / VERSIONS)
    version = Version(
        version=number,
        model=decision.challenger,
        labels=decision.labels,
        stored_at=at,
        record=record,
        score=decision.score,
        test_rows=decision.test_rows,
        files=decision.files,
        origin=decision.origin,
    )
    folder = version_folder(root, number)
    with staged(folder) as (part,):
        (part / MODEL).mkdir(parents=True)
        for name in decision.files:
            shutil.copyfile(root / decision.folder / name, part / MODEL / name)
        wrong = _check_files(part / MODEL, decision.files)
        if wrong:
            raise RegistryError(f"the model has changed since it was judged ({wrong}): judge again")
        made = _bundle(root, part / MODEL, decision.challenger)
        known = write_rows(root, decision.origin, part / ROWS)
        rows = digest(part / ROWS) if known else None
        version = version.model_copy(update={"bundle": made, "rows": rows})
        write_json(version.model_dump(mode="json"), part / ABOUT)
    sync_folder(folder.parent)
    _track(root, folder)
    return version


def read_version(root: Path, number: int) -> Version:
    """Read what is known of a version, without looking at its files.

    Raises:
        RegistryError: there is no such version.
        ModelError: version.json is broken.
    """
    path = version_folder(root, number) / ABOUT
    if not path.exists():
        known = ", ".join(map(str, list_numbers(root / VERSIONS))) or "none"
        raise RegistryError(f"{path} is missing: no version {number}; versions: {known}")
    try:
        return parse_section(read_json(path), Version, str(path))
    except (ParamsError, SourceError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is corrupt ({error!s:.200}): restore it with git") from error


def about_digest(root: Path, number: int) -> str:
    """SHA-256 of a version's version.json."""
    return digest(version_folder(root, number) / ABOUT)


def verify_version(root: Path, pointer: Pointer, number: int | None = None) -> Version:
    """Check every byte of a version, the champion without a number, before it is used.

    Raises:
        RegistryError: no such version, or one that has never been the champion.
        ModelError: a file is missing or is not the one that was stored; it is named.
    """
    wanted = pointer.champion if number is None else number
    change = pointer.change_to(wanted)
    version = read_version(root, wanted)
    if change is None:
        raise RegistryError(f"version {wanted} has never been the champion: it cannot come back")
    folder = version_folder(root, wanted)
    wrong = None
    if about_digest(root, wanted) != change.sha256:
        wrong = f"{folder / ABOUT} is not the file that was stored: its SHA-256 differs"
    wrong = wrong or _check_files(folder / MODEL, version.files)
    wrong = wrong or _check_bundle(folder / MODEL, version.bundle)
    if wrong:
        model = VERSIONS / str(wanted) / MODEL
        raise ModelError(
            f"{wrong}; version {wanted} is not used: bring it back (dvc pull {model}, git for "
            "version.json), or go to another one (sluice rollback --to N)"
        )
    return version
