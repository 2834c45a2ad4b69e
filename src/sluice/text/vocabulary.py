"""Vocabularies learnt on training texts: whole words, or subwords by byte-pair encoding.

In: cleaned texts (tokens between single spaces). Out: rows of token ids, and a JSON-ready
description from which the same vocabulary is built again. Fitting sees training rows only: which
rows those are is the caller's matter.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Literal, Protocol

import numpy as np
from pydantic import Field
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.trainers import BpeTrainer

from sluice.errors import ModelError
from sluice.params import Section
from sluice.tokens import PADDING, UNKNOWN, TokenRows, offsets_of, token_rows

RESERVED = ("<pad>", "<unk>")

# A mark before each word, not one before each continuation: with `continuing_subword_prefix` the
# trainer numbers continuations in hash order and breaks ties by number, so that two runs on the
# same texts differ (huggingface/tokenizers #1794).


class TokenParams(Section):
    """How texts become tokens."""

    kind: Literal["words", "subwords"] = "subwords"
    """Whole words, or subwords learnt on the training rows (Sennrich et al. 2016)."""
    size: int = Field(8000, ge=16)
    """Most tokens that the vocabulary holds, the two reserved ones included."""
    min_count: int = Field(2, ge=1)
    """Occurrences in the training rows that a word, or a pair of subwords, needs."""
    max_tokens: int = Field(64, ge=1)
    """Tokens of a row that are read; what stands behind is cut."""


class Vocabulary(Protocol):
    """What a vocabulary of either kind can do."""

    def __len__(self) -> int: ...

    @property
    def tokens(self) -> list[str]:
        """The tokens by id."""

    def frequent_words(self, most: int) -> list[str]:
        """The most frequent whole words that it holds; none where it holds parts of words."""

    def encode(self, texts: Sequence[str]) -> TokenRows:
        """Rows of token ids for texts, one row each, none empty."""

    def describe(self) -> dict[str, Any]:
        """A JSON-ready value that `load_vocabulary` understands."""


class WordVocabulary:
    """The most frequent words of the training rows; ties go by the alphabet."""

    def __init__(self, tokens: Sequence[str], max_tokens: int) -> None:
        self._tokens, self.max_tokens = list(tokens), max_tokens
        self._ids = {token: index for index, token in enumerate(self._tokens)}
        # A text may spell a reserved token: that is a word nobody knows, never padding.
        self._ids[RESERVED[PADDING]] = UNKNOWN

    def __len__(self) -> int:
        return len(self._tokens)

    @property
    def tokens(self) -> list[str]:
        return list(self._tokens)

    def frequent_words(self, most: int) -> list[str]:
        return self._tokens[len(RESERVED) : len(RESERVED) + most]

    def encode(self, texts: Sequence[str]) -> TokenRows:
        known, most = self._ids, self.max_tokens
        rows = [
            [known.get(word, UNKNOWN) for word in text.split()[:most]] or [UNKNOWN]
            for text in texts
        ]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return TokenRows(np.array(list(chain.from_iterable(rows)), np.int32), offsets_of(lengths))

    def describe(self) -> dict[str, Any]:
        return {"kind": "words", "max_tokens": self.max_tokens, "tokens": self._tokens}


class SubwordVocabulary:
    """Byte-pair encoding within words."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        self._tokenizer, self.max_tokens = tokenizer, max_tokens

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    @property
    def tokens(self) -> list[str]:
        return [self._tokenizer.id_to_token(index) or "" for index in range(len(self))]

    def frequent_words(self, most: int) -> list[str]:  # noqa: ARG002 - words have several tokens
        return []

    def encode(self, texts: Sequence[str]) -> TokenRows:
        single = [" ".join(text.split()) for text in texts]
        encoded = self._tokenizer.encode_batch_fast(single, add_special_tokens=False)
        # An empty text would be the mark of a word without a word.
        rows = [row.ids if text else [] for text, row in zip(single, encoded, strict=True)]
        lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
        flat = np.fromiter((token for row in rows for token in row), np.int32, int(lengths.sum()))
        return token_rows(np.where(flat == PADDING, UNKNOWN, flat), lengths, self.max_tokens)

    def describe(self) -> dict[str, Any]:
        model = json.loads(self._tokenizer.to_str())
        return {"kind": "subwords", "max_tokens": self.max_tokens, "tokenizer": model}


def _fit_words(texts: Iterable[str], params: TokenParams) -> WordVocabulary:
    counts = Counter(word for text in texts for word in text.split())
    taken = set(RESERVED)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    kept = [word for word, count in ranked if count >= params.min_count and word not in taken]
    return WordVocabulary([*RESERVED, *kept[: params.size - len(RESERVED)]], params.max_tokens)


def _mark_words() -> Metaspace:
    return Metaspace(prepend_scheme="always", split=True)


def _fit_subwords(texts: Iterable[str], params: TokenParams) -> SubwordVocabulary:
    tokenizer = Tokenizer(BPE(unk_token=RESERVED[UNKNOWN]))
    tokenizer.pre_tokenizer = _mark_words()
    trainer = BpeTrainer(
        vocab_size=params.size,
        min_frequency=params.min_count,
        special_tokens=list(RESERVED),
        show_progress=False,
    )
    tokenizer.train_from_iterator(iter(texts), trainer)
    return SubwordVocabulary(tokenizer, params.max_tokens)


def fit_vocabulary(texts: Iterable[str], params: TokenParams) -> Vocabulary:
    """Learn a vocabulary from the training rows' cleaned texts."""
    return (_fit_words if params.kind == "words" else _fit_subwords)(texts, params)


def load_vocabulary(description: dict[str, Any]) -> Vocabulary:
    """Build the vocabulary that `describe` described.

    Raises:
        ModelError: the description is of another form.
    """
    try:
        if description["kind"] == "words":
            return WordVocabulary(description["tokens"], description["max_tokens"])
        tokenizer = Tokenizer.from_str(json.dumps(description["tokenizer"]))
        return SubwordVocabulary(tokenizer, description["max_tokens"])
    except Exception as error:  # tokenizers raises bare Exception for a malformed model
        raise ModelError(
            f"vocabulary.json is not a vocabulary ({error!r:.200}): train the model again"
        ) from error
