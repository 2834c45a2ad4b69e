"""The commands of a pipeline of its own, taken from its dvc.yaml and run in this process."""

import importlib
import itertools
import re
from collections.abc import Iterator

from typer import Typer
from typer.testing import CliRunner

REFERENCE = re.compile(r"\$\{item\.([\w.]+)\}")


def _look_up(place: str, values: dict) -> object:
    found: object = values
    for key in place.split("."):
        found = found[key]  # type: ignore[index]
    return found


def _resolve(value: object, variables: dict) -> list:
    """A matrix's list, or the list that it names."""
    return value if isinstance(value, list) else list(_look_up(str(value)[2:-1], variables))  # type: ignore[call-overload]


def _fill(cmd: str, item: dict) -> str:
    return REFERENCE.sub(lambda found: str(_look_up(found[1], item)), cmd)


def commands(graph: dict, variables: dict) -> Iterator[tuple[str, list[str]]]:
    """Module and arguments of every command of a graph's stages, in its order."""
    for stage in graph.values():
        matrix = {key: _resolve(value, variables) for key, value in stage.get("matrix", {}).items()}
        for values in itertools.product(*matrix.values()):
            item = dict(zip(matrix, values, strict=True))
            cmd = REFERENCE.sub(
                lambda found, item=item: str(_look_up(found[1], item)), stage["cmd"]
            )
            words = cmd.removeprefix("python ").removeprefix("-m ").split()
            yield words[0].removesuffix(".py"), words[1:]


def call(module: str, words: list[str]) -> None:
    """Run a stage's function as its command line does."""
    name = module.rsplit(".", 1)[-1]
    app = Typer(pretty_exceptions_enable=False)
    app.command()(getattr(importlib.import_module(module), name))
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, f"{module}: {done.output}"


def check_paths(graph: dict, folders: tuple[str, ...]) -> None:
    """Every path of a command is a declared one, or one of these folders, parts of which are."""
    for name, stage in graph.items():
        outs = [path for out in stage["outs"] for path in out]
        listed = [*stage["deps"], *outs]
        assert stage["desc"]
        assert not {"metrics", "plots"} & set(stage), name
        assert all(options["persist"] for out in stage["outs"] for options in out.values())
        for word in re.sub(r"\s+", " ", stage["cmd"]).split():
            if "/" in word and word not in folders:
                assert word in listed, f"{word} of {name}"
