"""What the gate found, and what became of it: the records of the registry.

In: checks and the versions of data and code. Out: frozen values that go to JSON and come back, and
one sentence for people. Deciding is in `sluice.registry.judging`, writing in `.records`.
"""

from typing import Any, Literal

from pydantic import Field

from sluice.params import Section

Verdict = Literal["passed", "failed", "not asked"]
Action = Literal["promoted", "forced", "kept", "waiting", "approved", "rejected", "rolled back"]
MOVES: tuple[Action, ...] = ("promoted", "forced", "approved", "rolled back")
"""Actions after which another version is the champion."""


class Check(Section):
    """One question of the gate and its answer."""

    name: str
    """What the check is called; the key of params.yaml that holds its threshold is like it."""
    verdict: Verdict
    """Whether the challenger passed, failed, or could not be asked."""
    threshold: float | None = None
    """What the value, or a bound of its interval, was held against."""
    value: float | None = None
    """What was measured."""
    low: float | None = None
    """Lower bound of the value's interval, where it has one."""
    high: float | None = None
    """Upper bound of the value's interval, where it has one."""
    because: str
    """What was held against what, or why nothing was."""
    details: tuple[str, ...] = ()
    """What failed within the check, such as each slice that is worse."""


class Origin(Section):
    """From what code and data a model was made."""

    commit: str | None
    """The git commit that was checked out; null without git."""
    changed: bool | None
    """Whether tracked files differed from that commit; null without git."""
    sluice: str
    """Version of this package."""
    dvc_lock: str | None
    """SHA-256 of dvc.lock; null without DVC."""
    data: dict[str, str]
    """MD5 of each data file of dvc.lock, as DVC names it, by path."""


class Stored(Section):
    """A file of a model."""

    sha256: str
    """Of its content."""
    bytes: int
    """Its size."""


class Score(Section):
    """A score with its interval."""

    value: float
    """On the test rows."""
    low: float
    """Lower bound."""
    high: float
    """Upper bound."""


class Decision(Section):
    """The gate's judgement of one challenger; nothing has moved yet."""

    format: int = Field(default=1, ge=1, le=1)
    """Version of this form."""
    challenger: str
    """The candidate's key, such as lstm-0."""
    folder: str
    """Where the model lay, relative to the project."""
    files: dict[str, Stored]
    """The model's files as they were judged."""
    labels: tuple[str, ...]
    """Labels in the order of the model's answers."""
    score: Score
    """Macro-F1 on the test rows."""
    champion: int | None
    """Version that it was held against; null if there was none."""
    difference: Score | None
    """Challenger - champion in macro-F1 on the same test rows; null where it was not measured."""
    test_rows: int
    """Test rows that were looked at."""
    checks: tuple[Check, ...]
    """All checks, those that could not be asked too."""
    origin: Origin
    """From what it was made."""
    gate: dict[str, Any]
    """Section gate of params.yaml as it was."""

    @property
    def failed(self) -> tuple[Check, ...]:
        """Checks that the challenger failed."""
        return tuple(check for check in self.checks if check.verdict == "failed")

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failed


class Record(Section):
    """What became of a decision, or of a wish to roll back."""

    format: int = Field(default=1, ge=1, le=1)
    """Version of this form."""
    number: int
    """Number of the record, from 1."""
    at: str
    """When, in UTC (ISO 8601)."""
    action: Action
    """What was done."""
    version: int | None
    """The version it was done to; null where the challenger was not stored."""
    champion: int | None
    """The champion before."""
    reason: str | None = None
    """What a person gave as the reason."""
    decision: Decision | None = None
    """The gate's judgement; null for what goes back to an earlier one."""
    of: int | None = None
    """The record that holds the judgement, where it is an earlier one."""

    @property
    def moved(self) -> bool:
        """Whether another version became the champion."""
        return self.action in MOVES


def _points(share: float) -> str:
    return f"{100 * share + 0.0:+.1f}".replace("-0.0", "+0.0")


def describe_difference(decision: Decision) -> str:
    """Say how the challenger stands: "challenger +0.3 [-0.6, +1.2] macro-F1"."""
    found = decision.difference
    if found is None:
        score = decision.score
        bounds = f"[{100 * score.low:.1f}, {100 * score.high:.1f}]"
        return f"challenger {100 * score.value:.1f} {bounds} macro-F1"
    bounds = f"[{_points(found.low)}, {_points(found.high)}]"
    return f"challenger {_points(found.value)} {bounds} macro-F1"


_OPENINGS: dict[Action, str] = {
    "promoted": "promoted {challenger} to version {version}",
    "forced": "forced {challenger} to version {version}",
    "kept": "kept {champion}",
    "waiting": "waiting for approval of {challenger} as version {version}",
    "approved": "approved version {version}",
    "rejected": "rejected version {version}, kept {champion}",
    "rolled back": "rolled back to version {version}",
}


def describe_record(record: Record) -> str:
    """Say in one line what was done and why."""
    decision = record.decision
    champion = "champion" if record.champion else "no champion, as there was none"
    opening = _OPENINGS[record.action].format(
        challenger=decision.challenger if decision else "",
        version=record.version,
        champion=champion,
    )
    if decision is None:
        return f"{opening}: {record.reason}" if record.reason else opening
    failed = ", ".join(check.name for check in decision.failed)
    tail = f"; failed: {failed}" if failed else ""
    reason = f"; reason given: {record.reason}" if record.reason else ""
    return f"{opening}: {describe_difference(decision)}{tail}{reason}"
