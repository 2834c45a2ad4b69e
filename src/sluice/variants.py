"""Variants: section `train` of params.yaml, and the settings that each variant makes of it.

In: the section. Out: the settings of one variant, the shared ones overlaid by its own. It stops at
settings: training is in `sluice.stages.train`.
"""

from typing import Annotated, Any

from pydantic import Field, model_validator

from sluice.errors import ParamsError
from sluice.models.settings import NetworkParams, OptimisationParams, Processes
from sluice.params import KeysOf, Section, parse_section, written_as
from sluice.teaching.settings import Distillation
from sluice.teaching.starting import FEATURES, StartName
from sluice.text.ngrams import NgramParams
from sluice.text.vocabulary import TokenParams


class Settings(Section):
    """What one variant is trained with."""

    tokens: TokenParams = TokenParams()
    """How texts become tokens."""
    model: NetworkParams = NetworkParams()
    """The shape of the network."""
    optimisation: OptimisationParams = OptimisationParams()
    """How the weights are found."""
    ngrams: NgramParams | None = None
    """N-grams that a wide part reads beside the encoder; null builds none."""
    pretrained: StartName | None = None
    """Pretrained word vectors that the embedding starts from; features that it has beside them,
    and all of them where this is null, start from noise."""
    distillation: Distillation | None = None
    """What the encoder learns from a larger network; null learns from labels alone."""

    @model_validator(mode="after")
    def _vectors_fit(self) -> "Settings":
        if self.pretrained is None:
            return self
        if self.tokens.kind != "words":
            raise ValueError(
                f"pretrained: {self.pretrained} has vectors of words: set tokens.kind to words, "
                f"not {self.tokens.kind}"
            )
        if self.model.embedding_size < FEATURES[self.pretrained]:
            raise ValueError(
                f"model.embedding_size: {self.model.embedding_size} is too small for "
                f"pretrained: {self.pretrained}, which has {FEATURES[self.pretrained]} features"
            )
        return self

    @property
    def teacher(self) -> Distillation | None:
        """How a teacher reads the training texts, for their vectors or words'; null: nobody does.

        Who tells words alone needs no labels.
        """
        if self.distillation is not None:
            return self.distillation
        if self.pretrained is None or self.pretrained == "glove-6b-50d":
            return None
        return Distillation(teacher=self.pretrained, tuning=None, noise=None)

    @property
    def ngram_features(self) -> int:
        """Features of the wide part; 0 where there is none."""
        return 0 if self.ngrams is None else self.ngrams.features


# Names become parts of paths.
VariantName = Annotated[
    str,
    written_as(r"[a-z0-9][a-z0-9_]{0,63}", "1 to 64 of a-z, 0-9 and _, the first not _"),
]


class Train(Processes):
    """Section `train` of params.yaml."""

    models: tuple[VariantName, ...] = Field(min_length=1)
    """Names of the variants to train, each one of `variants`."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    """Seeds; each variant is trained once with each."""
    tokens: Annotated[dict[str, Any], KeysOf(TokenParams)] = Field(default_factory=dict)
    """How texts become tokens, for all variants."""
    model: Annotated[dict[str, Any], KeysOf(NetworkParams)] = Field(default_factory=dict)
    """The shape of the network, for all variants."""
    optimisation: Annotated[dict[str, Any], KeysOf(OptimisationParams)] = Field(
        default_factory=dict
    )
    """How the weights are found, for all variants."""
    ngrams: Annotated[dict[str, Any] | None, KeysOf(NgramParams)] = None
    """N-grams of the wide part, for all variants; null builds none."""
    pretrained: StartName | None = None
    """Pretrained word vectors, for all variants."""
    distillation: Annotated[dict[str, Any] | None, KeysOf(Distillation)] = None
    """What the encoders learn from a larger network, for all variants; null: nothing."""
    variants: dict[VariantName, dict[str, Any]] = Field(default_factory=dict)
    """What each variant sets differently, by name."""

    def settings(self, name: str) -> Settings:
        """The settings of one variant: the shared ones, overlaid by its own.

        Raises:
            ParamsError: the variant is unknown, or a key or value of it is not usable, also beside
                several processes.
        """
        if name not in self.variants:
            valid = ", ".join(sorted(self.variants))
            raise ParamsError(f"train.models: unknown model {name}; train.variants has: {valid}")
        shared = self.model_dump(include=set(Settings.model_fields))
        found = parse_section(overlay(shared, self.variants[name]), Settings, f"train ({name})")
        if self.processes > 1 and found.model.normalisation == "batch":
            raise ParamsError(
                f"train ({name}): model.normalisation: batch does not go with train.devices: "
                f"{self.devices} and train.num_nodes: {self.num_nodes}, each process would take "
                "the mean of its own rows; use layer"
            )
        return found


def overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, mappings within them too; all else is taken whole."""
    merged = dict(below)
    for key, value in above.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = overlay(merged[key], value) if nested else value
    return merged
