"""How every figure looks and how it is written: palette, fonts, PNG and SVG without dates.

In: a function that draws. Out: two files with the same bytes on every run. No global state of
matplotlib is changed. What is drawn is decided in `sluice.reporting.plots`.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from sluice.reporting.texts import to_plain

# Okabe & Ito 2008, "Color Universal Design": told apart with every kind of colour vision.
BLUE, VERMILLION, GREEN = "#0072b2", "#d55e00", "#009e73"
GREY, PALE, INK = "#6b6b6b", "#e4e7ec", "#1b1f24"

WIDTH = 5.8
PER_ROW = 3

_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#9aa1ab",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "savefig.dpi": 160,
    "svg.fonttype": "path",
    "svg.hashsalt": "sluice",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}


@cache
def _font() -> FT2Font:
    return font_manager.get_font(font_manager.findfont("DejaVu Sans"))


def label_text(value: object, limit: int = 24) -> str:
    """Shorten a name for a figure; characters that the bundled font lacks stand as code points.

    Fonts of the machine are not used: the same figure must come out elsewhere.
    """
    shown = to_plain(value, limit=200)
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    known = (one if _font().get_char_index(ord(one)) else f"[{ord(one):04X}]" for one in shown)
    return "".join(known)


def new_panels(
    count: int, height: float, *, per_row: int = PER_ROW, **share: Any
) -> tuple[Figure, list[Axes]]:
    """Give a figure of `count` panels in rows, each `height` inches high."""
    columns = 2 if count == 4 else min(count, per_row)
    rows = -(-count // columns)
    figure = Figure(figsize=(WIDTH, 0.3 + rows * height), layout="constrained")
    grid: np.ndarray = figure.subplots(rows, columns, squeeze=False, **share)
    panels = list(grid.flat)
    for spare in panels[count:]:
        spare.remove()
    for place, panel in enumerate(panels[:count]):
        # Shared axes have their numbers on the lowest panel of a column, which may be cut off.
        panel.xaxis.set_tick_params(labelbottom=place + columns >= count)
    return figure, panels[:count]


def name_rows(panel: Axes, names: Sequence[str], limit: int = 24) -> None:
    """Label the rows of a chart from the top down, each cut to `limit` characters."""
    panel.set_yticks(range(len(names)), [label_text(name, limit) for name in names])
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.grid(axis="x")


def save_figure(figure: Figure, stem: Path) -> None:
    """Write `<stem>.png` and `<stem>.svg`, without date and software in them."""
    figure.savefig(stem.with_suffix(".png"), metadata={"Software": None})
    figure.set_layout_engine("none")  # laid out once: both files show the same figure
    figure.savefig(stem.with_suffix(".svg"), metadata={"Date": None, "Creator": None})


def save_figures(drawn: Mapping[str, Figure], folder: Path) -> dict[str, bytes]:
    """Write figures by their names into a folder; give each one's SVG. Call it within `style`."""
    for name, figure in drawn.items():
        save_figure(figure, folder / name)
    return {name: (folder / f"{name}.svg").read_bytes() for name in drawn}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Make and write figures in our style over matplotlib's defaults, whatever the user has set."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)  # type: ignore[arg-type]  # its stubs want literal keys
        yield
