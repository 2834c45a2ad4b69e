"""Loads a script of the project's folder `scripts` as a module."""

import importlib.util
from types import ModuleType

from workspace import ROOT


def load_script(name: str) -> ModuleType:
    """The module of scripts/<name>.py; nothing of it is run."""
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / f"scripts/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
