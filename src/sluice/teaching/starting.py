"""What the embedding of a network starts from: vectors that are looked up, or a teacher's.

In: tokens of a vocabulary, and a teacher's lessons. Out: an array of (tokens, features).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sluice.teaching.lessons import WORD_FEATURES, Lessons, word_vectors
from sluice.teaching.settings import TeacherName
from sluice.text.vectors import VectorsName, load_vectors
from sluice.text.vocabulary import RESERVED

StartName = VectorsName | TeacherName
"""What an embedding may start from."""
FEATURES: dict[StartName, int] = {"glove-6b-50d": 50, "minilm-l6-v2": WORD_FEATURES}
"""Features of each."""


def start_vectors(
    name: StartName, tokens: Sequence[str], lessons: Lessons | None
) -> npt.NDArray[np.float32]:
    """Vectors for an embedding to start from, (tokens, features); reserved tokens have none.

    Args:
        name: where they come from.
        tokens: of the vocabulary.
        lessons: what the teacher of that name made of the training texts.

    Raises:
        ResourceError: the wheel that they come from is not installed.
    """
    if name == "glove-6b-50d":
        return load_vectors(name, tokens)
    assert lessons is not None  # noqa: S101 - the caller had the teacher read
    places = [at for at, token in enumerate(tokens) if token not in RESERVED]
    known = word_vectors(lessons, [tokens[at] for at in places])
    vectors = np.zeros((len(tokens), known.shape[1]), dtype=np.float32)
    vectors[places] = known
    return vectors
