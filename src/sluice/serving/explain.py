"""Which words made a model choose a label.

In: a stored model and a text. Out: words with what each adds to the label's logit. The method is in
`sluice.models.attribution`; terminals show it by `sluice.serving.explanation`.
"""

import numpy as np
import torch

from sluice.data.batches import ngram_batch
from sluice.models.attribution import attribute
from sluice.serving.explanation import MOST_WORDS, Explanation, label_number
from sluice.serving.model import Model
from sluice.text.shares import ngram_shares, token_words


def _label_of(model: Model, logits: np.ndarray, label: str | None) -> int:
    if label is None:
        return int(logits.argmax())
    return label_number(model.config.labels, label)


def explain_cleaned(model: Model, cleaned: str, label: str | None = None) -> Explanation:
    """Explain the logit of `label`, or of the predicted label, for a cleaned text.

    Subwords are added up to words; an n-gram's part goes to its words alike, so that the sum stays.

    Raises:
        ParamsError: the model does not know the label.
    """
    words = cleaned.split()[:MOST_WORDS]
    rows, hashed = model.reader.read([" ".join(words)])
    tokens, lengths = (torch.from_numpy(one) for one in rows.padded(np.array([0])))
    ngrams = None if hashed is None else ngram_batch(hashed, np.array([0]))
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
