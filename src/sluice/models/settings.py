"""What a network is made of and how it is trained: the choices, without the code that takes them.

In: sections of params.yaml. Out: frozen settings, or words that name what does not go together. It
needs no torch, so that settings can be checked in no time; networks are built in
`sluice.models.network`.
"""

from typing import Literal

from pydantic import Field, model_validator

from sluice.models.schedules import ScheduleName
from sluice.params import Section

CellName = Literal["rnn", "gru", "lstm"]
PoolingName = Literal["last", "mean", "max", "attention", "combined"]
NormalisationName = Literal["none", "layer", "batch"]
OptimiserName = Literal["adam", "adamw", "rmsprop", "sgd"]
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


class Processes(Section):
    """How many processes train one network together, each on its share of every batch."""

    devices: int = Field(1, ge=1, le=1024)
    """Processes that train one model together: as many GPUs of this machine, or without a GPU
    processes with `optimisation.threads` each. The batch is shared, not multiplied."""
    strategy: Literal["auto", "ddp"] = "auto"
    """Lightning's strategy; both mean one copy of the network in each process (`ddp`), and `auto`
    no process group where there is one device. Those that cut a network in parts are left out."""
    num_nodes: int = Field(1, ge=1, le=1024)
    """Machines that train one model together, `devices` on each (docs/devices.md)."""

    @property
    def processes(self) -> int:
        """How many there are in all."""
        return self.devices * self.num_nodes


class OptimisationParams(Section):
    """How the weights are found."""

    optimiser: OptimiserName = "adamw"
    """Which optimiser."""
    learning_rate: float = Field(2e-3, gt=0)
    """Highest learning rate."""
    wide_learning_rate: float = Field(3e-3, gt=0)
    """Highest learning rate of the wide part, whose features each see few rows."""
    weight_decay: float = Field(0.0, ge=0)
    """Weight decay (decoupled for `adamw`)."""
    schedule: ScheduleName = "linear"
    """How the learning rate falls after the warm-up."""
    warmup_share: float = Field(0.05, ge=0, lt=1)
    """Share of all steps in which the learning rate rises from zero."""
    gradient_clip: float = Field(1.0, ge=0)
    """Largest norm of the gradient (Pascanu et al. 2013); 0 clips nothing."""
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    """Share of the target spread over all labels (Szegedy et al. 2016)."""
    row_weights: bool = True
    """Whether a row counts in the loss by the weight that `augment` gave it; else all alike."""
    averaging_decay: float | None = Field(0.998, gt=0, lt=1)
    """Decay of the moving average of the weights (Polyak & Juditsky 1992); null: none."""
    batch_size: int = Field(64, ge=1)
    """Rows of a training batch."""
    max_epochs: int = Field(6, ge=1)
    """Most passes over the training rows."""
    max_batches: int | None = Field(None, ge=1)
    """Most batches of an epoch; null takes all. For trials."""
    min_steps: int = Field(0, ge=0)
    """Steps that a training takes at least: few rows are passed over more often than `max_epochs`
    says, and waited for as much longer. Not where `max_batches` is set."""
    patience: int | None = Field(3, ge=1)
    """Epochs without a better validation macro-F1 after which training stops; null never stops."""
    threads: int = Field(2, ge=1)
    """Processor threads. Sums depend on it in their last bits, so it is fixed here, not guessed."""

    def stretched(self, rows: int) -> "OptimisationParams":
        """The same with as many epochs, and as much patience, as `rows` need for `min_steps`."""
        needed = -(-self.min_steps // -(-rows // self.batch_size))
        if self.max_batches is not None or needed <= self.max_epochs:
            return self
        patience = self.patience and -(-self.patience * needed // self.max_epochs)
        return self.model_copy(update={"max_epochs": needed, "patience": patience})

    @model_validator(mode="after")
    def _agree(self) -> "OptimisationParams":
        if self.optimiser == "rmsprop" and self.weight_decay:
            raise ValueError("weight_decay has no decoupled form for optimiser: rmsprop; set it 0")
        return self
