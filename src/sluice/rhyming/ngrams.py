"""The baseline: a Kneser-Ney n-gram model on the same tokens as the networks.

In: token numbers of rhymes. Out: the probability of each token after those before it. Order,
discount and the weight of a uniform distribution are chosen on the validation rhymes.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from nltk.lm.counter import NgramCounter
from nltk.lm.models import InterpolatedLanguageModel
from nltk.lm.smoothing import KneserNey
from nltk.lm.vocabulary import Vocabulary as Words

from sluice.rhyming.settings import Ngrams
from sluice.rhyming.vocabulary import RHYME_ID

Floats = npt.NDArray[np.float64]


class Choice(NamedTuple):
    """What was chosen, and the score that led to it."""

    order: int
    discount: float
    uniform: float
    """Weight of the uniform distribution."""
    loss: float
    """Nats per token on the validation rhymes."""


def _ngrams(rhyme: Sequence[int], order: int) -> list[tuple[str, ...]]:
    """N-grams of all lengths that end in a token of the rhyme or in its end, padded before it."""
    row = [str(one) for one in (*[RHYME_ID] * (order - 1), *rhyme, RHYME_ID)]
    return [
        tuple(row[end - length : end])
        for end in range(order, len(row) + 1)
        for length in range(1, order + 1)
    ]


def count_ngrams(rhymes: Sequence[Sequence[int]], order: int) -> NgramCounter:
    """Count the n-grams of the training rhymes up to an order."""
    return NgramCounter([_ngrams(rhyme, order) for rhyme in rhymes])


class _IndexedKneserNey(KneserNey):  # type: ignore[misc]  # nltk is published without types
    """The estimator of `nltk.lm` with its continuation counts looked up, not counted each time."""

    def __init__(self, vocabulary: Words, counter: NgramCounter, **rest: Any) -> None:
        super().__init__(vocabulary, counter, **rest)
        self._after: Counter[tuple[tuple[str, ...], str]] = Counter()
        self._totals: Counter[tuple[str, ...]] = Counter()
        for length in range(2, self._order + 1):
            for prefix, words in counter[length].items():
                self._after.update((prefix[1:], word) for word in words)
                self._totals[prefix[1:]] += len(words)

    def _continuation_counts(self, word: str, context: tuple[str, ...] = ()) -> tuple[int, int]:
        return self._after[context, word], self._totals[context]


def make_model(
    counter: NgramCounter, order: int, discount: float, size: int
) -> InterpolatedLanguageModel:
    """Give the interpolated model (Kneser & Ney 1995; Chen & Goodman 1999, 2.7, one discount)."""
    words = Words([str(one) for one in range(size)], unk_cutoff=1)
    options = {"discount": discount, "order": order}
    return InterpolatedLanguageModel(
        _IndexedKneserNey, order, params=options, vocabulary=words, counter=counter
    )


def score_rhyme(model: InterpolatedLanguageModel, rhyme: Sequence[int]) -> Floats:
    """Probability of each token of a rhyme and of its end, (tokens + 1,)."""
    order = model.order
    full = _ngrams(rhyme, order)[order - 1 :: order]
    return np.array([model.score(one[-1], one[:-1]) for one in full])


def mix_uniform(scores: Floats, weight: float, size: int) -> Floats:
    """Logarithm of a mixture with the uniform distribution over `size` tokens."""
    return np.asarray(np.log((1 - weight) * scores + weight / size), dtype=np.float64)


def choose(
    train: Sequence[Sequence[int]],
    validation: Sequence[Sequence[int]],
    size: int,
    params: Ngrams,
) -> list[Choice]:
    """Try all combinations on the validation rhymes; the best first."""
    tried = []
    for order in params.orders:
        counter = count_ngrams(train, order)
        for discount in params.discounts:
            model = make_model(counter, order, discount, size)
            scores = np.concatenate([score_rhyme(model, rhyme) for rhyme in validation])
            for weight in params.uniform:
                loss = -float(mix_uniform(scores, weight, size).mean())
                tried.append(Choice(order, discount, weight, loss))
    return sorted(tried, key=lambda one: one.loss)


def score_chosen(
    train: Sequence[Sequence[int]], rhymes: Sequence[Sequence[int]], size: int, choice: Choice
) -> list[Floats]:
    """Logarithms of the probability of each token of some rhymes and of their ends."""
    model = make_model(count_ngrams(train, choice.order), choice.order, choice.discount, size)
    return [mix_uniform(score_rhyme(model, rhyme), choice.uniform, size) for rhyme in rhymes]
