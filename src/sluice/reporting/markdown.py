"""The report for pull requests, and the model card: both in Markdown.

In: the contents and the names of the figures. Out: the files' texts. Every string is escaped unless
it is known to be safe. The full account is the HTML report's.
"""

from collections.abc import Iterable

from markupsafe import Markup

from sluice.reporting.card import card_sections
from sluice.reporting.contents import Contents
from sluice.reporting.html import make_environment
from sluice.reporting.leakage import answer_leakage
from sluice.reporting.texts import to_markdown
from sluice.reporting.verdict import beside, headline, weaknesses


def render_markdown(contents: Contents, figures: Iterable[str], folder: str) -> str:
    """Write the summary.

    Args:
        contents: what it tells.
        figures: names of the figures.
        folder: where they lie, relative to the summary.
    """
    link = Markup("[{}]({}/{}.png)")
    links = [link.format(name.replace("_", " "), folder, name) for name in figures]
    environment = make_environment(autoescape=False, finalize=to_markdown)
    return environment.get_template("report.md.j2").render(
        contents=contents,
        evaluation=contents.evaluation,
        headline=headline(contents, to_markdown),
        beside=lambda key: beside(contents, key, to_markdown),
        weaknesses=weaknesses(contents, to_markdown),
        figures=Markup(", ").join(links),
    )


def render_card(contents: Contents) -> str:
    """Write the model card."""
    environment = make_environment(autoescape=False, finalize=to_markdown)
    return environment.get_template("model-card.md.j2").render(
        title=contents.title,
        sections=card_sections(contents, to_markdown),
        leakage=answer_leakage(contents, to_markdown),
    )
