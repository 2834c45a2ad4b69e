"""Writes numbers as people read them: scores in points of a hundred, differences with their sign.

In: checked numbers. Out: short safe strings, the same in HTML, in Markdown and in figures.
Nothing is computed here but the scale.
"""

from collections.abc import Callable

from markupsafe import Markup, escape

from sluice.evaluation.metrics import LOSSES
from sluice.reporting.scores import Interval

MINUS = "\N{MINUS SIGN}"


def points(share: float) -> Markup:
    """0.7412 as 74.1."""
    return escape(f"{100 * share:.1f}")


def signed(share: float) -> Markup:
    """-0.0123 as −1.2, zero as +0.0."""
    return escape(f"{100 * share + 0.0:+.1f}".replace("-0.0", "+0.0").replace("-", MINUS))


def score(value: float, name: str) -> Markup:
    """A share in points; a loss, which is none, with three decimals."""
    return escape(f"{value:.3f}") if name in LOSSES else points(value)


def signed_loss(value: float) -> Markup:
    """A difference between losses: 0.0172 as +0.017, what rounds to zero as +0.000."""
    return escape(f"{value + 0.0:+.3f}".replace("-0.000", "+0.000").replace("-", MINUS))


def interval(bounds: Interval, write: Callable[[float], str] = points) -> Markup:
    """Bounds as "72.6 to 75.7"."""
    return escape(f"{write(bounds.low)} to {write(bounds.high)}")


def score_interval(bounds: Interval, name: str) -> Markup:
    """Bounds of a score, as `score` writes it."""
    return interval(bounds, lambda value: score(value, name))


def signed_interval(bounds: Interval) -> Markup:
    """Bounds of a difference, with their signs."""
    return interval(bounds, signed)


def count(number: int | float) -> Markup:
    """1682947 as 1,682,947; a mean of counts with one decimal."""
    return escape(f"{number:,.1f}" if isinstance(number, float) else f"{number:,}")


def p_value(value: float) -> Markup:
    """0.0312 as 0.031; what is smaller than 0.001 as < 0.001."""
    return escape(f"{value:.3f}" if value >= 0.001 else "< 0.001")


def share(part: float, whole: float) -> Markup:
    """3 of 1000 as 0.3%, 3 of 100000 as 0.003%, of nothing 0%."""
    percent = 100 * part / whole if whole else 0.0
    return escape(f"{percent:.1g}%" if 0 < percent < 0.1 else f"{percent:.1f}%")
