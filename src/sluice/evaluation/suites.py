"""What a behaviour suite is: templates of texts, and what a model must make of them.

In: the content of a YAML file. Out: a checked `Suite`, or an error that names file and key.
It stops at the description: texts are made of it in `sluice.evaluation.templates`.

The kinds of test are those of CheckList (Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing
of NLP Models with CheckList", ACL, section 2): minimum functionality (MFT), invariance (INV) and
directional expectation (DIR).
"""

from collections.abc import Sequence
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sluice.evaluation.edits import EDITS
from sluice.params import Section, parse_section, written_as

# Names become parts of ids and of the names of metrics.
SlotName = Annotated[
    str, written_as(r"[a-z][a-z0-9_]{0,39}", "1 to 40 of a-z, 0-9 and _, the first a letter")
]
Filler = Annotated[str, Field(min_length=1, max_length=200)]
Template = Annotated[str, Field(min_length=1, max_length=500)]
# What each kind of test needs beside its templates.
NEEDS = {
    "MFT": "expect or refuse, and nothing else",
    "INV": "becomes or edits, and nothing else",
    "DIR": "becomes or edits, label and change",
}


def slots_of(template: str) -> list[str]:
    """Name the slots of a template in their order, each once.

    Raises:
        ValueError: braces that are not a plain slot.
    """
    found = []
    for _, name, form, conversion in Formatter().parse(template):
        if name is not None:
            if form or conversion or not name.isidentifier():
                raise ValueError(f"template {template!r}: {{{name}}} is not a slot's name")
            found.append(name)
    return list(dict.fromkeys(found))


class BehaviourTest(Section):
    """Templates that share one expectation."""

    name: str = Field(min_length=1, max_length=80)
    """What the test is about; shown in the report."""
    type: Literal["MFT", "INV", "DIR"]
    """MFT: a label is expected. INV: no other label after a change. DIR: a probability moves."""
    templates: tuple[Template, ...] = Field(min_length=1)
    """Texts with slots in braces."""
    becomes: tuple[Template, ...] = ()
    """INV and DIR: the text after the change, one for each template."""
    edits: tuple[str, ...] = ()
    """INV and DIR: changes to make by rule instead, each to every text."""
    expect: tuple[str, ...] = ()
    """MFT: labels of which one must be predicted."""
    refuse: tuple[str, ...] = ()
    """MFT: labels of which none may be predicted."""
    label: str | None = None
    """DIR: the label whose probability is watched."""
    change: Literal["up", "down"] | None = None
    """DIR: where it ought to move."""
    margin: float = Field(default=-0.1, ge=-1, le=1)
    """DIR: how far at least; below zero, how far it may move the other way."""

    @model_validator(mode="after")
    def _fits_its_type(self) -> "BehaviourTest":
        judged = bool(self.expect) != bool(self.refuse) and not (self.becomes or self.edits)
        changed = bool(self.becomes) != bool(self.edits) and not (self.expect or self.refuse)
        watched, turned = self.label is not None, self.change is not None
        good = {
            "MFT": judged and not (watched or turned),
            "INV": changed and not (watched or turned),
            "DIR": changed and watched and turned,
        }
        if not good[self.type]:
            raise ValueError(f"{self.type} needs {NEEDS[self.type]}")
        if self.becomes and len(self.becomes) != len(self.templates):
            raise ValueError("becomes must have as many texts as templates")
        unknown = [name for name in self.edits if name not in EDITS]
        if unknown:
            raise ValueError(f"unknown edit {', '.join(unknown)}; valid: {', '.join(EDITS)}")
        return self

    @property
    def labels(self) -> list[str]:
        """Labels that the expectation names."""
        return [*self.expect, *self.refuse, *([self.label] if self.label is not None else [])]


class Suite(Section):
    """One file of suites/: tests of one capability."""

    capability: SlotName
    """What a model can do if it passes; failure rates are given by this name."""
    labels: tuple[str, ...] = ()
    """Labels that the data must have for the suite to run; tests may name these only."""
    slots: dict[SlotName, Annotated[tuple[Filler, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    """What stands in for each `{slot}`."""
    tests: tuple[BehaviourTest, ...] = Field(min_length=1)
    """The tests."""

    @model_validator(mode="after")
    def _names_are_known(self) -> "Suite":
        for test in self.tests:
            unknown = [name for name in test.labels if name not in self.labels]
            if unknown:
                valid = ", ".join(self.labels) or "none"
                raise ValueError(
                    f"test {test.name!r}: unknown label {', '.join(unknown)}; valid: {valid}"
                )
            for template in (*test.templates, *test.becomes):
                lost = [name for name in slots_of(template) if name not in self.slots]
                if lost:
                    valid = ", ".join(self.slots) or "none"
                    raise ValueError(
                        f"test {test.name!r}: unknown slot {', '.join(lost)}; valid: {valid}"
                    )
        names = [test.name for test in self.tests]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"two tests are named {twice[0]!r}")
        return self


def parse_suite(content: dict[str, Any], where: str) -> Suite:
    """Check the content of a suite's file.

    Raises:
        ParamsError: an unknown key, label, slot or edit; it names the valid ones.
    """
    return parse_section(content, Suite, f"{where}: suite")


def why_skipped(suite: Suite, label_names: Sequence[str]) -> str | None:
    """Say why a suite cannot run on data with these labels; None where it can."""
    missing = [name for name in suite.labels if name not in label_names]
    if not missing:
        return None
    return f"needs the label {', '.join(missing)}, and the data has {', '.join(label_names)}"
