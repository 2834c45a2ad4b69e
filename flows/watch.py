"""Watching: new texts against the champion, an event if they have drifted, a message.

In: the batch that `watch.path` names. Out: the drift report, and above its thresholds the Prefect
event `sluice.drift`, which an automation turns into `retrain`. The statistics are
`sluice.watching`'s; a child computes them.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from prefect import flow, runtime
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Completed, Failed

from flows.children import Children
from flows.gate import run_sluice
from flows.notify import notify
from flows.pipeline import stopping
from sluice.errors import SluiceError
from sluice.files import read_json, staged, write_json
from sluice.flow_settings import Flows
from sluice.params import parse_section, read_section
from sluice.registry.pointer import read_pointer
from sluice.watching.batch import hash_batch
from sluice.watching.commands import DRIFT as STATUS_DRIFT
from sluice.watching.findings import NAMES, Finding, describe
from sluice.watching.settings import Watch

EVENT = "sluice.drift"
SUBJECT = "sluice.champion"
"""The resource that the event is about."""
MEMORY = Path(".sluice/watch.json")
OUT = Path("reports/watch")


class Memory(NamedTuple):
    """What the last look left."""

    champion: int | None = None
    sha256: str | None = None
    alarm: str | None = None
    """When the last alarm against this champion was raised, in UTC."""


def read_memory(root: Path) -> Memory:
    """What the last look left; nothing if that is unreadable."""
    try:
        content = json.loads((root / MEMORY).read_text(encoding="utf-8"))
        found = Memory(content["champion"], content["sha256"], content["alarm"])
        if found.alarm is not None:
            datetime.fromisoformat(found.alarm)
    except (OSError, ValueError, KeyError, TypeError):
        return Memory()
    return found


def _write_memory(root: Path, memory: Memory) -> None:
    with staged(root / MEMORY) as (part,):
        write_json(memory._asdict(), part)


def is_quiet(memory: Memory, champion: int, now: datetime, hours: float) -> bool:
    """Whether an alarm against this champion is too young for another one."""
    if memory.alarm is None or memory.champion != champion:
        return False
    return now - datetime.fromisoformat(memory.alarm) < timedelta(hours=hours)


def _why_not(root: Path, path: Path, memory: Memory) -> str | None:
    """Say why there is nothing to look at; None if there is something."""
    pointer = read_pointer(root)
    if pointer is None:
        return "no champion yet: nothing to hold new texts against"
    folder = root / path
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return f"no new texts in {path}"
    seen = Memory(pointer.champion, hash_batch(folder))
    if seen[:2] == memory[:2]:
        return f"{path} is as it was at the last look"
    return None


def _look(root: Path, path: Path) -> Finding:
    with stopping(Children(root)) as children:
        words = ["watch", str(path), "--out", str(OUT)]
        run_sluice(words, children, (0, STATUS_DRIFT))
    where = root / OUT / "drift.json"
    return parse_section(read_json(where), Finding, str(where))


def _raise_alarm(found: Finding, settings: Flows, root: Path) -> None:
    sentence = describe(found)
    emit_event(
        event=EVENT,
        resource={"prefect.resource.id": SUBJECT, "sluice.version": str(found.champion)},
        payload={"summary": sentence, "finding": found.model_dump(mode="json")},
    )
    lines = [
        f"{NAMES[one.name]}: {one.value:.4f}, threshold {one.threshold:.4f}" for one in found.alarms
    ]
    report = f"report: {(root / OUT / 'drift.html').resolve()}"
    address = f"run: {runtime.flow_run.ui_url}"
    notify(settings.notify, "drift", "Sluice: drift", [sentence, *lines, report, address])


def _watch(root: Path, path: Path | None, settings: Flows) -> "State[None]":
    watch_settings = read_section(root / "params.yaml", "watch", Watch)
    chosen, memory = path or watch_settings.path, read_memory(root)
    nothing = _why_not(root, chosen, memory)
    if nothing is not None:
        return Completed(name="Skipped", message=nothing)
    found, now = _look(root, chosen), datetime.now(UTC)
    table = [one.model_dump(mode="json") for one in found.statistics]
    create_table_artifact(table=table, key="drift", description=describe(found))
    quiet = is_quiet(memory, found.champion, now, watch_settings.quiet_hours)
    alarm = found.verdict == "drift" and not quiet
    if alarm:
        _raise_alarm(found, settings, root)
    same = memory.champion == found.champion
    at = now.isoformat(timespec="seconds") if alarm else memory.alarm if same else None
    _write_memory(root, Memory(found.champion, found.sha256, at))
    silent = "; no further alarm so soon after the last one" if quiet else ""
    more = silent if found.verdict == "drift" else ""
    return Completed(message=f"{describe(found)}{more}")


@flow(name="watch", persist_result=False)
def watch(path: Path | None = None) -> "State[None]":
    """Hold new texts against the champion's validation rows; raise an alarm if they have drifted.

    Args:
        path: a CSV or Parquet file, or a folder of them; without it, `watch.path` of params.yaml.
    """
    root = Path.cwd()
    try:
        return _watch(root, path, read_section(root / "params.yaml", "flows", Flows))
    except SluiceError as error:
        return Failed(message=str(error))
