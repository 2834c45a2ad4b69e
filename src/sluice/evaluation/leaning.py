"""Which tokens a linear model leans on most: the first place to look for a shortcut.

In: training rows' tokens and labels, and test rows' tokens. Out: a table of tokens. It stops at the
table: whether a token is a shortcut is for a reader to say.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # published without types

MIN_ROWS = 5
"""Training rows that a token must be in."""


def _weights(model: LogisticRegression) -> np.ndarray:
    """Coefficients, (labels, tokens); two labels share one row of them."""
    found: np.ndarray = model.coef_
    return np.vstack([-found, found]) if len(found) == 1 else found


def leaned_on(
    train: pd.DataFrame, test_texts: pd.Series, label_names: Sequence[str], limit: int
) -> pd.DataFrame:
    """Rank tokens by how much a logistic regression over a bag of words makes of them.

    The rank is the global importance of Ribeiro et al. 2016, "Why Should I Trust You?", section 4:
    sqrt(sum_i |W_ij|), where a token's weight in a row is its coefficient if it is there; so
    sqrt(rows |w|). The coefficients are those of the label that the token speaks for most.

    Args:
        train: columns `cleaned` and `label`.
        test_texts: cleaned texts of the test rows.
        label_names: labels in the order of `ingest.labels`.
        limit: how many tokens.

    Returns:
        Columns `token`, `label`, `weight`, `importance`, `train_rows`, `test_rows`.
    """
    reader = CountVectorizer(analyzer=str.split, binary=True, min_df=min(MIN_ROWS, len(train)))
    try:
        seen = reader.fit_transform(train["cleaned"])
    except ValueError:  # no token is in so many rows
        return pd.DataFrame(
            columns=["token", "label", "weight", "importance", "train_rows", "test_rows"]
        )
    labels = pd.Index(label_names).get_indexer(pd.Index(train["label"]))
    with threadpool_limits(limits=1):
        model = LogisticRegression(solver="newton-cg", tol=1e-4, max_iter=200).fit(seen, labels)
    weights = _weights(model)
    best, strongest = model.classes_[weights.argmax(axis=0)], weights.max(axis=0)
    rows = np.asarray(seen.sum(axis=0)).ravel()
    importance = np.sqrt(rows * strongest)
    order = np.lexsort((np.arange(len(rows)), -importance))[:limit]
    held = np.asarray(reader.transform(test_texts).sum(axis=0)).ravel()
    return pd.DataFrame(
        {
            "token": reader.get_feature_names_out()[order],
            "label": [label_names[int(place)] for place in best[order]],
            "weight": strongest[order],
            "importance": importance[order],
            "train_rows": rows[order],
            "test_rows": held[order],
        }
    )
