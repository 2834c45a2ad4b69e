"""The bundle: one folder with all that a model needs to be put to work, checked file by file.

In: a stored model and what is known of it, or a folder. Out: the folder, or a `Bundle` that answers
raw texts. Nothing is unpickled. Which bundle is the champion is the registry's to say.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from sluice.errors import ModelError, ResourceError
from sluice.models.config import NetworkConfig
from sluice.serving.contents import CONTENTS, THRESHOLDS, Thresholds, check_bundle, read_part
from sluice.serving.portable import NETWORK, load_portable
from sluice.temperature import apply_temperature, scores_of

if TYPE_CHECKING:
    from sluice.serving.explanation import Explanation

Floats = npt.NDArray[np.float64]


class AnyModel(Protocol):
    """What a model can do, in PyTorch (`Model`) or exported (`PortableModel`)."""

    @property
    def config(self) -> NetworkConfig: ...
    def clean(self, texts: list[str]) -> list[str]: ...
    def answer(self, texts: list[str]) -> Floats: ...
    def explain(self, text: str, label: str | None = None) -> "Explanation": ...


class Answers(NamedTuple):
    """What a bundle says to texts."""

    probabilities: Floats
    """At the model's temperature, (texts, labels)."""
    labels: list[str]
    """The most probable label of each text."""
    abstained: npt.NDArray[np.bool_]
    """Whether it lies below its threshold and should be left to people, (texts,)."""


class Bundle(NamedTuple):
    """A model with the thresholds that it answers by."""

    model: AnyModel
    thresholds: Thresholds

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of probabilities."""
        return self.model.config.labels

    def evaluated(self, texts: Sequence[str]) -> Floats:
        """Probabilities as `reports/predictions` holds them, before the temperature."""
        if not texts:
            return np.zeros((0, len(self.labels)))
        values = self.model.answer(list(texts))
        summed: Floats = values / values.sum(axis=1, keepdims=True)
        return summed

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Probabilities at the model's temperature, (texts, labels)."""
        return apply_temperature(scores_of(self.evaluated(texts)), self.model.config.temperature)

    def answer(self, texts: Sequence[str]) -> Answers:
        """Label texts, and say which of them are better left to people.

        The threshold is on the probability of the label: Geifman & El-Yaniv 2017, "Selective
        Classification for Deep Neural Networks", section 4.
        """
        found = self.probabilities(texts)
        least = [self.thresholds.labels.get(name, 0.0) for name in self.labels]
        limits = np.array([np.inf if value is None else value for value in least])
        said = found.argmax(axis=1)
        return Answers(found, [self.labels[one] for one in said], found.max(axis=1) < limits[said])


def load_any(folder: Path) -> AnyModel:
    """Load an exported model by ONNX Runtime, another one by torch.

    Raises:
        ModelError: a file is missing, corrupt or of another form.
        ResourceError: what it runs on is not installed.
    """
    if (folder / NETWORK).exists():
        return load_portable(folder)
    try:
        from sluice.serving.model import load_model
    except ModuleNotFoundError as error:
        raise ResourceError(
            f"{folder} needs {error.name}: pip install 'sluice[train]', or have it exported "
            "(sluice export) where that is installed"
        ) from error
    return load_model(folder)


def load_bundle(folder: Path) -> Bundle:
    """Load a bundle after checking every byte of it.

    Raises:
        ModelError: see `check_bundle`; or a file is of another form.
    """
    if not (folder / CONTENTS).is_file():
        raise ModelError(f"{folder} is no bundle: it has no {CONTENTS}")
    check_bundle(folder)
    model, thresholds = load_any(folder), read_part(folder / THRESHOLDS, Thresholds)
    unknown = sorted(set(thresholds.labels) - set(model.config.labels))
    if unknown:
        raise ModelError(f"{folder / THRESHOLDS} names the unknown label {unknown[0]!r:.60}")
    return Bundle(model, thresholds)


def open_model(folder: Path) -> Bundle:
    """Load a bundle, or a model as stage `train` left it, which has no thresholds.

    Raises:
        ModelError: the folder holds neither, or is damaged.
    """
    if (folder / CONTENTS).is_file():
        return load_bundle(folder)
    return Bundle(load_any(folder), Thresholds())
