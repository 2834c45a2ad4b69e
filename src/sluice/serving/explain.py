"""Which words made a model choose a label.

In: a stored model and a text. Out: words with what each adds to the label's logit, and a coloured
line of them for terminals. The method is in `sluice.models.attribution`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from rich.text import Text

from sluice.data.batches import ngram_batch
from sluice.errors import ParamsError
from sluice.models.attribution import attribute
from sluice.serving.model import Model
from sluice.terminal import escape_controls
from sluice.text.shares import ngram_shares, token_words

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


def _label_of(model: Model, logits: np.ndarray, label: str | None) -> int:
    if label is None:
        return int(logits.argmax())
    if label not in model.config.labels:
        valid = ", ".join(model.config.labels)
        raise ParamsError(f"unknown label {label!r}; the model knows: {valid}")
    return model.config.labels.index(label)


def explain_cleaned(model: Model, cleaned: str, label: str | None = None) -> Explanation:
    """Explain the logit of `label`, or of the predicted label, for a cleaned text.

    Subwords are added up to words; an n-gram's part goes to its words alike, so that the sum stays.

    Raises:
        ParamsError: the model does not know the label.
    """
    words = cleaned.split()[:MOST_WORDS]
    rows, matrix = model.reader.read([" ".join(words)])
    tokens, lengths = (torch.from_numpy(one) for one in rows.padded(np.array([0])))
    ngrams = None if matrix is None else ngram_batch(matrix, np.array([0]))
    with torch.no_grad():
        logits = model.network(tokens, lengths, ngrams)[0].double()
    number = _label_of(model, logits.numpy(), label)
    found = attribute(model.network, tokens[0], ngrams, number)
    owners = token_words(words, model.reader.vocabulary, len(found.tokens))
    parts = np.zeros(len(words))
    np.add.at(parts, owners, found.tokens)
    if ngrams is not None and model.reader.ngrams is not None:
        shares = ngram_shares(words, model.reader.ngrams.params, ngrams.ids.numpy())
        parts = parts + shares @ found.ngrams
    return Explanation(
        label=model.config.labels[number],
        probability=float((logits / model.config.temperature).softmax(0)[number]),
        words=words,
        parts=[float(part) for part in parts],
        logit=found.logit,
        empty=found.empty,
        error=found.error,
    )


def explain_text(model: Model, text: str, label: str | None = None) -> Explanation:
    """Explain a text as it comes; see `explain_cleaned`."""
    return explain_cleaned(model, model.clean([text])[0], label)


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
