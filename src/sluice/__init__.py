"""Sluice: a labelled CSV of texts to an LSTM that may be shipped."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluice.serving.estimator import Classifier as Classifier

__all__ = ["Classifier", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import what needs torch only when it is asked for (PEP 562)."""
    if name == "Classifier":
        from sluice.serving.estimator import Classifier

        return Classifier
    raise AttributeError(f"module 'sluice' has no attribute {name!r}")
