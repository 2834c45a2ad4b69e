"""Sluice as a scikit-learn estimator: `fit`, `predict`, `predict_proba`, or `load` a bundle.

In: lists of texts and their labels, or a folder. Out: labels and probabilities; `save` writes a
bundle. Nothing else is written: a training's checkpoints lie in a temporary folder.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sluice.data.batches import LabelledRows
from sluice.data.module import TextDataModule
from sluice.errors import DataError
from sluice.files import staged, write_json
from sluice.models import classifier as lightning
from sluice.models.config import FORMAT, NetworkConfig
from sluice.models.network import TextNetwork
from sluice.models.settings import NetworkParams, OptimisationParams
from sluice.models.storage import save_weights
from sluice.models.training import fit, quiet_lightning
from sluice.params import parse_section
from sluice.serving.answers import answer_texts
from sluice.serving.bundle import Bundle, open_model
from sluice.serving.contents import Thresholds, write_bundle
from sluice.serving.model import Model
from sluice.temperature import fit_temperature, scores_of
from sluice.text.cleaning import Steps, clean_list
from sluice.text.ngrams import NgramParams
from sluice.text.reader import Reader, fit_reader
from sluice.text.vocabulary import TokenParams

Options = Mapping[str, Any] | None


class _Settings(NamedTuple):
    tokens: TokenParams
    network: NetworkParams
    optimisation: OptimisationParams
    ngrams: NgramParams | None
    steps: Steps


def _check_texts(texts: Any) -> list[str]:
    """See that texts are one-dimensional and texts.

    Raises:
        ValueError: scikit-learn's way to say that X is of another form.
    """
    if isinstance(texts, str):
        raise ValueError("X must be a list of texts, not one text")
    array = np.asarray(texts, dtype=object)
    if array.ndim != 1:
        raise ValueError(f"X must be a list of texts; this has the shape {array.shape}")
    if not all(isinstance(text, str) for text in array):
        raise ValueError("X must hold texts alone: another type was found")
    return [str(text) for text in array]


def _rows(reader: Reader, cleaned: Sequence[str], labels: npt.NDArray[np.int64]) -> LabelledRows:
    tokens, ngrams = reader.read(list(cleaned))
    return LabelledRows(tokens, labels, np.ones(len(labels), np.float32), ngrams)


def _train(
    settings: _Settings, reader: Reader, rows: LabelledRows, held: LabelledRows, seed: int, n: int
) -> TextNetwork:
    quiet_lightning()
    torch.manual_seed(seed)
    features = 0 if settings.ngrams is None else settings.ngrams.features
    network = TextNetwork(settings.network, len(reader.vocabulary), n, features)
    module = lightning.Classifier(network, settings.optimisation, n, seed)
    data = TextDataModule(rows, held, settings.optimisation.batch_size, seed)
    with tempfile.TemporaryDirectory() as scratch:
        network.load_state_dict(fit(module, data, Path(scratch)).weights)
    return network.eval()


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """A network with its cleaning, as a scikit-learn classifier of texts.

    Parameters are kept as they are given and checked in `fit`, as scikit-learn asks. Each mapping
    has the keys of its section in params.yaml; None takes that section's defaults.
    """

    def __init__(
        self,
        tokens: Options = None,
        model: Options = None,
        optimisation: Options = None,
        ngrams: Options = None,
        cleaning: Options = None,
        validation_share: float = 0.1,
        random_state: int = 0,
    ) -> None:
        self.tokens = tokens
        self.model = model
        self.optimisation = optimisation
        self.ngrams = ngrams
        self.cleaning = cleaning
        self.validation_share = validation_share
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.no_validation = True
        return tags

    def _settings(self) -> _Settings:
        def read(name: str, kind: Any) -> Any:
            return parse_section(dict(getattr(self, name) or {}), kind, name)

        return _Settings(
            read("tokens", TokenParams),
            read("model", NetworkParams),
            read("optimisation", OptimisationParams),
            None if self.ngrams is None else read("ngrams", NgramParams),
            read("cleaning", Steps),
        )

    def fit(self, X: Any, y: Any) -> "Classifier":  # noqa: N803 - scikit-learn's name
        """Train on texts and their labels; a share of the rows chooses the epoch and temperature.

        Raises:
            ValueError: X is no list of texts, y does not fit it or has a single class.
            ParamsError: a setting is wrong.
        """
        texts, settings = _check_texts(X), self._settings()
        check_classification_targets(y)
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        if len(labels) != len(texts):
            raise ValueError(f"X has {len(texts)} texts, y has {len(labels)} labels")
        if len(self.classes_) < 2:
            raise ValueError("Classifier needs two classes or more; y has one class")
        cleaned = clean_list(texts, settings.steps)
        train, held = self._part(labels)
        reader = fit_reader([cleaned[row] for row in train], settings.tokens, settings.ngrams)
        parts = [
            _rows(reader, [cleaned[row] for row in part], labels[part].astype(np.int64))
            for part in (train, held)
        ]
        seed, count = self.random_state, len(self.classes_)
        network = _train(settings, reader, parts[0], parts[1], seed, count)
        model = Model(self._config(settings, reader, 1.0), settings.steps, reader, network)
        scores = scores_of(answer_texts(model, [texts[row] for row in held]))
        config = self._config(settings, reader, fit_temperature(scores, labels[held]))
        self.bundle_ = Bundle(model._replace(config=config), Thresholds())
        return self

    def _part(self, labels: npt.NDArray[np.int64]) -> tuple[Any, Any]:
        """Hold rows out, of each class as many as there are if that can be."""
        counts = np.bincount(labels)
        size = max(round(self.validation_share * len(labels)), len(counts))
        fits = counts.min() >= 2 and len(labels) - size >= len(counts)
        if len(labels) < 2:
            raise ValueError("Classifier needs two texts or more")
        parts = train_test_split(
            np.arange(len(labels)),
            test_size=size if fits else 1,
            stratify=labels if fits else None,
            random_state=self.random_state,
        )
        return parts[0], parts[1]

    def _config(self, settings: _Settings, reader: Reader, temperature: float) -> NetworkConfig:
        return NetworkConfig(
            format=FORMAT,
            name="classifier",
            seed=self.random_state,
            labels=tuple(str(one) for one in self.classes_),
            vocabulary_size=len(reader.vocabulary),
            ngram_features=0 if settings.ngrams is None else settings.ngrams.features,
            network=settings.network,
            temperature=temperature,
            cleaning=settings.steps.model_dump(mode="json"),
        )

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """Probabilities at the model's temperature, (texts, classes), columns as `classes_`."""
        check_is_fitted(self, "bundle_")
        found: npt.NDArray[np.float64] = self.bundle_.probabilities(_check_texts(X))
        return found

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """The most probable label of each text, (texts,)."""
        said = self.predict_proba(X).argmax(axis=1)
        found: npt.NDArray[Any] = self.classes_[said]
        return found

    @classmethod
    def load(cls, folder: str | Path) -> "Classifier":
        """A classifier from a bundle, or from a folder models/<name>/<seed>.

        Raises:
            ModelError: a file is missing, changed or of another form.
        """
        made = cls()
        made.bundle_ = open_model(Path(folder))
        made.classes_ = np.array(made.bundle_.labels)
        return made

    def save(self, folder: str | Path) -> None:
        """Write a bundle; labels that are no texts become texts.

        Raises:
            DataError: something lies there already, or the model is an exported one.
        """
        check_is_fitted(self, "bundle_")
        target, bundle, model = Path(folder), self.bundle_, self.bundle_.model
        if not isinstance(model, Model):
            raise DataError("an exported model has no weights to save: copy its folder")
        if target.exists():
            raise DataError(f"{target} is there already: name another folder")
        with staged(target) as (part,):
            part.mkdir()
            save_weights(model.network.state_dict(), part / "model.safetensors")
            config = json.loads(bundle.model.config.model_dump_json())
            write_json(config, part / "config.json")
            write_json(model.reader.describe(), part / "vocabulary.json")
            write_bundle(part, bundle.thresholds, {"labels": list(bundle.labels)})
