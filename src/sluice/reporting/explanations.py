"""What the report tells of words that led to the worst errors: reports/explanations.json.

In: parsed JSON and the ranked test rows. Out: typed values, and words as HTML. Nothing is computed
here but shares; the sentences are in the template `errors.html.j2`.
"""

from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape
from pydantic import model_validator

from sluice.errors import DataError
from sluice.reporting.facts import ADVICE, Facts
from sluice.reporting.numbers import MINUS
from sluice.reporting.texts import to_html

COLOURED, NUMBERED = 0.15, 0.3
"""Shares of a text's largest part from which a word has a colour, and shows its number."""


class Explained(Facts):
    """A test row: what each word added to the logit of `predicted`, in nats of its odds."""

    id: str
    label: str
    predicted: str
    words: list[str]
    parts: list[float]
    logit: float
    empty: float

    @model_validator(mode="after")
    def _every_word_has_its_part(self) -> "Explained":
        if len(self.words) != len(self.parts):
            raise ValueError("words and parts are not equally many")
        return self


class Explanations(Facts):
    """reports/explanations.json; `model` is null where none was selected."""

    model: str | None
    rows: list[Explained]


@dataclass(frozen=True)
class Reasons:
    """The explained rows beside their texts as they came."""

    model: str | None
    rows: tuple[tuple[Explained, str], ...]


def find_sources(found: Explanations, ranked: pd.DataFrame, where: str) -> Reasons:
    """Give each explained row its text, by id.

    Args:
        found: what stage `explain` has written.
        ranked: test rows with `id` and `text`.
        where: the file that an error names.

    Raises:
        DataError: the rows are of another run.
    """
    wanted = {one.id for one in found.rows}
    rows = ranked[ranked["id"].isin(wanted)]
    texts = dict(zip(rows["id"], rows["text"], strict=True))
    if len(texts) != len(wanted):
        raise DataError(f"{where} has other rows than explanations.json: {ADVICE}")
    return Reasons(found.model, tuple((one, texts[one.id]) for one in found.rows))


def write_part(part: float) -> Markup:
    """Write what a word adds: 0.4128 as +0.41."""
    return escape(f"{part + 0.0:+.2f}".replace("-0.00", "+0.00").replace("-", MINUS))


def _paint(word: str, part: float, largest: float) -> Markup:
    share, shown = abs(part) / largest, to_html(word, 80)
    if share < COLOURED:
        return Markup('<span title="{}">{}</span>').format(write_part(part), shown)
    number = Markup("<small>{}</small>").format(write_part(part)) if share >= NUMBERED else ""
    return Markup('<span class="{}" style="--share:{:.0f}" title="{}">{}{}</span>').format(
        "for" if part > 0 else "against", 100 * share, write_part(part), shown, number
    )


def paint_words(row: Explained) -> Markup:
    """Give the words as HTML, the drawing of `sluice explain`: coloured by part, the stronger the
    deeper; the kind of line and the number say the same without colour.
    """
    largest = max((abs(part) for part in row.parts), default=0.0) or 1.0
    pairs = zip(row.words, row.parts, strict=True)
    return Markup(" ").join(_paint(word, part, largest) for word, part in pairs)
