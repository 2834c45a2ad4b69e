"""A network from its parameters: embedding, encoder, pooling, and an output layer of one head.

In: `NetworkParams` and the sizes of vocabulary and label set. Out: an nn.Module from tokens to
logits. It holds no optimiser and loads no data; training is in `sluice.models.classifier`.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sluice.models.encoders import (
    AttentionRecurrent,
    ConvolutionRecurrent,
    Convolutions,
    Recurrent,
    Transformer,
)
from sluice.models.layers import (
    Pooling,
    TokenEmbedding,
    VariationalDropout,
    WordDropout,
    normalisation,
)
from sluice.models.settings import CellName, EncoderName, NetworkParams
from sluice.tokens import PADDING, UNKNOWN, Ngrams


def _recurrent(params: NetworkParams, cell: CellName, input_size: int) -> Recurrent:
    return Recurrent(
        cell,
        input_size,
        params.hidden_size,
        params.layers,
        params.is_bidirectional,
        params.dropout.variational,
    )


def _convolutions(params: NetworkParams) -> Convolutions:
    return Convolutions(params.embedding_size, params.hidden_size, params.kernel_sizes)


def _attention(params: NetworkParams) -> AttentionRecurrent:
    return AttentionRecurrent(
        _recurrent(params, "lstm", params.embedding_size),
        params.attention_heads,
        params.dropout.variational,
    )


def _hybrid(params: NetworkParams) -> ConvolutionRecurrent:
    convolutions = _convolutions(params)
    recurrent = _recurrent(params, "lstm", convolutions.output_size)
    return ConvolutionRecurrent(convolutions, recurrent, params.pool_stride)


def _transformer(params: NetworkParams) -> Transformer:
    return Transformer(
        params.embedding_size,
        params.hidden_size,
        params.layers,
        params.attention_heads,
        params.dropout.variational,
    )


def _lstm(params: NetworkParams) -> Recurrent:
    return _recurrent(params, "lstm", params.embedding_size)


ENCODERS: dict[EncoderName, Callable[[NetworkParams], nn.Module]] = {
    "rnn": lambda params: _recurrent(params, "rnn", params.embedding_size),
    "gru": lambda params: _recurrent(params, "gru", params.embedding_size),
    "lstm": _lstm,
    "bilstm": _lstm,
    "stacked_bilstm": _lstm,
    "attention_bilstm": _attention,
    "cnn": _convolutions,
    "cnn_lstm": _hybrid,
    "transformer": _transformer,
}


class Reading(NamedTuple):
    """What a network makes of rows."""

    logits: Tensor
    """(batch, classes)"""
    pooled: Tensor
    """The encoder's vector of each row, before the output layer's dropout, (batch, pooled)."""


class TextNetwork(nn.Module):
    """Tokens to logits: embedding -> encoder -> pooling -> linear, and n-grams straight to them.

    The wide part (Cheng et al. 2016) is a linear model over hashed n-grams whose logits are added:
    the encoder learns what a linear model does not say already. Without n-grams it is absent.
    """

    def __init__(
        self, params: NetworkParams, vocabulary_size: int, classes: int, ngram_features: int = 0
    ) -> None:
        super().__init__()
        dropout = params.dropout
        self.word_dropout = WordDropout(dropout.word, UNKNOWN, PADDING)
        self.embedding = TokenEmbedding(
            vocabulary_size, params.embedding_size, dropout.embedding, PADDING
        )
        self.input_dropout = VariationalDropout(dropout.variational)
        self.encoder = ENCODERS[params.encoder](params)
        features = int(self.encoder.output_size)  # type: ignore[arg-type]  # an int in each encoder
        self.pooling = Pooling(params.pooling, features, bool(self.encoder.bidirectional))
        self.normalisation = normalisation(params.normalisation, self.pooling.output_size)
        self.output_dropout = nn.Dropout(dropout.output)
        self.output = nn.Linear(self.pooling.output_size, classes)
        self.wide: nn.EmbeddingBag | None = None
        if ngram_features:
            self.wide = nn.EmbeddingBag(ngram_features, classes, mode="sum")
            nn.init.zeros_(self.wide.weight)

    def load_vectors(self, vectors: Tensor) -> None:
        """Start the first features of the embedding from pretrained vectors, (vocabulary, those).

        The features behind them, and a row of zeros (a token without a vector), keep their random
        start: what the vectors cannot tell apart, training can.
        """
        known = vectors.abs().sum(dim=1) > 0
        with torch.no_grad():
            self.embedding.weight[known, : vectors.shape[1]] = vectors[known]

    def _pool(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """(batch, time, embedding) vectors of tokens -> (batch, pooled)."""
        outputs, lengths = self.encoder(self.input_dropout(embedded), lengths)
        pooled: Tensor = self.normalisation(self.pooling(outputs, lengths))
        return pooled

    def read_embedded(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """(batch, time, embedding) vectors of tokens -> (batch, classes) logits, no wide part."""
        logits: Tensor = self.output(self.output_dropout(self._pool(embedded, lengths)))
        return logits

    def read(self, tokens: Tensor, lengths: Tensor, ngrams: Ngrams | None = None) -> Reading:
        """The same as `forward`, with what the encoder made of each row."""
        pooled = self._pool(self.embedding(self.word_dropout(tokens)), lengths)
        logits: Tensor = self.output(self.output_dropout(pooled))
        if self.wide is not None and ngrams is not None:
            logits = logits + self.add_ngrams(ngrams)
        return Reading(logits, pooled)

    def add_ngrams(self, ngrams: Ngrams) -> Tensor:
        """What n-grams add to the logits, (batch, classes), in a network with a wide part."""
        assert self.wide is not None  # noqa: S101 - the caller knows
        added: Tensor = self.wide(ngrams.ids, ngrams.starts, per_sample_weights=ngrams.weights)
        return added

    def forward(self, tokens: Tensor, lengths: Tensor, ngrams: Ngrams | None = None) -> Tensor:
        """(batch, time) token ids and (batch,) lengths >= 1 -> (batch, classes) logits."""
        return self.read(tokens, lengths, ngrams).logits
