"""Retraining: take the data anew, train if there is a reason, let the gate decide, tell of it.

In: the project's source of data, and perhaps word of drift. Out: a new champion or the old one, a
record of the registry, a message. What is trained is dvc.yaml's, who passes the gate's to say.
"""

from pathlib import Path
from typing import NamedTuple

from prefect import flow, get_client, get_run_logger, runtime
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.states import Completed, Failed, Running

from flows.children import Children
from flows.errors import FlowError
from flows.gate import (
    describe_checks,
    find_judgement,
    find_reason,
    is_champion,
    last_record,
    run_gate,
    verify_files,
)
from flows.locks import hold_workspace
from flows.notify import notify
from flows.pipeline import pipeline, stopping
from sluice.errors import SluiceError
from sluice.flow_settings import Event, Flows
from sluice.params import read_section
from sluice.registry.decisions import Record, describe_record
from sluice.registry.pointer import read_pointer
from sluice.registry.promotion import read_waiting
from sluice.registry.records import DECISIONS

POLL_SECONDS = 5
"""How often a paused run asks whether somebody has answered."""
REPORT = Path("reports/report.html")
BY_HAND = "approve it by: sluice promote --approve (or --reject)"


class Approval(RunInput):
    """What a person answers to a paused run."""

    approve: bool
    """Whether the challenger becomes the champion."""
    reason: str = ""
    """Why, for the record."""


class Outcome(NamedTuple):
    """How a retraining ended."""

    event: Event
    sentence: str
    record: Record | None = None


def _say(record: Record) -> str:
    """The decision in one line; why there was a retraining is told apart."""
    return describe_record(record.model_copy(update={"reason": None}))


def _run_stages(name: str, only: list[str] | None) -> None:
    """Run the pipeline flow, all of it or some stages of it anew.

    Raises:
        FlowError: it did not complete.
    """
    run = pipeline.with_options(flow_run_name=name)
    state = run(force=only, only=only, return_state=True)
    if not state.is_completed():
        raise FlowError(f"{name}: {state.message}; the champion stays")


def _judge(root: Path, words: list[str]) -> Record:
    with (
        hold_workspace(root, str(runtime.flow_run.name)) as lock,
        stopping(Children(root, (lock,))) as children,
    ):
        return run_gate(words, root, children)


def _resume() -> None:
    """Take the run out of its pause after nobody has answered, so that it can end well."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(runtime.flow_run.id, Running(), force=True)


def _ask(record: Record, seconds: int) -> Approval | None:
    """Pause until a person answers; None if nobody does in time."""
    words = "\n\n".join([_say(record), *describe_checks(record.decision)])
    asked = Approval.with_initial_data(description=words)
    try:
        return pause_flow_run(wait_for_input=asked, timeout=seconds, poll_interval=POLL_SECONDS)
    except FlowPauseTimeout:
        _resume()
        return None


def _settle(root: Path, record: Record, seconds: int) -> Outcome:
    """Have a person decide on what waits, here or by hand."""
    answer = _ask(record, seconds) if seconds else None
    waiting, last = read_waiting(root), last_record(root)
    if waiting is None or waiting.number != record.number:
        settled = last or record
        return Outcome("promoted" if settled.moved else "kept", _say(settled), settled)
    if answer is None:
        return Outcome("waiting", f"{_say(record)}; {BY_HAND}", record)
    reason = ["--reason", answer.reason] if answer.reason.strip() else []
    done = _judge(root, ["--approve" if answer.approve else "--reject", *reason])
    return Outcome("promoted" if done.moved else "kept", describe_record(done), done)


def _decide(root: Path, reason: str, seconds: int, again: bool = False) -> Outcome:
    """Have the gate judge; not again what it has judged, unless a person asks for it."""
    same = is_champion(root)
    if same is not None:
        sentence = f"kept champion: training gave version {same} again, to the byte ({reason})"
        return Outcome("kept", sentence)
    before, waiting = None if again else find_judgement(root), read_waiting(root)
    if before is not None and waiting is not None and waiting.number == before.number:
        return _settle(root, before, seconds)
    if before is not None:
        sentence = f"kept champion: decision {before.number} was on this very challenger ({reason})"
        return Outcome("nothing new", sentence)
    record = _judge(root, ["--reason", f"retrained: {reason}"])
    if record.action == "waiting":
        return _settle(root, record, seconds)
    return Outcome("promoted" if record.moved else "kept", _say(record), record)


def _verify(root: Path) -> None:
    with (
        hold_workspace(root, str(runtime.flow_run.name)) as lock,
        stopping(Children(root, (lock,))) as children,
    ):
        verify_files(children)


def _retrain(root: Path, force: bool, drift: str | None, seconds: int) -> Outcome:
    _verify(root)
    _run_stages("ingest anew", ["ingest"])
    reason = find_reason(root, force, drift)
    if reason is None:
        pointer = read_pointer(root)
        since = pointer.champion if pointer else "none"
        return Outcome("nothing new", f"kept champion: no new data since version {since}")
    get_run_logger().info("retraining: %s", reason)
    _run_stages("pipeline", None)
    return _decide(root, reason, seconds, force)


def _tell(root: Path, outcome: Outcome, settings: Flows) -> None:
    record = outcome.record
    lines = [outcome.sentence]
    if record is not None:
        page = root / DECISIONS / f"{record.number}.md"
        text = page.read_text(encoding="utf-8")
        create_markdown_artifact(text, key="decision", description=f"Decision {record.number}")
        lines += [*describe_checks(record.decision), f"record: {page.resolve()}"]
    if (root / REPORT).exists() and outcome.event != "failed":
        lines.append(f"report: {(root / REPORT).resolve()}")
    address = runtime.flow_run.ui_url
    notify(settings.notify, outcome.event, f"Sluice: {outcome.event}", [*lines, f"run: {address}"])


@flow(name="retrain", persist_result=False)
def retrain(
    force: bool = False, drift: str | None = None, wait_seconds: int | None = None
) -> "State[None]":
    """Take the data anew; with new data, drift or force train, and let the gate decide.

    Args:
        force: train although there is neither new data nor drift.
        drift: what drifted, in words, as `watch` says it.
        wait_seconds: how long to stay paused for a person's answer with `gate.approval: manual`;
            0: not at all; without it, `flows.approval_seconds` of params.yaml.
    """
    root = Path.cwd()
    try:
        settings = read_section(root / "params.yaml", "flows", Flows)
    except SluiceError as error:
        return Failed(message=str(error))
    seconds = settings.approval_seconds if wait_seconds is None else wait_seconds
    try:
        outcome = _retrain(root, force, drift, seconds)
    except SluiceError as error:
        outcome = Outcome("failed", str(error))
    _tell(root, outcome, settings)
    end = Failed if outcome.event == "failed" else Completed
    return end(message=outcome.sentence)
