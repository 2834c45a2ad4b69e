"""What the report tells of behaviour tests and shortcuts: behaviour.json, shortcuts.json, a figure.

In: parsed JSON. Out: typed values and a drawing; see `sluice.reporting.facts` for what is refused.
Nothing is computed here; the words are in the template `behaviour.html.j2`.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pydantic import model_validator

from sluice.reporting.canvas import GREY, VERMILLION, label_text, name_rows, new_panels
from sluice.reporting.facts import Facts
from sluice.reporting.scores import Difference, Interval


class Rate(Interval):
    """A failure rate with its interval."""

    cases: int
    failed: int
    rate: float


class BehaviourTest(Facts):
    """One test, by its key `suite/name`."""

    key: str
    name: str
    capability: str
    type: str
    cases: int


class Rates(Facts):
    """Failure rates of one candidate."""

    all: Rate
    capabilities: dict[str, Rate]
    tests: dict[str, Rate]


class Said(Facts):
    """A text, what was predicted, and the probability of `label`."""

    text: str
    predicted: str
    label: str
    probability: float


class Example(Facts):
    """A failed case: one text, or two of which the second is the changed one."""

    capability: str
    test: str
    texts: list[Said]


class Behaviour(Facts):
    """reports/metrics/behaviour.json."""

    confidence: float
    shown: str
    tests: list[BehaviourTest]
    models: dict[str, Rates]
    examples: list[Example]
    skipped: dict[str, str]

    @model_validator(mode="after")
    def _every_model_has_every_rate(self) -> "Behaviour":
        if self.tests and self.shown not in self.models:
            raise ValueError(f"models has no {self.shown!r}")
        for key, model in self.models.items():
            lost = [name for name in self.capabilities if name not in model.capabilities]
            lost += [test.key for test in self.tests if test.key not in model.tests]
            if lost:
                raise ValueError(f"models.{key} has no rate of {lost[0]!r}")
        return self

    @property
    def capabilities(self) -> list[str]:
        """Capabilities in the order of the suites."""
        return list(dict.fromkeys(test.capability for test in self.tests))

    @property
    def cases(self) -> int:
        """Cases of all tests."""
        return sum(test.cases for test in self.tests)

    def tests_of(self, capability: str) -> list[BehaviourTest]:
        """Tests of one capability."""
        return [test for test in self.tests if test.capability == capability]

    def examples_of(self, capability: str) -> list[Example]:
        """Failed cases of the shown candidate."""
        return [one for one in self.examples if one.capability == capability]


class Masked(Facts):
    """What was hidden, and in how many of the test rows."""

    words: list[str]
    rows: int
    test_rows: int


class MaskedScores(Facts):
    """Scores of one candidate on the test rows before and after masking."""

    macro_f1: float
    masked_macro_f1: float
    drop: Difference
    changed_decisions: int


class Token(Facts):
    """A token that the linear model leans on."""

    token: str
    label: str
    weight: float
    importance: float
    train_rows: int
    test_rows: int


class Shortcuts(Facts):
    """reports/metrics/shortcuts.json."""

    confidence: float
    masked: Masked
    models: dict[str, MaskedScores]
    tokens: list[Token]


def _draw_rates(
    panel: Axes, rates: Rates, names: list[str], shift: float, look: tuple[str, str, str]
) -> None:
    colour, marker, label = look
    for row, name in enumerate(names):
        found = rates.capabilities[name]
        place = row + shift
        panel.hlines(place, 100 * found.low, 100 * found.high, color=colour, linewidth=2)
        panel.plot(
            100 * found.rate, place, marker, color=colour, markersize=5,
            label=label if row == 0 else None,
        )  # fmt: skip


def draw_behaviour(behaviour: Behaviour, baseline: str | None) -> Figure | None:
    """Failure rates of the shown candidate and of the best baseline, a row for each capability."""
    if not behaviour.tests:
        return None
    names = behaviour.capabilities
    figure, (panel,) = new_panels(1, 0.6 + 0.36 * len(names))
    drawn = {behaviour.shown: (VERMILLION, "D")}
    if baseline is not None and baseline != behaviour.shown:
        drawn[baseline] = (GREY, "s")
    for place, (key, (colour, marker)) in enumerate(drawn.items()):
        shift = 0.3 * place - 0.15 * (len(drawn) - 1)
        look = (colour, marker, label_text(key))
        _draw_rates(panel, behaviour.models[key], names, shift, look)
    name_rows(panel, names)
    panel.set_xlim(-2, 102)
    panel.set_xlabel(f"failed cases in percent ({100 * behaviour.confidence:g}% intervals)")
    panel.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, borderaxespad=0.2,
        handletextpad=0.2,
    )  # fmt: skip
    return figure
