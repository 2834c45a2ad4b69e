"""What the champion sees in texts: its answers, and the traits by which batches are compared.

In: a loaded model and texts. Out: `Seen`, one entry for each text. Nothing is compared here: that
is `sluice.watching.statistics`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import HashingVectorizer

from sluice.data.batches import LabelledRows, predicted_batches
from sluice.models.inference import predict_probabilities
from sluice.serving.model import Model
from sluice.temperature import apply_temperature, scores_of

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
WORD_START = "\N{LOWER ONE EIGHTH BLOCK}"
"""Begins a token that begins a word, in a vocabulary of subwords."""
BUCKETS = 2**18
"""Hashed words: of the words of two batches few share a number."""


class Seen(NamedTuple):
    """What is known of texts, a row each."""

    probabilities: Floats
    """Of each label, by the model's temperature, (rows, labels)."""
    features: Floats
    """What the network's last layer reads: the text in numbers, (rows, features)."""
    words: Integers
    """Words after cleaning, (rows,)."""
    unknown: Integers
    """Words among them that the vocabulary does not hold whole, (rows,)."""
    bags: csr_matrix
    """1 for each hashed word that a text has, (rows, `BUCKETS`)."""

    @property
    def said(self) -> Integers:
        """Index of the label that is said, (rows,)."""
        labels: Integers = self.probabilities.argmax(axis=1).astype(np.int64)
        return labels

    @property
    def confidence(self) -> Floats:
        """Probability of the label that is said, (rows,)."""
        highest: Floats = self.probabilities.max(axis=1)
        return highest

    @property
    def unknown_share(self) -> Floats:
        """Share of each text's words that are unknown, (rows,)."""
        shares: Floats = self.unknown / np.maximum(self.words, 1)
        return shares

    def take(self, rows: Integers) -> "Seen":
        """Some of the rows."""
        return Seen(
            self.probabilities[rows],
            self.features[rows],
            self.words[rows],
            self.unknown[rows],
            self.bags[rows],
        )

    def join(self, other: "Seen") -> "Seen":
        """These rows, and those of another one below."""
        return Seen(
            np.concatenate([self.probabilities, other.probabilities]),
            np.concatenate([self.features, other.features]),
            np.concatenate([self.words, other.words]),
            np.concatenate([self.unknown, other.unknown]),
            vstack([self.bags, other.bags], format="csr"),
        )


def count_words(cleaned: Sequence[str]) -> csr_matrix:
    """1 for each hashed word of each text, (rows, `BUCKETS`)."""
    hashing = HashingVectorizer(
        n_features=BUCKETS,
        tokenizer=str.split,
        token_pattern=None,
        lowercase=False,
        binary=True,
        norm=None,
        alternate_sign=False,
    )
    found: csr_matrix = hashing.transform(cleaned)
    return found


def known_words(model: Model) -> frozenset[str]:
    """Words that are one token of the model's vocabulary."""
    tokens = model.reader.vocabulary.tokens
    starts = [token[1:] for token in tokens if token.startswith(WORD_START)]
    return frozenset(starts or tokens)


def count_unknown(model: Model, cleaned: Sequence[str]) -> Counter[str]:
    """How often each unknown word stands in cleaned texts."""
    known = known_words(model)
    return Counter(word for text in cleaned for word in text.split() if word not in known)


def see(model: Model, cleaned: Sequence[str]) -> Seen:
    """Read cleaned texts with the model."""
    tokens, ngrams = model.reader.read(list(cleaned))
    rows = LabelledRows.unlabelled(tokens, ngrams)
    batches, taken = predicted_batches(rows), list[torch.Tensor]()
    hook = model.network.output.register_forward_pre_hook(
        lambda _, inputs: taken.append(inputs[0].detach())
    )
    try:
        probabilities = predict_probabilities(model.network, batches).astype(np.float64)
    finally:
        hook.remove()
    features = np.zeros((len(tokens), model.network.output.in_features))
    features[np.concatenate(batches.indices)] = torch.cat(taken).numpy()
    known = known_words(model)
    parts = [text.split() for text in cleaned]
    return Seen(
        apply_temperature(scores_of(probabilities), model.config.temperature),
        features,
        np.array([len(words) for words in parts], np.int64),
        np.array([sum(word not in known for word in words) for words in parts], np.int64),
        count_words(cleaned),
    )
