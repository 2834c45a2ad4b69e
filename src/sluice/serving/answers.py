"""What a stored model says to texts as they come.

In: a loaded model and texts. Out: probabilities, not yet scaled by the model's temperature, as
stage `train` hands them over.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sluice.data.batches import LabelledRows, predicted_batches
from sluice.models.inference import predict_probabilities
from sluice.serving.model import Model


def answer_texts(model: Model, texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Clean and read texts as the model's training rows were; give probabilities, (texts, labels).

    Columns are in the order of `model.config.labels`.
    """
    tokens, ngrams = model.reader.read(model.clean(list(texts)))
    rows = LabelledRows.unlabelled(tokens, ngrams)
    return predict_probabilities(model.network, predicted_batches(rows)).astype(np.float64)
