"""Which words of a text a reader's tokens and n-grams belong to.

In: the words of a cleaned text. Out: for each word its tokens, and its share of each n-gram. What
is shared out along these lines is not known here.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from sluice.text.ngrams import NgramParams, count_ngrams
from sluice.text.vocabulary import Vocabulary
from sluice.tokens import Ints


def token_words(words: Sequence[str], vocabulary: Vocabulary, tokens: int) -> Ints:
    """The number of the word that each of a text's first `tokens` tokens belongs to, (tokens,).

    No token crosses a space, so a word alone has the tokens that it has in its text.
    """
    lengths = vocabulary.encode(words).lengths
    return np.repeat(np.arange(len(words)), lengths)[:tokens].astype(np.int64)


def _windows(words: Sequence[str], size: int) -> tuple[list[str], csr_matrix]:
    """All runs of `size` words, and each word's share of each: (words, runs)."""
    count = max(len(words) - size + 1, 0)
    runs = [" ".join(words[start : start + size]) for start in range(count)]
    rows = (np.arange(count)[:, None] + np.arange(size)).ravel()
    columns = np.repeat(np.arange(count), size)
    shares = np.full(count * size, 1 / size)
    return runs, csr_matrix((shares, (rows, columns)), shape=(len(words), count))


def _counts(texts: Sequence[str], params: NgramParams, features: Ints) -> npt.NDArray[np.float64]:
    """How often each text holds each of the rising features, (texts, features)."""
    found = count_ngrams(texts, params)
    places = np.minimum(np.searchsorted(features, found.ids), len(features) - 1)
    wanted = features[places] == found.ids
    counts = np.zeros((len(texts), len(features)))
    counts[found.owners[wanted], places[wanted]] = found.weights[wanted]
    return counts


def ngram_shares(
    words: Sequence[str], params: NgramParams, features: Ints
) -> npt.NDArray[np.float64]:
    """Share of each word in each n-gram of the text: (words, features), columns summing to one.

    An n-gram of words belongs to its words alike; n-grams of characters do not cross spaces, and so
    belong to one word. Occurrences, and n-grams with one hash, count alike.

    Args:
        words: of one text.
        params: of the n-grams.
        features: numbers of the n-grams, rising, (features,).
    """
    (low, high), of_words = params.words, features < params.buckets
    letters = _counts(words, params, features)
    counts = np.where(of_words, 0.0, letters)
    for size in range(low, high + 1):
        runs, shares = _windows(words, size)
        if runs:
            alone = params.model_copy(update={"words": (size, size)})
            held = shares @ _counts(runs, alone, features)
            counts += np.where(of_words, held, 0.0)
    totals = counts.sum(axis=0, keepdims=True)
    shared: npt.NDArray[np.float64] = np.divide(
        counts, totals, out=np.zeros_like(counts), where=totals > 0
    )
    return shared
