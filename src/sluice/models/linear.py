"""The strongest of the simple: linear models over TF-IDF word and character n-grams.

In: the tables of a split. Out: probabilities, with the C that validation picked.
It stops at validation; the test rows are only predicted. A network is measured against these.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, PositiveFloat
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from sluice.errors import DataError
from sluice.models.outcomes import Floats, Integers, Outcome, Tables, calibrate
from sluice.params import Section

# A cleaned text is tokens between spaces; an original one is words and single marks.
TOKENS = {"cleaned": r"\S+", "text": r"\w+|[^\w\s]"}
WORDS, CHARACTERS = (1, 2), (3, 5)


class LinearParams(Section):
    """How the linear baselines see and weigh the rows."""

    column: Literal["cleaned", "text"] = "text"
    """Column whose n-grams are counted: the cleaned tokens or the original text."""
    min_rows: int = Field(default=2, ge=1)
    """An n-gram in fewer training rows than this is no feature."""
    balanced: bool = True
    """Give every class the same total weight in training."""
    c_grid: tuple[PositiveFloat, ...] = Field(default=(0.1, 0.3, 1.0), min_length=1)
    """Inverse strengths of the L2 penalty, of which validation macro-F1 picks one."""
    seed: int = Field(default=0, ge=0)
    """Seed of the order in which the SVM's solver visits rows."""


def row_weights(labels: Integers, weights: Floats, balanced: bool) -> Floats:
    """Scale the weights so that each class has the same total, or leave them, (rows,).

    With equal weights this is scikit-learn's `class_weight="balanced"` (King & Zeng 2001).
    """
    if not balanced:
        return weights
    totals = np.bincount(labels, weights=weights)
    factors: Floats = totals.sum() / (len(totals) * totals)
    return weights * factors[labels]


def ngram_features(params: LinearParams) -> FeatureUnion:
    """TF-IDF of word 1-2-grams and character 3-5-grams within words, with log-scaled counts.

    Joachims 1998, "Text Categorization with Support Vector Machines", for the words; Cavnar &
    Trenkle 1994, "N-Gram-Based Text Categorization", for the characters.
    """
    shared: dict[str, Any] = {"min_df": params.min_rows, "sublinear_tf": True}
    words = TfidfVectorizer(ngram_range=WORDS, token_pattern=TOKENS[params.column], **shared)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=CHARACTERS, **shared)
    return FeatureUnion([("words", words), ("characters", characters)])


def weigh_known(
    counts: csr_matrix, known: Integers, wanted: Sequence[Integers]
) -> list[csr_matrix]:
    """TF-IDF with log-scaled counts of each array of wanted rows, (wanted, n-grams) each.

    Document frequencies are those of the known rows alone.
    """
    scale = TfidfTransformer(sublinear_tf=True).fit(counts[known])
    return [scale.transform(counts[rows]) for rows in wanted]


def _check_labels(tables: Tables, labels: Integers) -> None:
    counts = np.bincount(labels, minlength=len(tables.label_names))
    if not counts.all():
        missing = tables.label_names[int(np.argmin(counts))]
        raise DataError(
            f"no training row has the label {missing!r}: a linear baseline needs all labels; "
            "check section split, or take the label out of ingest.labels"
        )


def _features(tables: Tables, params: LinearParams) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
    union = ngram_features(params)
    try:
        train = union.fit_transform(tables.train[params.column])
    except ValueError as error:  # scikit-learn's "empty vocabulary" and "no terms remain"
        raise DataError(
            f"no n-gram of column {params.column} is in {params.min_rows} training rows: "
            "lower baseline.min_rows"
        ) from error
    others = (union.transform(part[params.column]) for part in (tables.validation, tables.test))
    return train, *others


def _given_weights(train: pd.DataFrame) -> Floats:
    if "weight" not in train:
        return np.ones(len(train))
    return train["weight"].to_numpy(dtype=np.float64)


class _Picked(NamedTuple):
    model: Any
    validation: csr_matrix
    test: csr_matrix
    facts: dict[str, Any]


def _pick_strength(make: Callable[[float], Any], tables: Tables, params: LinearParams) -> _Picked:
    """Fit one model per C of the grid; keep the best on validation, of equals the first."""
    labels, expected = tables.indices(tables.train), tables.indices(tables.validation)
    _check_labels(tables, labels)
    train, validation, test = _features(tables, params)
    weights = row_weights(labels, _given_weights(tables.train), params.balanced)
    models = [make(c).fit(train, labels, sample_weight=weights) for c in params.c_grid]
    scores = [f1_score(expected, model.predict(validation), average="macro") for model in models]
    best = int(np.argmax(scores))
    grid = [{"c": c, "macro_f1": f1} for c, f1 in zip(params.c_grid, scores, strict=True)]
    facts = {"c": params.c_grid[best], "grid": grid, "features": train.shape[1]}
    return _Picked(models[best], validation, test, facts)


def _scores(model: LinearSVC, features: csr_matrix) -> Floats:
    """One score per label, (rows, labels); two labels share one hyperplane."""
    scores: Floats = model.decision_function(features)
    return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores


def predict_svm(tables: Tables, params: LinearParams) -> Outcome:
    """Predict by a linear SVM, each label against the rest (Fan et al. 2008, LIBLINEAR).

    An SVM has no probabilities of its own: its scores go through a softmax whose temperature is
    fitted on validation.

    Raises:
        DataError: a label has no training row, or no n-gram is frequent enough.
    """

    def make(c: float) -> LinearSVC:
        return LinearSVC(C=c, random_state=params.seed, max_iter=10_000)

    model, validation, test, facts = _pick_strength(make, tables, params)
    labels = tables.indices(tables.validation)
    return calibrate(_scores(model, validation), _scores(model, test), labels, facts)


def predict_logreg(tables: Tables, params: LinearParams) -> Outcome:
    """Predict by multinomial logistic regression with an L2 penalty and its own probabilities.

    Newton's method, because it converges in a handful of steps where L-BFGS takes several times
    as long and stops short.

    Raises:
        DataError: a label has no training row, or no n-gram is frequent enough.
    """

    def make(c: float) -> LogisticRegression:
        return LogisticRegression(C=c, solver="newton-cg", tol=1e-5, max_iter=500)

    model, validation, test, facts = _pick_strength(make, tables, params)
    return Outcome(model.predict_proba(validation), model.predict_proba(test), facts)
