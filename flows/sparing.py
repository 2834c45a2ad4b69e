"""Runs a module as `python -m` does, with less of the time that loading and leaving it takes.

In: `python sparing.py MODULE WORD ...`, or `python sparing.py --from DESCRIPTOR MODULE` and the
words as JSON through that descriptor once they are known. Out: what the module does.

Large libraries make objects that stay: to look for garbage among them again and again takes a sixth
of their start, and to look once more at the end a fifth of a second. A process that waits for its
words has loaded the libraries by the time they come.
"""

import gc
import importlib
import json
import os
import runpy
import sys

THRESHOLDS = (200_000, 10, 10)
"""Objects made, and collections of the younger generation, until the next one collects."""
_FROM = "--from"
_LOADED_AHEAD = {
    "dvc": (
        "dvc.cli.parser",
        "dvc.data_cloud",
        "dvc.repo.datasets",
        "dvc.repo.reproduce",
        "dvc.scm",
        "dvc.utils.strictyaml",
        "scmrepo.git.backend.dulwich",
    ),
    "prefect": (
        "dvc.repo.plots",
        "dvc.scm",
        "fastapi.encoders",
        "prefect.flow_engine",
        "prefect.task_engine",
        "prefect.utilities.visualization",
        "pyparsing",
    ),
}
"""What is loaded late: by a module that has read its words, by a flow that has begun."""


def collect_seldom() -> None:
    """Have this process collect garbage more seldom than by default (700, 10, 10)."""
    gc.set_threshold(*THRESHOLDS)


def leave_garbage() -> None:
    """Have this process, which is about to end, leave all its objects to the system."""
    gc.disable()
    gc.freeze()


def load_ahead(module: str) -> None:
    """Load what a module would load late."""
    for name in _LOADED_AHEAD[module]:
        importlib.import_module(name)


def command(module: str, *words: str) -> list[str]:
    """The command that runs a module so."""
    return [sys.executable, "-P", __file__, module, *words]


def command_in_advance(module: str, descriptor: int) -> list[str]:
    """The command that loads a module so, and runs it once its words have come.

    Without words, which is when the other end is closed, it ends.
    """
    return command(_FROM, str(descriptor), module)


def split_command(words: list[str]) -> tuple[str, list[str]] | None:
    """Module and words of a command of `command`; None of any other."""
    begin = command("")[:-1]
    same = words[: len(begin)] == begin and len(words) > len(begin)
    return (words[len(begin)], words[len(begin) + 1 :]) if same else None


def _await_words(descriptor: int, module: str) -> list[str]:
    load_ahead(module)
    with os.fdopen(descriptor) as words:
        content = words.read()
    if not content:
        sys.exit()
    return [module, *json.loads(content)]


def _main() -> None:
    collect_seldom()
    try:
        del sys.argv[0]
        if sys.argv[0] == _FROM:
            sys.argv[:] = _await_words(int(sys.argv[1]), sys.argv[2])
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    finally:
        leave_garbage()


if __name__ == "__main__":
    _main()
