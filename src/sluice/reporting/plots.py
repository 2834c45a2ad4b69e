"""All figures of a report by name, and the folder they are written to.

In: the contents of a report. Out: `<name>.png` and `<name>.svg` for each, and the list of them with
caption and description. A figure that should be there and is not is an error, never a gap.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from sluice.errors import DataError
from sluice.reporting.behaviour import draw_behaviour
from sluice.reporting.calibration import draw_reliability, draw_risk_coverage
from sluice.reporting.canvas import save_figure, style
from sluice.reporting.charts import (
    draw_comparison,
    draw_confusion,
    draw_differences,
    draw_labels_f1,
)
from sluice.reporting.contents import Contents
from sluice.reporting.curves import draw_curves, draw_label_counts, draw_lengths
from sluice.reporting.folds import draw_folds
from sluice.reporting.slices import draw_slices

FORMATS = (".png", ".svg")

# Drawn from the contents; None where this run has nothing of the kind.
FIGURES: dict[str, Callable[[Contents], Figure | None]] = {
    "labels": draw_label_counts,
    "lengths": draw_lengths,
    "comparison": lambda contents: draw_comparison(contents.evaluation),
    "differences": lambda contents: draw_differences(contents.evaluation),
    "folds": lambda contents: draw_folds(contents.folds),
    "labels_f1": lambda contents: draw_labels_f1(contents.evaluation),
    "loss": partial(draw_curves, measure="loss"),
    "accuracy": partial(draw_curves, measure="accuracy"),
    "confusion": lambda contents: draw_confusion(contents.evaluation),
    "reliability": lambda one: draw_reliability(one.calibration, one.evaluation),
    "risk_coverage": lambda one: draw_risk_coverage(one.calibration, one.evaluation),
    "slices": lambda contents: draw_slices(contents.slices),
    "behaviour": lambda one: draw_behaviour(one.behaviour, one.evaluation.best_baseline),
}


def expected_figures(contents: Contents) -> list[str]:
    """Name the figures that a report of these contents must have."""
    expected = list(FIGURES)
    if not any(one.kind == "model" for one in contents.evaluation.models.values()):
        expected = [name for name in expected if name not in {"loss", "accuracy"}]
    if not any(one.against_baseline for one in contents.evaluation.models.values()):
        expected.remove("differences")
    if not contents.folds.differences:
        expected.remove("folds")
    if not contents.slices.slices:
        expected.remove("slices")
    if not contents.behaviour.tests:
        expected.remove("behaviour")
    return expected


def draw_figures(contents: Contents, folder: Path) -> None:
    """Draw and write every figure that there is something to draw of."""
    with style():
        for name, draw in FIGURES.items():
            figure = draw(contents)
            if figure is not None:
                save_figure(figure, folder / name)


def read_figures(contents: Contents, folder: Path) -> dict[str, bytes]:
    """Give the SVG of every expected figure.

    Raises:
        DataError: a figure is missing or empty, as PNG or as SVG.
    """
    names = expected_figures(contents)
    for name in names:
        for suffix in FORMATS:
            path = folder / f"{name}{suffix}"
            if not path.is_file() or not path.stat().st_size:
                raise DataError(f"the figure {path.name} is missing: the report is not written")
    return {name: (folder / f"{name}.svg").read_bytes() for name in names}
