"""What turns cleaned texts into a network's input: a vocabulary, and n-grams where there are any.

In: cleaned texts. Out: rows of tokens and a sparse matrix of n-grams. A reader is fitted on
training rows, stored beside the weights, and used for every later text.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sluice.errors import ModelError, ParamsError
from sluice.text.ngrams import (
    NgramParams,
    NgramReader,
    count_ngrams,
    fit_counts,
    fit_ngrams,
    load_ngrams,
)
from sluice.text.vocabulary import TokenParams, Vocabulary, fit_vocabulary, load_vocabulary
from sluice.tokens import Ngrams, TokenRows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class Reader(NamedTuple):
    """A fitted vocabulary and the n-grams beside it."""

    vocabulary: Vocabulary
    ngrams: NgramReader | None

    def read(self, texts: Sequence[str]) -> "tuple[TokenRows, csr_matrix | None]":
        """Tokens and n-grams of texts, a row each."""
        hashed = None if self.ngrams is None else self.ngrams.read(texts)
        return self.vocabulary.encode(texts), hashed

    def read_rows(self, texts: Sequence[str]) -> tuple[TokenRows, Ngrams | None]:
        """The same without scikit-learn and SciPy, n-grams as arrays."""
        hashed = None if self.ngrams is None else self.ngrams.read_rows(texts)
        return self.vocabulary.encode(texts), hashed

    def describe(self) -> dict[str, Any]:
        """A JSON-ready value that `load_reader` understands."""
        ngrams = None if self.ngrams is None else self.ngrams.describe()
        return {"vocabulary": self.vocabulary.describe(), "ngrams": ngrams}


def fit_reader(texts: Sequence[str], tokens: TokenParams, ngrams: NgramParams | None) -> Reader:
    """Learn a reader from the training rows' cleaned texts."""
    fitted = None if ngrams is None else fit_ngrams(texts, ngrams)
    return Reader(fit_vocabulary(texts, tokens), fitted)


def fit_and_read(
    texts: Sequence[str], tokens: TokenParams, ngrams: NgramParams | None
) -> "tuple[Reader, tuple[TokenRows, csr_matrix | None]]":
    """Learn a reader and read the same texts with it; their n-grams are counted once for both."""
    if ngrams is None:
        reader = fit_reader(texts, tokens, None)
        return reader, reader.read(texts)
    vocabulary, counts = fit_vocabulary(texts, tokens), count_ngrams(texts, ngrams)
    fitted = fit_counts(counts, ngrams)
    return Reader(vocabulary, fitted), (vocabulary.encode(texts), fitted.weigh(counts))


def load_reader(description: dict[str, Any]) -> Reader:
    """Build the reader that `Reader.describe` described.

    Raises:
        ModelError: the description is of another form.
    """
    try:
        ngrams = description["ngrams"]
        fitted = None if ngrams is None else load_ngrams(ngrams)
        return Reader(load_vocabulary(description["vocabulary"]), fitted)
    except (KeyError, TypeError, ValueError, ParamsError) as error:
        raise ModelError(
            f"vocabulary.json is not a reader ({error!r:.200}): train the model again"
        ) from error
