"""Runs a module as `python -m` does, and lets the garbage collector look on more seldom.

In: `python sparing.py MODULE WORD ...`. Out: what the module does. Loading large libraries makes
objects that stay: to look for garbage among them again and again takes a sixth of their start.
"""

import gc
import runpy
import sys

THRESHOLDS = (200_000, 10, 10)
"""Objects made, and collections of the younger generation, until the next one collects."""


def collect_seldom() -> None:
    """Have this process collect garbage more seldom than by default (700, 10, 10)."""
    gc.set_threshold(*THRESHOLDS)


def command(module: str, *words: str) -> list[str]:
    """The command that runs a module so."""
    return [sys.executable, "-P", __file__, module, *words]


if __name__ == "__main__":
    collect_seldom()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
