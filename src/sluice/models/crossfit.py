"""Probabilities for rows from models that did not see them: logistic regression, fold by fold.

In: texts, labels and the fold of each row. Out: one probability per label. Which rows are one fold
is the caller's matter, and what is read off the probabilities too.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # published without types

from sluice.errors import DataError
from sluice.models.linear import TOKENS, WORDS, weigh_known
from sluice.models.outcomes import Floats, Integers

_CHARACTERS = (2, 4)


def _count_ngrams(texts: Sequence[str], min_rows: int) -> list[csr_matrix]:
    """Counts of word and character n-grams; a fold's weights never see them with held-out labels.

    Raises:
        DataError: no n-gram is in enough rows.
    """
    words = CountVectorizer(ngram_range=WORDS, token_pattern=TOKENS["text"], min_df=min_rows)
    characters = CountVectorizer(analyzer="char_wb", ngram_range=_CHARACTERS, min_df=min_rows)
    try:
        return [words.fit_transform(texts), characters.fit_transform(texts)]
    except ValueError as error:  # scikit-learn's "empty vocabulary" and "no terms remain"
        raise DataError(
            f"no n-gram is in {min_rows} training rows: lower suspect.min_rows"
        ) from error


def _features(blocks: list[csr_matrix], train: Integers, held: Integers) -> list[csr_matrix]:
    scaled = [weigh_known(counts, train, (train, held)) for counts in blocks]
    return [csr_matrix(hstack(parts, format="csr")) for parts in zip(*scaled, strict=True)]


def cross_probabilities(
    texts: Sequence[str], labels: Integers, folds: Integers, classes: int, c: float, min_rows: int
) -> Floats:
    """Predict each fold by a model of all others, (rows, classes).

    Which n-grams there are is counted once over all rows, without labels; document frequencies and
    weights are of the other folds alone. A label that these lack has probability 0.

    Args:
        texts: (rows,).
        labels: (rows,).
        folds: fold of each row, (rows,).
        classes: how many labels there are.
        c: inverse strength of the L2 penalty.
        min_rows: rows that an n-gram needs.

    Raises:
        DataError: no n-gram is in enough rows.
    """
    found = np.zeros((len(labels), classes))
    blocks = _count_ngrams(texts, min_rows)
    with threadpool_limits(limits=1):
        for fold in np.unique(folds):
            train, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            present = np.unique(labels[train])
            if len(present) == 1:  # nothing to tell apart
                found[held, present[0]] = 1.0
                continue
            features, others = _features(blocks, train, held)
            model = LogisticRegression(C=c, solver="newton-cg", tol=1e-3, max_iter=100)
            model.fit(features, labels[train])
            found[np.ix_(held, present)] = model.predict_proba(others)
    return found
