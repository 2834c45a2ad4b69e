"""`Classifier` where only what a model needs at work is installed: it loads, it does not train.

In: the folder of an exported model. Out: labels and probabilities, by the same calls as the whole
`sluice.serving.estimator.Classifier`, of which `sluice.Classifier` is this one's stand-in.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from sluice.errors import ResourceError
from sluice.serving.bundle import Bundle, open_model


class Classifier:
    """A classifier of texts that answers as its bundle does."""

    def __init__(self, **options: Any) -> None:
        if options:
            self._refuse()
        self.bundle_: Bundle
        self.classes_: npt.NDArray[Any]

    def _refuse(self) -> NoReturn:
        raise ResourceError("training needs torch and scikit-learn: pip install 'sluice[train]'")

    @classmethod
    def load(cls, folder: str | Path) -> "Classifier":
        """A classifier from a bundle.

        Raises:
            ModelError: a file is missing, changed or of another form.
            ResourceError: the bundle is not exported, and torch is not installed.
        """
        made = cls()
        made.bundle_ = open_model(Path(folder))
        made.classes_ = np.array(made.bundle_.labels)
        return made

    def fit(self, *_rows: Any) -> NoReturn:
        """Refuse.

        Raises:
            ResourceError: always.
        """
        self._refuse()

    def predict_proba(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Probabilities at the model's temperature, (texts, classes), columns as `classes_`."""
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise ValueError("X must be a list of texts")
        return self.bundle_.probabilities(list(texts))

    def predict(self, texts: Sequence[str]) -> npt.NDArray[Any]:
        """The most probable label of each text, (texts,)."""
        said: npt.NDArray[Any] = self.classes_[self.predict_proba(texts).argmax(axis=1)]
        return said
