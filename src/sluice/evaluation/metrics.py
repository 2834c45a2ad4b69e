"""How good predictions are, in numbers that a bootstrap can recompute two thousand times at once.

In: true labels and probabilities. Out: per-row columns whose weighted sums give every statistic.
It stops at one model on one set of rows: intervals and comparisons are beside it.

Accuracy, precision, recall and F1 are functions of the confusion matrix, and losses are means; so
all follow from sums over rows, and a resample of rows is a weighted sum.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sluice.errors import ParamsError
from sluice.temperature import scores_of

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LOSSES = ("log_loss", "polarity_mae", "polarity_mse")


def polarity_values(
    polarity: Mapping[str, float] | None, label_names: Sequence[str]
) -> Floats | None:
    """Give the polarity of each label, (labels,), or None where labels have none.

    Raises:
        ParamsError: the map does not cover exactly the labels.
    """
    if not polarity:
        return None
    if set(polarity) != set(label_names):
        raise ParamsError(
            f"evaluate.polarity has the labels {', '.join(polarity)}, and the data has "
            f"{', '.join(label_names)}: give each label one value, or null for all"
        )
    return np.array([polarity[name] for name in label_names], dtype=np.float64)


def row_losses(true: Integers, probabilities: Floats) -> Floats:
    """Negative log of the true label's probability, in nats, (rows,).

    Probabilities are kept from zero by the spacing of float64, as in scikit-learn's `log_loss`.
    """
    return -scores_of(probabilities[np.arange(len(true)), true])


def row_columns(true: Integers, probabilities: Floats, polarity: Floats | None) -> Floats:
    """Put what each row adds to every statistic into columns, (rows, labels**2 + losses).

    First the cells of the confusion matrix (actual x predicted, one 1 per row), then the log loss,
    then, where labels have a polarity, the absolute and the squared error of the expected polarity
    sum_l p_l v_l.

    Args:
        true: true labels, (rows,).
        probabilities: (rows, labels).
        polarity: value of each label, (labels,), or None.
    """
    rows, classes = probabilities.shape
    cells = np.zeros((rows, classes * classes))
    cells[np.arange(rows), true * classes + probabilities.argmax(axis=1)] = 1.0
    columns = [cells, row_losses(true, probabilities)]
    if polarity is not None:
        error = probabilities @ polarity - polarity[true]
        columns += [np.abs(error), error**2]
    return np.column_stack(columns)


def confusion_of(sums: Floats, classes: int) -> Floats:
    """Take the confusion matrices, actual x predicted, out of sums, (..., classes, classes)."""
    return sums[..., : classes * classes].reshape(*sums.shape[:-1], classes, classes)


def _divide(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, with 0 where nothing was predicted or nothing is there (zero_division=0)."""
    quotient: Floats = np.divide(
        numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0
    )
    return quotient


def class_scores(confusion: Floats) -> dict[str, Floats]:
    """Precision, recall, F1 and support of each class, each (..., classes).

    Van Rijsbergen 1979, "Information Retrieval", chapter 7: F1 = 2 TP / (2 TP + FP + FN). A class
    that a resample lacks, and that is not predicted either, counts as 0.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).copy()
    support, predicted = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return {
        "precision": _divide(hits, predicted),
        "recall": _divide(hits, support),
        "f1": _divide(2.0 * hits, support + predicted),
        "support": support,
    }


def headline_scores(sums: Floats, classes: int) -> dict[str, Floats]:
    """Accuracy, macro and weighted precision, recall and F1, and mean losses, each (...).

    Macro-F1 is the mean of the classes' F1 (Opitz & Burst 2019, "Macro F1 and Macro F1", first
    definition), the one of scikit-learn and of SemEval; weighted means weigh by support.

    Args:
        sums: sums of `row_columns` over rows, (..., columns).
        classes: number of labels.
    """
    confusion = confusion_of(sums, classes)
    by_class = class_scores(confusion)
    rows = confusion.sum(axis=(-2, -1))
    shares = by_class["support"] / rows[..., np.newaxis]
    scores = {"accuracy": by_class["recall"] * shares}
    for name in ("precision", "recall", "f1"):
        scores[f"macro_{name}"] = by_class[name] / classes
        scores[f"weighted_{name}"] = by_class[name] * shares
    means = {name: values.sum(axis=-1) for name, values in scores.items()}
    losses = sums[..., classes * classes :] / rows[..., np.newaxis]
    return means | {LOSSES[place]: losses[..., place] for place in range(losses.shape[-1])}
