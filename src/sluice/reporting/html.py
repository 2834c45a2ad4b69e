"""The report for people: one HTML file that opens offline, without a script.

In: the contents and the figures. Out: the file's text. Everything from outside is escaped by the
template engine; a key that the template misses is an error. Reading and writing are the stage's.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sluice.errors import DataError
from sluice.reporting import numbers
from sluice.reporting.card import card_sections
from sluice.reporting.contents import Contents
from sluice.reporting.explanations import paint_words, write_part
from sluice.reporting.leakage import answer_leakage
from sluice.reporting.scores import SCORES
from sluice.reporting.texts import to_html, to_plain
from sluice.reporting.verdict import beside, headline, weaknesses
from sluice.version import __version__

TEMPLATES = "sluice.reporting", "templates"
FILTERS = {
    "count": numbers.count,
    "interval": numbers.interval,
    "p_value": numbers.p_value,
    "points": numbers.points,
    "score": numbers.score,
    "score_interval": numbers.score_interval,
    "signed": numbers.signed,
    "signed_interval": numbers.signed_interval,
    "signed_loss": numbers.signed_loss,
}


def make_environment(**options: Any) -> Environment:
    """Give the template engine that both reports are written with."""
    environment = Environment(  # noqa: S701 - each report sets autoescape or finalize
        loader=PackageLoader(*TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(share=numbers.share, score_names=SCORES)
    return environment


def embed_svg(picture: bytes) -> str:
    """Give a figure as the address that an `img` shows it from, so that a page needs no file."""
    return f"data:image/svg+xml;base64,{base64.b64encode(picture).decode('ascii')}"


def find_source(figures: Mapping[str, bytes]) -> Callable[[str], str]:
    """Give what a template asks for the address of a figure, SVG by name.

    The function raises a DataError for a figure that is missing.
    """

    def source(name: str) -> str:
        if name not in figures:
            raise DataError(f"the figure {name} is missing: the report is not written")
        return embed_svg(figures[name])

    return source


def render_page(
    template: str,
    figures: Mapping[str, bytes],
    filters: Mapping[str, Callable[..., str]],
    **values: Any,
) -> str:
    """Write a sibling's report: one page in the form of the main one.

    Args:
        template: its text; it calls `source(name)` for a figure.
        figures: SVG by name.
        filters: for its numbers, beside `visible` and `plain`.
        values: what it tells.

    Raises:
        DataError: a figure that the template shows is missing.
    """
    environment = make_environment(autoescape=True)
    environment.filters.update(visible=to_html, plain=to_plain, **filters)
    return environment.from_string(template).render(source=find_source(figures), **values)


def render_html(contents: Contents, figures: Mapping[str, bytes]) -> str:
    """Write the report.

    Args:
        contents: what it tells.
        figures: SVG by name; see `sluice.reporting.plots`.

    Raises:
        DataError: a figure that the template shows is missing.
    """
    environment = make_environment(autoescape=True)
    environment.filters.update(
        visible=to_html, plain=to_plain, painted=paint_words, part=write_part
    )
    return environment.get_template("report.html.j2").render(
        contents=contents,
        evaluation=contents.evaluation,
        headline=headline(contents, to_html),
        beside=lambda key: beside(contents, key, to_html),
        weaknesses=weaknesses(contents, to_html),
        card=card_sections(contents, to_html),
        leakage=answer_leakage(contents, to_html),
        source=find_source(figures),
        drawn=set(figures),
        version=__version__,
    )
