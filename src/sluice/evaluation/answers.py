"""What a model says to texts that are no rows of the data: ids and probabilities.

In: ids and probabilities. Out: a table in the order of the questions, checked when read again.
It stops at the format; the questions are `sluice.evaluation.probes`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from sluice.errors import DataError
from sluice.evaluation.predictions import probability_columns

Floats = npt.NDArray[np.float64]


def answer_frame(
    ids: pd.Series, probabilities: npt.ArrayLike, label_names: Sequence[str]
) -> pd.DataFrame:
    """Put probabilities, (questions, labels), beside the ids of the questions."""
    values = np.asarray(probabilities, dtype=np.float64).reshape(len(ids), len(label_names))
    frame = pd.DataFrame({"id": ids.to_numpy()}, dtype="str")
    frame[probability_columns(label_names)] = values
    return frame


def check_answers(
    frame: pd.DataFrame, ids: pd.Series, label_names: Sequence[str], where: str
) -> Floats:
    """Take the probabilities, (questions, labels), of answers to exactly these questions.

    Raises:
        DataError: other columns or questions, or a probability that is no finite number.
    """
    names = probability_columns(label_names)
    advice = "run the stage that writes it again (dvc repro)"
    if list(frame.columns) != ["id", *names]:
        raise DataError(f"{where}: columns are not id, {', '.join(names)}: {advice}")
    if len(frame) != len(ids) or (frame["id"].to_numpy() != ids.to_numpy()).any():
        raise DataError(f"{where}: these are answers to other questions: {advice}")
    values = frame[names].to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        row = int(np.argmax(~np.isfinite(values).all(axis=1)))
        raise DataError(
            f"{where}: row {row + 1} (id {frame['id'].iloc[row]!r}) has a probability that is NaN "
            "or infinite: the model diverged; lower its learning rate"
        )
    return values
