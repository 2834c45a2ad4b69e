"""Promotion, approval and rollback: what moves the champion's pointer, each with its record.

In: a project's folder and, to promote, the gate's decision. Out: the record that was written. The
order is always the same: the version's files, the record, then the pointer by one rename; a kill
between two of them leaves the old champion.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sluice.errors import ParamsError, RegistryError
from sluice.files import read_json, staged, write_json
from sluice.registry.decisions import Action, Decision, Record
from sluice.registry.pointer import FOLDER, Change, Pointer, locked, read_pointer, write_pointer
from sluice.registry.records import DECISIONS, read_record, write_record
from sluice.registry.versions import (
    about_digest,
    next_number,
    read_version,
    store_version,
    verify_version,
)

WAITING = FOLDER / "waiting.json"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _champion(pointer: Pointer | None) -> int | None:
    return pointer.champion if pointer else None


def _check_still(pointer: Pointer | None, judged_against: int | None) -> None:
    present = _champion(pointer)
    if present != judged_against:
        raise RegistryError(
            f"the champion is version {present or 'none'}, and the challenger was judged against "
            f"{judged_against or 'none'}: run the gate again"
        )


def _move(root: Path, pointer: Pointer | None, record: Record, version: int) -> None:
    digest = about_digest(root, version)
    change = Change(version=version, sha256=digest, record=record.number, at=record.at)
    write_pointer(root, pointer, change)
    (root / WAITING).unlink(missing_ok=True)  # what waited was judged against another champion


def _action(decision: Decision, force: bool) -> Action:
    if force and not decision.passed:
        return "forced"
    if not decision.passed:
        return "kept"
    return "waiting" if decision.gate["approval"] == "manual" and not force else "promoted"


def check_reason(force: bool, reason: str | None) -> None:
    """See that who overrules the gate says why.

    Raises:
        ParamsError: force without a reason.
    """
    if force and not (reason or "").strip():
        raise ParamsError("--force needs --reason: the record must say why the gate was overruled")


def promote(
    root: Path, decision: Decision, *, force: bool = False, reason: str | None = None
) -> Record:
    """Act on a decision: promote, keep the champion, or wait for approval; write the record.

    Args:
        root: the project.
        decision: of `judge_challenger`.
        force: promote although checks failed or approval is asked for; needs a reason.
        reason: why, in a person's words.

    Raises:
        ParamsError: force without a reason.
        RegistryError: another process changes the registry, the champion or the model has changed
            since the decision, or the model is the champion already.
    """
    check_reason(force, reason)
    with locked(root):
        pointer = read_pointer(root)
        _check_still(pointer, decision.champion)
        action, at = _action(decision, force), _now()
        number = next_number(root / DECISIONS, ".json")
        version = None
        if action != "kept":
            if pointer and read_version(root, pointer.champion).files == decision.files:
                raise RegistryError(f"{decision.folder} is version {pointer.champion} already")
            version = store_version(root, decision, number, at).version
        record = Record(
            number=number,
            at=at,
            action=action,
            version=version,
            champion=decision.champion,
            reason=reason,
            decision=decision,
        )
        write_record(root, record)
        if version is not None and action == "waiting":
            with staged(root / WAITING) as (part,):
                write_json({"version": version, "record": number}, part)
        elif version is not None:
            _move(root, pointer, record, version)
    return record


def read_waiting(root: Path) -> Record | None:
    """The record that waits for approval; None where nothing does."""
    path = root / WAITING
    if not path.exists():
        return None
    content: Any = read_json(path)
    try:
        record, pointer = read_record(root, int(content["record"])), read_pointer(root)
    except (KeyError, TypeError, ValueError) as error:
        raise RegistryError(f"{path} is of another form: delete it, run the gate again") from error
    done = pointer and record.version and pointer.change_to(record.version)
    return None if done else record


def _settle(root: Path, action: Action, reason: str | None) -> Record:
    with locked(root):
        waiting, pointer = read_waiting(root), read_pointer(root)
        if waiting is None or waiting.version is None:
            raise RegistryError("nothing waits for approval: sluice models shows what there is")
        version = read_version(root, waiting.version).version
        record = Record(
            number=next_number(root / DECISIONS, ".json"),
            at=_now(),
            action=action,
            version=version,
            champion=_champion(pointer),
            reason=reason,
            of=waiting.number,
        )
        if record.moved:
            _check_still(pointer, waiting.champion)
        write_record(root, record)
        if record.moved:
            _move(root, pointer, record, version)
        (root / WAITING).unlink(missing_ok=True)
    return record


def approve(root: Path, reason: str | None = None) -> Record:
    """Make the version that waits the champion.

    Raises:
        RegistryError: nothing waits, or the champion has changed since the judgement.
    """
    return _settle(root, "approved", reason)


def reject(root: Path, reason: str | None = None) -> Record:
    """Keep the champion; the version that waited stays in the registry, unused.

    Raises:
        RegistryError: nothing waits.
    """
    return _settle(root, "rejected", reason)


def _target(pointer: Pointer, to: int | None) -> int:
    if to is not None:
        return to
    earlier = [one.version for one in pointer.changes if one.version != pointer.champion]
    if not earlier:
        raise RegistryError(f"version {pointer.champion} is the only champion there has been")
    return earlier[-1]


def rollback(root: Path, to: int | None = None, reason: str | None = None) -> Record:
    """Make an earlier champion the champion again, the one before the present one without `to`.

    Raises:
        RegistryError: there is no such version, or it is or has never been the champion.
        ModelError: a file of it is missing or corrupt.
    """
    with locked(root):
        pointer = read_pointer(root)
        if pointer is None:
            raise RegistryError("there is no champion to roll back from: sluice promote makes one")
        version = verify_version(root, pointer, _target(pointer, to)).version
        if version == pointer.champion:
            raise RegistryError(f"version {version} is the champion already")
        record = Record(
            number=next_number(root / DECISIONS, ".json"),
            at=_now(),
            action="rolled back",
            version=version,
            champion=pointer.champion,
            reason=reason,
        )
        write_record(root, record)
        _move(root, pointer, record, version)
    return record
