"""What an explanation is, and how a terminal shows it: words, and what each adds to a label.

In: words with their parts. Out: a coloured line. Who finds the parts is `sluice.serving.explain`'s
matter, or without gradients `sluice.serving.erasure`'s.
"""

from dataclasses import dataclass
from typing import Literal

from rich.text import Text

from sluice.errors import ParamsError
from sluice.terminal import escape_controls

MOST_WORDS = 400
"""Words of a text that are explained; a text is cut behind them."""


@dataclass(frozen=True)
class Explanation:
    """Words and what each adds to the logit of `label`, in nats of its odds."""

    label: str
    probability: float
    words: list[str]
    parts: list[float]
    logit: float
    empty: float
    """The logit of an empty text: the sum of `parts` is `logit` - `empty`, but for `error`."""
    error: float
    method: Literal["integrated gradients", "erasure"] = "integrated gradients"
    """How the parts were found."""


def label_number(labels: tuple[str, ...], label: str) -> int:
    """The place of a label.

    Raises:
        ParamsError: the model does not know it.
    """
    if label not in labels:
        raise ParamsError(f"unknown label {label!r:.80}; the model knows: {', '.join(labels)}")
    return labels.index(label)


def colour_words(found: Explanation) -> Text:
    """A line for terminals: green for the label, red against it, the stronger the bolder.

    The strongest words also carry their number, so that colour is not the only sign.
    """
    line = Text()
    largest = max((abs(part) for part in found.parts), default=0.0) or 1.0
    for word, part in zip(found.words, found.parts, strict=True):
        strength = abs(part) / largest
        colour = "green" if part > 0 else "red"
        style = f"bold {colour}" if strength > 0.5 else colour if strength > 0.15 else "dim"
        line.append(escape_controls(word), style=style)
        if strength > 0.3:
            line.append(f"[{part:+.2f}]", style=f"dim {colour}")
        line.append(" ")
    return line


def describe(found: Explanation) -> Text:
    """The coloured line, and what its numbers mean."""
    line = colour_words(found)
    label = escape_controls(found.label)
    line.append(
        f"\n{label} {100 * found.probability:.1f}%; logit {found.logit:+.3f}, of "
        f"an empty text {found.empty:+.3f}; the words add {sum(found.parts):+.3f} (unexplained: "
        f"{found.error:+.4f})"
    )
    return line
