"""The version, apart from `sluice` itself, whose lazy imports would make a stage depend on all."""

__version__ = "0.1.0"
