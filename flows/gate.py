"""The gate as part of a flow: `sluice promote` as a child, and what it recorded.

In: a project's folder. Out: the record of the registry. Judging needs torch; a child keeps it out
of the flow's process, and dies with it.
"""

import sys
from collections import deque
from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.children import Children
from flows.errors import FlowError
from flows.tasks import printable
from sluice.files import read_json
from sluice.integrity import FOUND
from sluice.params import read_section
from sluice.registry.commands import KEPT
from sluice.registry.decisions import Check, Decision, Record, Stored
from sluice.registry.origin import describe_origin, hash_lock
from sluice.registry.pointer import read_pointer
from sluice.registry.records import DECISIONS, read_record
from sluice.registry.settings import Gate
from sluice.registry.versions import list_numbers, read_version

RAW = "data/raw/rows.parquet"
EVALUATION = Path("reports/metrics/evaluation.json")
TAIL = 5
_SLUICE = [sys.executable, "-c", "from sluice.cli import main; main()"]


def run_sluice(words: list[str], children: Children, answers: tuple[int, ...]) -> int:
    """Run a `sluice` command; its lines go to the log. Give its exit status.

    Raises:
        FlowError: it ended with a status that is none of `answers`; its last lines are repeated.
    """
    logger, lines = get_run_logger(), deque[str](maxlen=TAIL)

    def report(line: str) -> None:
        lines.append(printable(line))
        logger.info(lines[-1])

    status = children.run([*_SLUICE, *words], report)
    if status not in answers:
        said = " ".join(lines).removeprefix("error: ") or "it said nothing"
        raise FlowError(f"sluice {words[0]} ended with {status}: {said}")
    return status


def last_record(root: Path) -> Record | None:
    """The registry's latest record; None where there is none."""
    numbers = list_numbers(root / DECISIONS, ".json")
    return read_record(root, numbers[-1]) if numbers else None


@task(name="gate", cache_policy=NO_CACHE, persist_result=False)
def run_gate(words: list[str], root: Path, children: Children) -> Record:
    """Run `sluice promote` with further words; give the record that it wrote.

    Raises:
        FlowError: it failed, or wrote none.
    """
    before = last_record(root)
    run_sluice(["promote", *words], children, (0, KEPT))
    after = last_record(root)
    if after is None or (before and after.number == before.number):
        raise FlowError("sluice promote wrote no record: look at its lines in the log")
    return after


def find_reason(root: Path, force: bool, drift: str | None) -> str | None:
    """Say why there is something to train for; None if there is nothing."""
    pointer = read_pointer(root)
    if pointer is None:
        return "there is no champion yet"
    known = read_version(root, pointer.champion).origin.data.get(RAW)
    if describe_origin(root).data.get(RAW) != known:
        rows = read_json(root / "data/raw/provenance.json").get("rows", {}).get("kept", "unknown")
        return f"the data has changed since version {pointer.champion}: {rows} rows now"
    if drift:
        return f"drift: {drift}"
    return "forced" if force else None


def _selected(root: Path) -> dict[str, Stored] | None:
    """The files of the run's selected model; None if none was selected."""
    from sluice.registry.run import describe_files

    evaluation = read_json(root / EVALUATION)
    one = evaluation["models"].get(evaluation["selected"])
    return one and describe_files(root / f"models/{one['name']}/{one['seed']}")


def is_champion(root: Path) -> int | None:
    """The champion's version if the run's selected model is that very model, else None."""
    pointer, files = read_pointer(root), _selected(root)
    if pointer is None or files is None:
        return None
    same = read_version(root, pointer.champion).files == files
    return pointer.champion if same else None


def find_judgement(root: Path) -> Record | None:
    """The last record in which this very challenger was held against this very champion.

    Everything must be as it was: the model's files, dvc.lock, the gate's thresholds. What was
    decided then would be decided again, so a schedule need not ask, nor write it down, each week.
    """
    pointer, files, lock = read_pointer(root), _selected(root), hash_lock(root)
    gate = read_section(root / "params.yaml", "gate", Gate).model_dump(mode="json")
    for number in reversed(list_numbers(root / DECISIONS, ".json")):
        record = read_record(root, number)
        judged = record.decision
        if judged and record.champion == (pointer.champion if pointer else None):
            same = judged.files == files and judged.origin.dvc_lock == lock and judged.gate == gate
            return record if same else None
    return None


def verify_files(children: Children) -> None:
    """Hash DVC's cache and all outputs by `sluice verify`, before any of them is trusted.

    What is damaged is deleted from the cache, what has changed is brought to DVC's attention: the
    stages that follow make both anew.

    Raises:
        FlowError: the project cannot be read.
    """
    if run_sluice(["verify"], children, (0, FOUND)) == FOUND:
        get_run_logger().warning("damaged or changed files are made anew: see the lines above")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _line(check: Check) -> str:
    bounds = "" if check.low is None else f" [{check.low:.4f}, {check.high:.4f}]"
    limit = "" if check.threshold is None else f", threshold {check.threshold:.4f}"
    return f"{check.name}: {check.verdict} {_number(check.value)}{bounds}{limit}".rstrip()


def describe_checks(decision: Decision | None) -> list[str]:
    """One line for each check that was asked, in plain text."""
    asked = decision.checks if decision else ()
    return [_line(check) for check in asked if check.verdict != "not asked"]
