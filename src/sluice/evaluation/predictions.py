"""The one format in which every model and baseline hands over what it predicts.

In: ids, true labels and probabilities. Out: a checked table, the same for a network and a lexicon.
It stops at the format: training is in `sluice.models`, judging in `sluice.evaluation.metrics`.

Columns: `id` (text), `split` ("validation" or "test"), `label` (the true one), and one float64
`p_<label>` per label in the order of `ingest.labels`. Validation rows come first, each split in
the order of its file.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from sluice.errors import DataError
from sluice.temperature import fit_temperature, scores_of

SPLITS = ("validation", "test")
PREFIX = "p_"
TOLERANCE = 1e-4

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def probability_columns(label_names: Sequence[str]) -> list[str]:
    """Name the probability columns, in the order of `label_names`."""
    return [PREFIX + name for name in label_names]


def _normalise(probabilities: npt.ArrayLike) -> Floats:
    """Take float32 rounding out of rows that sum to nearly one; leave wrong rows to the check."""
    values = np.asarray(probabilities, dtype=np.float64)
    sums = values.sum(axis=1, keepdims=True)
    nearly = np.abs(sums - 1.0) <= TOLERANCE
    normalised: Floats = np.divide(values, sums, out=values.copy(), where=nearly)
    return normalised


def prediction_frame(
    ids: Sequence[str] | pd.Series,
    split: str,
    labels: Sequence[str] | pd.Series,
    probabilities: npt.ArrayLike,
    label_names: Sequence[str],
) -> pd.DataFrame:
    """Build the predictions of one split; join two with `pd.concat(..., ignore_index=True)`.

    Args:
        ids: row ids, (rows,).
        split: "validation" or "test".
        labels: true labels by name, (rows,).
        probabilities: (rows, labels), each row summing to one.
        label_names: the labels in the order of the columns of `probabilities`.

    Raises:
        DataError: see `check_predictions`.
    """
    values = _normalise(probabilities)
    columns = probability_columns(label_names)
    frame = pd.DataFrame({"id": list(ids), "split": split, "label": list(labels)}, dtype="str")
    if values.shape != (len(frame), len(columns)):
        raise DataError(
            f"{split} probabilities have shape {values.shape}, not {(len(frame), len(columns))}: "
            "one row per id and one column per label are needed"
        )
    frame[columns] = values
    return check_predictions(frame, label_names)


def _first(frame: pd.DataFrame, wrong: npt.NDArray[np.bool_]) -> str:
    row = int(np.argmax(wrong))
    return f"row {row + 1} (id {frame['id'].iloc[row]!r})"


def _check_probabilities(frame: pd.DataFrame, columns: list[str], where: str) -> None:
    values = frame[columns].to_numpy(dtype=np.float64)
    broken = ~np.isfinite(values).all(axis=1)
    if broken.any():
        raise DataError(
            f"{where}: {_first(frame, broken)} has a probability that is NaN or infinite "
            f"({int(broken.sum())} such rows): the model diverged; lower its learning rate"
        )
    wrong = (values < 0).any(axis=1) | (np.abs(values.sum(axis=1) - 1.0) > TOLERANCE)
    if wrong.any():
        raise DataError(
            f"{where}: {_first(frame, wrong)} has probabilities that are negative or do not sum "
            f"to one ({int(wrong.sum())} such rows): delete the file and run dvc repro"
        )


def check_predictions(
    frame: pd.DataFrame, label_names: Sequence[str], where: str = "predictions"
) -> pd.DataFrame:
    """Check a table of predictions and hand it back.

    Args:
        frame: the table in the format above.
        label_names: labels in the order of `ingest.labels`.
        where: the file or model that an error names.

    Raises:
        DataError: wrong columns, no rows, an unknown split or label, a repeated id, a probability
            that is not finite, negative, or of a row that does not sum to one.
    """
    columns = probability_columns(label_names)
    expected = ["id", "split", "label", *columns]
    if list(frame.columns) != expected:
        raise DataError(
            f"{where}: columns are {', '.join(map(str, frame.columns))}, not "
            f"{', '.join(expected)}: run the stage that writes it again (dvc repro)"
        )
    if frame.empty:
        raise DataError(f"{where}: no rows: run the stage that writes it again (dvc repro)")
    for column, known in (("split", SPLITS), ("label", tuple(label_names))):
        unknown = (~frame[column].isin(known)).to_numpy()
        if unknown.any():
            value = frame[column].iloc[int(np.argmax(unknown))]
            raise DataError(
                f"{where}: {_first(frame, unknown)} has the {column} {value!r}; "
                f"known: {', '.join(known)}"
            )
    repeated = frame["id"].duplicated().to_numpy()
    if repeated.any():
        raise DataError(f"{where}: {_first(frame, repeated)} is there twice: ids must be unique")
    _check_probabilities(frame, columns, where)
    return frame


def of_split(frame: pd.DataFrame, split: str) -> pd.DataFrame:
    """Take the rows of one split, in their order."""
    return frame[frame["split"] == split].reset_index(drop=True)


def true_indices(frame: pd.DataFrame, label_names: Sequence[str]) -> Integers:
    """Number the true labels by their place in `label_names`, (rows,)."""
    return pd.Index(label_names).get_indexer(pd.Index(frame["label"])).astype(np.int64)


def probabilities_of(frame: pd.DataFrame, label_names: Sequence[str]) -> Floats:
    """Take the probabilities as an array, (rows, labels)."""
    return frame[probability_columns(label_names)].to_numpy(dtype=np.float64)


def predicted_indices(frame: pd.DataFrame, label_names: Sequence[str]) -> Integers:
    """Number the most probable labels, (rows,); the earlier label wins a tie."""
    indices: Integers = probabilities_of(frame, label_names).argmax(axis=1)
    return indices


def temperature_of(frame: pd.DataFrame, label_names: Sequence[str]) -> float:
    """Fit the temperature of predictions on their validation rows; see `sluice.temperature`."""
    rows = of_split(frame, "validation")
    scores = scores_of(probabilities_of(rows, label_names))
    return fit_temperature(scores, true_indices(rows, label_names))


def check_same_rows(frame: pd.DataFrame, expected: pd.DataFrame, where: str) -> None:
    """See that ids and labels are the expected ones, in order.

    Raises:
        DataError: other rows, another order or other labels.
    """
    advice = "the split has changed since; run the stage that writes it again (dvc repro)"
    if len(frame) != len(expected):
        raise DataError(f"{where}: {len(frame)} rows instead of {len(expected)}: {advice}")
    for column in ("id", "label"):
        other = (frame[column].to_numpy() != expected[column].to_numpy()).nonzero()[0]
        if other.size:
            row = int(other[0])
            raise DataError(
                f"{where}: row {row + 1} has the {column} {frame[column].iloc[row]!r} instead of "
                f"{expected[column].iloc[row]!r} ({other.size} such rows): {advice}"
            )
