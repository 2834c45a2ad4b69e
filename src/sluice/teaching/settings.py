"""Settings of what a network learns from a larger one beside the labels."""

from typing import Literal

from pydantic import Field

from sluice.params import Section

TeacherName = Literal["minilm-l6-v2"]


class Tuning(Section):
    """How a teacher learns the labels itself, before it teaches.

    Its upper layers are fine-tuned on the training texts that it reads; see
    `sluice.teaching.tuning`.
    """

    layers: int = Field(3, ge=1, le=6)
    """Layers that are trained, from the top; those below stay as they are, and words start from
    what they make of them. With all six that is the embedding layer's."""
    epochs: int = Field(1, ge=1)
    """Passes over the texts."""
    learning_rate: float = Field(2e-4, gt=0, allow_inf_nan=False)
    """Highest learning rate of the layers."""


class Noise(Section):
    """Texts that a teacher reads beside the training texts: copies with some words exchanged.

    See `sluice.teaching.noising`.
    """

    texts: int = Field(12_000, ge=1)
    """Most copies, one each of texts that the teacher reads, drawn at random."""
    share: float = Field(0.25, gt=0, le=1)
    """Share of words that are exchanged for others of the training texts."""


class Distillation(Section):
    """What a network learns from a larger one beside the labels."""

    teacher: TeacherName = "minilm-l6-v2"
    """Whose vectors of the training texts the encoder learns to tell."""
    weight: float = Field(2.0, gt=0, allow_inf_nan=False)
    """Weight of their mean squared error beside the cross entropy."""
    texts: int = Field(16_000, ge=1)
    """Most training texts that the teacher reads, drawn at random."""
    tuning: Tuning | None = Tuning()
    """How the teacher learns the labels first; null takes it as it comes."""
    noise: Noise | None = Noise()
    """Texts that it reads beside them; null has it read none."""
