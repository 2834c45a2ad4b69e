"""What a network has to beat: the largest class, a lexicon, and linear models over n-grams.

In: the three tables of a split. Out: probabilities for validation and test rows, and how they came
about. It stops there: judging is in `sluice.evaluation`, the n-grams are in `sluice.models.linear`.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # published without types
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from sluice.errors import ParamsError
from sluice.models.linear import LinearParams, predict_logreg, predict_svm
from sluice.models.outcomes import Floats, Outcome, Tables, calibrate

# Where neutral ends: compounds have four digits, so this parts "under 0.05" from "0.05 and over".
NEUTRAL = 0.04995

VADER_SCORES: dict[str, Callable[[Floats], Floats]] = {
    "negative": lambda compound: -compound,
    "neutral": lambda compound: np.full_like(compound, NEUTRAL),
    "positive": lambda compound: compound,
}


def predict_majority(tables: Tables, _: LinearParams) -> Outcome:
    """Predict the class shares of the original training rows for every row."""
    train = tables.train
    originals = train[train["parent_id"].isna()] if "parent_id" in train else train
    counts = np.bincount(tables.indices(originals), minlength=len(tables.label_names))
    shares = counts / counts.sum()
    validation, test = (
        np.tile(shares, (len(part), 1)) for part in (tables.validation, tables.test)
    )
    return Outcome(validation, test, {"majority": tables.label_names[int(shares.argmax())]})


def score_polarity(texts: pd.Series, label_names: tuple[str, ...]) -> Floats:
    """Score each label by VADER's compound c: -c, the threshold 0.05, and c, (rows, labels).

    The largest score is the label by the thresholds that its authors give (Hutto & Gilbert 2014,
    and the README of vaderSentiment): positive from 0.05, negative to -0.05, neutral between.

    Raises:
        ParamsError: the labels are not polarities.
    """
    if not {"negative", "positive"} <= set(label_names) <= set(VADER_SCORES):
        raise ParamsError(
            f"baseline.names: vader knows the labels {', '.join(VADER_SCORES)} only, and the data "
            f"has {', '.join(label_names)}: take vader out of baseline.names"
        )
    analyse = SentimentIntensityAnalyzer().polarity_scores
    compound = np.array([analyse(text)["compound"] for text in texts], dtype=np.float64)
    return np.column_stack([VADER_SCORES[name](compound) for name in label_names])


def predict_lexicon(tables: Tables, _: LinearParams) -> Outcome:
    """Predict by VADER on the original texts; only the temperature is fitted, on validation.

    Raises:
        ParamsError: the labels are not polarities.
    """
    validation, test = (
        score_polarity(part["text"], tables.label_names)
        for part in (tables.validation, tables.test)
    )
    return calibrate(validation, test, tables.indices(tables.validation), {})


BASELINES: dict[str, Callable[[Tables, LinearParams], Outcome]] = {
    "majority": predict_majority,
    "vader": predict_lexicon,
    "tfidf_svm": predict_svm,
    "tfidf_logreg": predict_logreg,
}


def run_baseline(name: str, tables: Tables, params: LinearParams) -> Outcome:
    """Run the baseline `name`; on one thread, so that sums do not depend on the number of cores.

    Args:
        name: a key of `BASELINES`.
        tables: columns `label`, `text` and `cleaned`; train may have `weight` and `parent_id`.
        params: how the linear ones see the rows.

    Raises:
        ParamsError: the name is unknown, or the baseline does not know these labels.
        DataError: a label has no training row, or no n-gram is frequent enough.
    """
    if name not in BASELINES:
        valid = ", ".join(BASELINES)
        raise ParamsError(f"baseline.names: unknown baseline {name!r}; valid: {valid}")
    with threadpool_limits(limits=1):
        return BASELINES[name](tables, params)
