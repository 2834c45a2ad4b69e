"""The versions of the registry side by side, for people and for programs.

In: a project's folder. Out: one `Entry` for each version, or a table of them. Model files are not
read here: what is listed may still be refused when it is loaded.
"""

from pathlib import Path
from typing import Literal

from rich.table import Table
from rich.text import Text

from sluice.params import Section
from sluice.registry.decisions import Decision, Record, Score, describe_record
from sluice.registry.pointer import Pointer, read_pointer
from sluice.registry.promotion import read_waiting
from sluice.registry.records import read_record, read_records
from sluice.registry.versions import VERSIONS, list_numbers, read_version
from sluice.reporting.texts import to_plain

State = Literal["champion", "former", "waiting", "unused"]


class Entry(Section):
    """A version of the registry."""

    version: int
    """Its number."""
    state: State
    """Unused: rejected, replaced while it waited, or its promotion was cut off."""
    model: str
    """The candidate's key."""
    stored_at: str
    """When it was stored, in UTC."""
    champion_since: str | None
    """When it last became the champion, in UTC; null if it never did."""
    score: Score
    """Macro-F1 on the test rows of that day."""
    test_rows: int
    """How many these were."""
    bytes: int
    """Of its files."""
    action: str
    """What the gate's judgement led to."""
    decision: str
    """The judgement in one line."""
    record: int
    """Number of the record with the gate's judgement."""


def _state(number: int, pointer: Pointer | None, waiting: Record | None) -> State:
    if pointer and pointer.champion == number:
        return "champion"
    if pointer and pointer.change_to(number):
        return "former"
    return "waiting" if waiting and waiting.version == number else "unused"


def list_versions(root: Path = Path()) -> list[Entry]:
    """List all versions, the oldest first.

    Raises:
        RegistryError: the pointer or a record is of another form.
        ModelError: a version.json is broken.
    """
    pointer, waiting = read_pointer(root), read_waiting(root)
    written = {record.number: record for record in read_records(root)}
    entries = []
    for number in list_numbers(root / VERSIONS):
        version = read_version(root, number)
        change = pointer.change_to(number) if pointer else None
        judged = written.get(version.record)
        entry = Entry(
            version=number,
            state=_state(number, pointer, waiting),
            model=version.model,
            stored_at=version.stored_at,
            champion_since=change.at if change else None,
            score=version.score,
            test_rows=version.test_rows,
            bytes=sum(one.bytes for one in version.files.values()),
            action=judged.action if judged else "cut off",
            decision=describe_record(judged) if judged else "cut off before it was recorded",
            record=version.record,
        )
        entries.append(entry)
    return entries


def describe_champion(root: Path) -> str:
    """Say in one line which version is the champion and since when."""
    pointer = read_pointer(root)
    if pointer is None:
        return "no champion yet"
    change = pointer.changes[-1]
    said = describe_record(read_record(root, change.record))
    return (
        f"champion: version {change.version} since {change.at} (decision {change.record}: {said})"
    )


def checks_table(decision: Decision) -> Table:
    """One row for each check of a decision."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("check", "verdict", "threshold", "value", "interval", "because"):
        right = name in ("threshold", "value", "interval")
        table.add_column(name, justify="right" if right else "left")
    for check in decision.checks:
        numbers = [check.threshold, check.value]
        bounds = "" if check.low is None else f"{check.low:.3f} to {check.high:.3f}"
        table.add_row(
            check.name,
            check.verdict,
            *("" if number is None else f"{number:.3f}" for number in numbers),
            bounds,
            Text("\n".join(to_plain(line, 400) for line in (check.because, *check.details))),
        )
    return table


def versions_table(entries: list[Entry]) -> Table:
    """One row for each version; scores in points."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("version", "state", "model", "stored", "macro-F1", "MB", "decision"):
        right = name in ("version", "macro-F1", "MB")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for one in entries:
        score = one.score
        table.add_row(
            str(one.version),
            one.state,
            Text(one.model),
            one.stored_at[:10],
            f"{100 * score.value:.1f} ({100 * score.low:.1f} to {100 * score.high:.1f})",
            f"{one.bytes / 1e6:.1f}",
            f"{one.record}: {one.action}",
        )
    return table
