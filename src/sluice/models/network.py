"""A network from its parameters: embedding, encoder, pooling, and an output layer of one head.

In: `NetworkParams` and the sizes of vocabulary and label set. Out: an nn.Module from tokens to
logits. It holds no optimiser and loads no data; training is in `sluice.models.classifier`.
"""

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from sluice.models.encoders import (
    AttentionRecurrent,
    CellName,
    ConvolutionRecurrent,
    Convolutions,
    Recurrent,
    Transformer,
)
from sluice.models.layers import (
    NormalisationName,
    Pooling,
    PoolingName,
    TokenEmbedding,
    VariationalDropout,
    WordDropout,
    normalisation,
)
from sluice.params import Section
from sluice.tokens import PADDING, UNKNOWN, Ngrams

EncoderName = Literal[
    "rnn",
    "gru",
    "lstm",
    "bilstm",
    "stacked_bilstm",
    "attention_bilstm",
    "cnn",
    "cnn_lstm",
    "transformer",
]
_TWO_WAY = ("bilstm", "stacked_bilstm", "attention_bilstm")
_NO_DIRECTION = ("cnn", "transformer")


class Dropouts(Section):
    """Shares of what training hides, each at its own place in the network."""

    embedding: float = Field(0.0, ge=0, lt=1)
    """Share of the token types whose vectors are dropped from a batch (Merity et al. 2018)."""
    word: float = Field(0.1, ge=0, lt=1)
    """Share of the tokens that are replaced by the unknown token."""
    variational: float = Field(0.2, ge=0, lt=1)
    """Share of the features dropped at all time steps alike, before each recurrent layer."""
    output: float = Field(0.3, ge=0, lt=1)
    """Share of the pooled features dropped before the output layer."""


class NetworkParams(Section):
    """The shape of the network."""

    encoder: EncoderName = "bilstm"
    """What reads the tokens."""
    embedding_size: int = Field(128, ge=1, le=4096)
    """Features of a token's vector."""
    hidden_size: int = Field(128, ge=1, le=4096)
    """Features of a recurrent state (of each direction), of a convolution's channels per width,
    or of the transformer."""
    layers: int = Field(1, ge=1, le=16)
    """Layers of the encoder; `stacked_bilstm` has at least two."""
    bidirectional: bool | None = None
    """Whether recurrent layers also read backward; null leaves it to the encoder's name."""
    pooling: PoolingName = "combined"
    """How the outputs of all positions become one vector."""
    normalisation: NormalisationName = "none"
    """Normalisation of the pooled vector."""
    kernel_sizes: tuple[int, ...] = (3, 4, 5)
    """Widths of the convolutions, in tokens (`cnn`, `cnn_lstm`)."""
    pool_stride: int = Field(2, ge=1)
    """Positions that the maximum after a convolution joins (`cnn_lstm`)."""
    attention_heads: int = Field(4, ge=1)
    """Heads of self-attention (`attention_bilstm`, `transformer`)."""
    dropout: Dropouts = Dropouts()
    """The dropouts."""

    @model_validator(mode="after")
    def _agree(self) -> "NetworkParams":
        if self.bidirectional is False and self.encoder in _TWO_WAY:
            raise ValueError(f"bidirectional: false contradicts encoder: {self.encoder}")
        if self.bidirectional and self.encoder in _NO_DIRECTION:
            raise ValueError(f"bidirectional: true means nothing to encoder: {self.encoder}")
        if self.encoder == "stacked_bilstm" and self.layers < 2:
            raise ValueError(f"layers: {self.layers} is too few for encoder: stacked_bilstm")
        if not self.kernel_sizes or min(self.kernel_sizes) < 1:
            raise ValueError("kernel_sizes must be one or more widths of at least 1")
        attends = {"attention_bilstm": 2 * self.hidden_size, "transformer": self.hidden_size}
        if attends.get(self.encoder, 0) % self.attention_heads:
            raise ValueError(
                f"attention_heads: {self.attention_heads} does not divide "
                f"hidden_size: {self.hidden_size}"
            )
        return self

    @property
    def is_bidirectional(self) -> bool:
        """Whether recurrent layers of this encoder read both ways."""
        return self.encoder in _TWO_WAY or bool(self.bidirectional)


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
        """Start the embedding from pretrained vectors, (vocabulary, embedding).

        A row of zeros (a token without a vector) keeps its random start.
        """
        known = vectors.abs().sum(dim=1) > 0
        with torch.no_grad():
            self.embedding.weight[known] = vectors[known]

    def read_embedded(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """(batch, time, embedding) vectors of tokens -> (batch, classes) logits, no wide part."""
        outputs, lengths = self.encoder(self.input_dropout(embedded), lengths)
        pooled = self.normalisation(self.pooling(outputs, lengths))
        logits: Tensor = self.output(self.output_dropout(pooled))
        return logits

    def forward(self, tokens: Tensor, lengths: Tensor, ngrams: Ngrams | None = None) -> Tensor:
        """(batch, time) token ids and (batch,) lengths >= 1 -> (batch, classes) logits."""
        logits = self.read_embedded(self.embedding(self.word_dropout(tokens)), lengths)
        if self.wide is not None and ngrams is not None:
            logits = logits + self.wide(
                ngrams.ids, ngrams.starts, per_sample_weights=ngrams.weights
            )
        return logits
