"""What the report tells of suspect labels: reports/metrics/label_errors.json with the texts.

In: parsed JSON and the training rows. Out: typed values. Nothing is computed here; the words are in
the template `suspects.html.j2`.
"""

from dataclasses import dataclass

import pandas as pd

from sluice.errors import DataError
from sluice.reporting.facts import ADVICE, Facts


class Suspect(Facts):
    """A training row whose label is in doubt; `margin` is given minus suggested probability."""

    id: str
    given: str
    suggested: str
    margin: float


class LabelErrors(Facts):
    """reports/metrics/label_errors.json."""

    rows: int
    suspects: int
    estimated_share: float
    accuracy: float
    folds: int
    labels: list[str]
    joint: list[list[int]]
    """Rows by given label and the label that they confidently have."""
    top: list[Suspect]


@dataclass(frozen=True)
class Doubts:
    """The facts, and the text of each of the top suspects in their order."""

    facts: LabelErrors
    texts: tuple[str, ...]

    @property
    def shown(self) -> list[tuple[Suspect, str]]:
        """The top suspects with their texts."""
        return list(zip(self.facts.top, self.texts, strict=True))


def find_texts(facts: LabelErrors, train: pd.DataFrame, where: str) -> Doubts:
    """Give the top suspects their texts, by id.

    Args:
        facts: what `suspect` has written.
        train: training rows with `id` and `text`.
        where: the file that an error names.

    Raises:
        DataError: the rows are of another run.
    """
    texts = dict(zip(train["id"], train["text"], strict=True))
    lost = [one.id for one in facts.top if one.id not in texts]
    if lost or facts.rows != len(train):
        raise DataError(f"{where} has other rows than label_errors.json: {ADVICE}")
    return Doubts(facts, tuple(texts[one.id] for one in facts.top))
