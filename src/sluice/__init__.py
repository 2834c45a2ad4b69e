"""Sluice: a labelled CSV of texts to an LSTM that may be shipped."""

from importlib import import_module
from typing import Any

from sluice.version import __version__ as __version__


def __getattr__(name: str) -> Any:
    """Import `Classifier`, which needs torch, only when it is asked for (PEP 562)."""
    if name == "Classifier":
        return import_module("sluice.serving.estimator").Classifier
    raise AttributeError(f"module 'sluice' has no attribute {name!r}")
