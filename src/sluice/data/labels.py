"""Labels of a part of a split as numbers.

In: a Parquet table and the names of all labels. Out: some of its columns, and a number for each
row. Texts are left where they are: there may be more of them than memory holds.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from sluice.errors import DataError
from sluice.files import read_parquet
from sluice.tokens import Ints


def read_labels(path: Path, columns: list[str], names: list[str]) -> tuple[pd.DataFrame, Ints]:
    """Columns of a part, `label` among them, and the numbers of its labels, (rows,).

    Raises:
        DataError: the part is empty, or a label is not among the names.
        SourceError: the file is missing or broken, or lacks a column.
    """
    frame = read_parquet(path, columns)
    if frame.empty:
        raise DataError(f"{path} has no rows: check the shares of section split")
    indices = pd.Index(names).get_indexer(pd.Index(frame["label"])).astype(np.int64)
    if (indices < 0).any():
        row = int(np.argmax(indices < 0))
        raise DataError(f"{path}: row {row + 1} has the unknown label {frame.label.iloc[row]!r}")
    return frame, indices
