"""Sluice: a labelled CSV of texts to an LSTM that may be shipped."""

__version__ = "0.1.0"
