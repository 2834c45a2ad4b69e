"""What the report tells of every two candidates: reports/metrics/pairs.json.

In: parsed JSON. Out: typed values whose parts fit each other; see `sluice.reporting.facts` for what
is refused. Nothing is computed here; the words are in the template `pairs.html.j2`.
"""

from pydantic import model_validator

from sluice.reporting.facts import Facts
from sluice.reporting.scores import Difference


class MainTest(Difference):
    """First minus second in macro-F1; `p_holm` is corrected for all pairs."""

    p: float
    p_holm: float


class ExactTest(Facts):
    """McNemar's exact test on the rows that only one of the two is right on."""

    only_first: int
    only_second: int
    p: float
    p_holm: float


class Pair(Facts):
    """Two candidates, the one with the higher macro-F1 first."""

    first: str
    second: str
    gap: str
    macro_f1: MainTest
    mcnemar: ExactTest
    better: bool


class Verdict(Facts):
    """The other candidates, by what can be said of this one beside them."""

    better_than: list[str]
    no_evidence_against: list[str]
    worse_than: list[str]


class Pairs(Facts):
    """reports/metrics/pairs.json."""

    rows: int
    confidence: float
    pairs: list[Pair]
    verdicts: dict[str, Verdict]

    @model_validator(mode="after")
    def _every_two_are_compared_once(self) -> "Pairs":
        found = {frozenset((one.first, one.second)) for one in self.pairs}
        count = len(self.verdicts)
        known = frozenset(self.verdicts)
        complete = len(found) == len(self.pairs) == count * (count - 1) // 2
        if not complete or any(len(two) < 2 or not two <= known for two in found):
            raise ValueError("pairs does not hold every two candidates of verdicts once")
        return self

    def between(self, first: str, second: str) -> Pair:
        """The pair of two candidates, whichever of them ranks higher."""
        return next(one for one in self.pairs if {one.first, one.second} == {first, second})
