"""One candidate's test rows: what it took them for, and which it got most wrong.

In: checked predictions and the texts. Out: tables of rows. It stops at rows: how many a reader
sees is decided in the report.
"""

from collections.abc import Sequence

import pandas as pd

from sluice.evaluation.candidates import Candidate
from sluice.evaluation.metrics import row_losses
from sluice.evaluation.predictions import (
    of_split,
    predicted_indices,
    probabilities_of,
    true_indices,
)


def confusion_rows(candidate: Candidate, label_names: Sequence[str]) -> pd.DataFrame:
    """Give actual and predicted label of each test row, as DVC's confusion plot wants them."""
    frame = of_split(candidate.predictions, "test")
    predicted = [label_names[place] for place in predicted_indices(frame, label_names)]
    return pd.DataFrame({"model": candidate.key, "actual": frame["label"], "predicted": predicted})


def rank_errors(candidate: Candidate, texts: pd.Series, label_names: Sequence[str]) -> pd.DataFrame:
    """Give test rows by falling loss (negative log probability of the true label, in nats).

    Args:
        candidate: whose predictions.
        texts: the texts of the test rows in their order, (rows,).
        label_names: labels in the order of `ingest.labels`.
    """
    frame = of_split(candidate.predictions, "test")
    probabilities = probabilities_of(frame, label_names)
    ranked = frame.drop(columns="split").assign(
        predicted=[label_names[place] for place in probabilities.argmax(axis=1)],
        loss=row_losses(true_indices(frame, label_names), probabilities),
    )
    ranked.insert(1, "text", texts.to_numpy())
    ranked.insert(3, "predicted", ranked.pop("predicted"))
    return ranked.sort_values("loss", ascending=False, kind="stable", ignore_index=True)
