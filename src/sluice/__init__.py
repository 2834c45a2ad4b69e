"""Sluice: a labelled CSV of texts to an LSTM that may be shipped."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sluice.version import __version__ as __version__


def __getattr__(name: str) -> Any:
    """Import `Classifier` only when it is asked for (PEP 562): the one that trains needs torch."""
    if name == "Classifier":
        whole = find_spec("torch") is not None and find_spec("sklearn") is not None
        return import_module(f"sluice.serving.{'estimator' if whole else 'loaded'}").Classifier
    raise AttributeError(f"module 'sluice' has no attribute {name!r}")
