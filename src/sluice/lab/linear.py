"""The lab's default learner: a linear SVM over TF-IDF of word and character n-grams.

In: items by number, whose n-grams are counted once for the whole lab. Out: predicted labels. What
a fit may know is a matter of rows of that table: frequencies come from the arm's `known` items.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # published without types

from sluice.lab.arms import Arm, Items
from sluice.lab.rows import Integers
from sluice.models.linear import CHARACTERS, TOKENS, WORDS, weigh_known

MIN_ITEMS = 2
"""An n-gram in fewer known items than this is no feature."""


class Choice(NamedTuple):
    """A configuration that somebody might try."""

    blocks: tuple[str, ...] = ("words", "characters")
    c: float = 1.0


CHOICES = tuple(
    Choice(blocks, c)
    for blocks, c in itertools.product(
        (("words",), ("characters",), ("words", "characters")), (0.1, 0.3, 1.0, 3.0)
    )
)


class LinearLearner:
    """Counts n-grams of all items once; fits on those of an arm."""

    name = "linear SVM over TF-IDF of word and character n-grams"
    choices: Sequence[Any] = CHOICES

    def __init__(self, items: Items) -> None:
        self._labels = items.labels
        words = CountVectorizer(ngram_range=WORDS, token_pattern=TOKENS["cleaned"])
        characters = CountVectorizer(analyzer="char_wb", ngram_range=CHARACTERS)
        # Cleaned texts are small already, and single signs are tokens.
        self._counts: dict[str, csr_matrix] = {
            "words": words.fit_transform(items.texts),
            "characters": characters.fit_transform(items.texts),
        }

    def _features(self, block: str, known: Integers, wanted: list[Integers]) -> list[csr_matrix]:
        """TF-IDF of n-grams that are features to who knows the known items alone."""
        counts = self._counts[block]
        seen = counts[known]
        columns = np.flatnonzero(np.bincount(seen.indices, minlength=seen.shape[1]) >= MIN_ITEMS)
        return weigh_known(counts[:, columns], known, wanted)

    def predict(
        self, arm: Arm, asked: Sequence[Integers], seed: int, choices: Sequence[Any]
    ) -> Iterator[list[Integers]]:
        """Yield, for each choice, the predicted labels of each array of asked items."""
        blocks = {name: None for choice in choices for name in choice.blocks}
        wanted = [arm.train, *asked]
        made = {name: self._features(name, arm.known, wanted) for name in blocks}
        with threadpool_limits(limits=1):
            for choice in choices:
                train, *others = (
                    hstack([made[name][place] for name in choice.blocks], format="csr")
                    for place in range(len(wanted))
                )
                model = LinearSVC(C=choice.c, random_state=seed, max_iter=10_000)
                model.fit(train, self._labels[arm.train])
                yield [model.predict(rows) for rows in others]

    @property
    def default(self) -> Choice:
        """What is used where nothing is chosen."""
        return Choice()
