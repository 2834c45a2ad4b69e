"""Which words made an exported model choose a label: what the logit loses without each of them.

In: an exported model and a text. Out: an `Explanation`. ONNX Runtime has no gradients; with torch
`sluice.serving.explain` parts the logit by them instead.

Source: Li, Monroe & Jurafsky 2016, "Understanding Neural Networks through Representation Erasure".
"""

import numpy as np

from sluice.serving.explanation import MOST_WORDS, Explanation, label_number
from sluice.serving.portable import PortableModel
from sluice.temperature import apply_temperature
from sluice.text.marks import EMPTY


def erase_words(model: PortableModel, text: str, label: str | None = None) -> Explanation:
    """Explain the logit of `label`, or of the predicted label.

    A word's part is the logit of the text minus that of the text without the word. Where words act
    together the parts do not sum to what separates the text from an empty one: `error` says by how
    much.

    Raises:
        ParamsError: the model does not know the label.
    """
    words = model.clean([text])[0].split()[:MOST_WORDS]
    without = [" ".join(words[:place] + words[place + 1 :]) or EMPTY for place in range(len(words))]
    logits = model.logits([" ".join(words), EMPTY, *without]).astype(np.float64)
    labels = model.config.labels
    number = int(logits[0].argmax()) if label is None else label_number(labels, label)
    probabilities = apply_temperature(logits[:1], model.config.temperature)[0]
    parts = (logits[0, number] - logits[2:, number]).tolist()
    whole, empty = float(logits[0, number]), float(logits[1, number])
    return Explanation(
        label=labels[number],
        probability=float(probabilities[number]),
        words=words,
        parts=parts,
        logit=whole,
        empty=empty,
        error=whole - empty - sum(parts),
        method="erasure",
    )
