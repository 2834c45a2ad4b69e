"""The drift report for people: one HTML file that opens offline, without a script.

In: what was found, and what it was found from. Out: the file's text. Everything from outside is
escaped by the template engine; writing is `sluice.watching.run`'s.
"""

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jinja2 import ChoiceLoader, PackageLoader
from matplotlib.axes import Axes

from sluice.reporting.canvas import (
    BLUE,
    VERMILLION,
    label_text,
    new_panels,
    save_figure,
    style,
)
from sluice.reporting.html import embed_svg, make_environment
from sluice.reporting.texts import to_html
from sluice.version import __version__
from sluice.watching.findings import NAMES, Finding, Statistic, describe
from sluice.watching.judging import Champion, Judgement, Reference
from sluice.watching.reading import Floats, count_unknown
from sluice.watching.statistics import kernel

SHOWN_TEXTS, SHOWN_WORDS = 10, 20
MOST_COMPARED = 500
"""Rows of the reference that single texts are compared with."""
EXPLAINED = {
    "unknown": "rise of the mean share of words that the vocabulary does not hold whole",
    "length": "Kolmogorov-Smirnov distance of the words per text",
    "words": "squared maximum mean discrepancy of the words, rare ones weighing more",
    "labels": "total variation between the mixes of predicted labels",
    "confidence": "Kolmogorov-Smirnov distance of the calibrated confidence",
    "embedding": "squared maximum mean discrepancy of what the last layer reads",
    "accuracy": "fall of the accuracy as estimated from confidence",
}


class Odd(NamedTuple):
    """A text of the batch that is unlike the reference."""

    text: str
    label: str
    confidence: float


def _find_odd(champion: Champion, reference: Reference, judgement: Judgement) -> list[Odd]:
    """The texts least like the reference, by the mean of the kernel."""
    some = reference.seen.take(np.arange(min(MOST_COMPARED, len(reference.cleaned))))
    both, count = judgement.seen, len(some.words)
    likeness = kernel(some.join(both), reference.measure)[count:, :count].mean(axis=1)
    places = np.argsort(likeness, kind="stable")[:SHOWN_TEXTS]
    names = champion.model.config.labels
    return [
        Odd(judgement.cleaned[i], names[both.said[i]], float(both.confidence[i])) for i in places
    ]


def _draw_hist(panel: Axes, reference: Floats, batch: Floats, title: str) -> None:
    both = np.concatenate([reference, batch])
    edges = np.linspace(both.min(), max(np.quantile(both, 0.995), both.min() + 1e-9), 21)
    for values, colour, name in ((reference, BLUE, "reference"), (batch, VERMILLION, "batch")):
        heights = np.histogram(np.clip(values, None, edges[-1]), edges)[0] / len(values)
        panel.stairs(100 * heights, edges, color=colour, label=name, linewidth=1.6)
    panel.set_title(title)
    panel.set_ylabel("% of texts")


def _draw_mix(panel: Axes, finding: Finding) -> None:
    names = list(finding.labels)
    places = np.arange(len(names))
    for side, colour in ((0, BLUE), (1, VERMILLION)):
        heights = [100 * finding.labels[name][side] for name in names]
        panel.bar(places + 0.4 * side - 0.2, heights, 0.38, color=colour)
    panel.set_xticks(places, [label_text(name, 12) for name in names])
    panel.set_title("predicted labels")
    panel.set_ylabel("% of texts")


def _draw_distances(panel: Axes, statistics: tuple[Statistic, ...]) -> None:
    """Each statistic as a multiple of its threshold."""
    ratios = [max(0.0, one.value) / (one.threshold or np.inf) for one in statistics]
    colours = [VERMILLION if one.alarm else BLUE for one in statistics]
    places = np.arange(len(ratios))
    panel.barh(places, np.minimum(ratios, 5.0), 0.6, color=colours)
    panel.axvline(1.0, color="#1b1f24", linewidth=1.0)
    panel.set_yticks(places, [NAMES[one.name] for one in statistics])
    panel.invert_yaxis()
    panel.set_xlim(0, max(1.5, min(5.0, 1.1 * max(ratios))))
    panel.set_title("distance, in thresholds")


def draw_batch(reference: Reference, judgement: Judgement) -> bytes:
    """Give the figure as SVG: distances, predicted labels, confidence, length."""
    ours, theirs, finding = reference.seen, judgement.seen, judgement.finding
    with style(), tempfile.TemporaryDirectory() as folder:
        figure, panels = new_panels(4, 2.1)
        for panel in panels:
            panel.xaxis.set_tick_params(labelbottom=True)  # each has an axis of its own
        _draw_distances(panels[0], finding.statistics)
        _draw_mix(panels[1], finding)
        _draw_hist(panels[2], ours.confidence, theirs.confidence, "confidence")
        words = ours.words.astype(np.float64), theirs.words.astype(np.float64)
        _draw_hist(panels[3], *words, "words per text")
        panels[3].legend(frameon=False)
        stem = Path(folder) / "drift"
        save_figure(figure, stem)
        return stem.with_suffix(".svg").read_bytes()


def render_page(champion: Champion, reference: Reference, judgement: Judgement) -> str:
    """Write the drift report."""
    environment = make_environment(autoescape=True)
    reports = environment.loader
    ours = PackageLoader("sluice.watching", "templates")
    environment.loader = ChoiceLoader([ours, reports]) if reports else ours
    environment.filters["visible"] = to_html
    unknown = count_unknown(champion.model, judgement.cleaned)
    return environment.get_template("drift.html.j2").render(
        finding=judgement.finding,
        sentence=describe(judgement.finding),
        names=NAMES,
        explained=EXPLAINED,
        figure=embed_svg(draw_batch(reference, judgement)),
        unknown=sorted(unknown.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN_WORDS],
        odd=_find_odd(champion, reference, judgement),
        version=__version__,
    )
