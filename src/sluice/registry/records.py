"""Decision records on disk: `registry/decisions/<n>.json` for programs, `<n>.md` for people.

In: a `Record`. Out: both files at once. A record is written once and never changed.
"""

from pathlib import Path

from markupsafe import Markup, escape

from sluice.errors import ParamsError, RegistryError, SourceError
from sluice.files import read_json, staged, write_json
from sluice.params import parse_section
from sluice.registry.decisions import Check, Decision, Record, describe_record
from sluice.registry.pointer import FOLDER, sync_folder
from sluice.registry.versions import list_numbers
from sluice.reporting.texts import to_markdown

DECISIONS = FOLDER / "decisions"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _row(check: Check) -> Markup:
    bounds = f"{check.low:.4f} to {check.high:.4f}" if check.low is not None else ""
    cells = (
        check.name, check.verdict, _number(check.threshold), _number(check.value), bounds,
    )  # fmt: skip
    # What comes from the data, such as names of slices and labels, is escaped as foreign.
    because = [to_markdown(check.because) if check.name == "labels" else escape(check.because)]
    shown = Markup("<br>").join(because + [to_markdown(detail) for detail in check.details])
    return Markup("| {} | {} |").format(Markup(" | ").join(cells), shown)


def _judged(decision: Decision) -> list[str]:
    against = f"version {decision.champion}" if decision.champion else "no champion"
    origin = decision.origin
    changed = ", with changes" if origin.changed else ""
    rows = [
        f"{to_markdown(decision.challenger)} against {against}, {decision.test_rows:,} test rows.",
        "",
        "| check | verdict | threshold | value | interval | what was held against what |",
        "|---|---|---|---|---|---|",
        *(_row(check) for check in decision.checks),
        "",
        f"- commit: {origin.commit or 'none'}{changed}",
        f"- SHA-256 of dvc.lock: {origin.dvc_lock or 'none'}",
        f"- sluice: {origin.sluice}",
    ]
    return rows + [f"- MD5 of {to_markdown(path)}: {md5}" for path, md5 in origin.data.items()]


def render_record(record: Record) -> str:
    """Write a record in Markdown; whatever comes from outside is escaped."""
    said = describe_record(record.model_copy(update={"reason": None}))
    lines = [f"# Decision {record.number}", "", str(escape(said)), ""]
    lines += [f"- when: {record.at}", f"- champion before: {record.champion or 'none'}"]
    lines += [f"- version: {record.version or 'none'}"]
    if record.of:
        lines += [f"- judged in: [decision {record.of}]({record.of}.md)"]
    if record.reason:
        lines += [f"- reason given: {to_markdown(record.reason)}"]
    if record.decision:
        lines += ["", *map(str, _judged(record.decision))]
    return "\n".join(lines) + "\n"


def write_record(root: Path, record: Record) -> None:
    """Write both files of a record; the caller holds the lock."""
    folder = root / DECISIONS
    with staged(folder / f"{record.number}.md", folder / f"{record.number}.json") as parts:
        parts[0].write_text(render_record(record), encoding="utf-8")
        write_json(record.model_dump(mode="json"), parts[1])
    sync_folder(folder)


def read_record(root: Path, number: int) -> Record:
    """Read a record.

    Raises:
        RegistryError: there is none of that number, or it is of another form.
    """
    path = root / DECISIONS / f"{number}.json"
    try:
        return parse_section(read_json(path), Record, str(path))
    except (ParamsError, SourceError, TypeError, ValueError) as error:
        raise RegistryError(f"{path} cannot be read ({error!s:.200}): restore it (git)") from error


def read_records(root: Path) -> list[Record]:
    """All records, the first one first."""
    return [read_record(root, number) for number in list_numbers(root / DECISIONS, ".json")]
