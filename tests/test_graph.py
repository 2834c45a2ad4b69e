"""The graph: stage = file = section, and every module that a stage imports is declared."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from sluice.params import ALL_SECTIONS, SECTIONS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
GRAPH = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def load_script(name: str) -> ModuleType:
    """A script of the project, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


deps = load_script("deps")
closure, imported_names = deps.closure, deps.imported_names


def declared(stage: dict) -> set[str]:
    return {dep for dep in stage["deps"] if dep.startswith("src/")}


FOLDED = {name: name.removeprefix("fold_") for name in GRAPH if name.startswith("fold_")}
"""Stages that run the file of a stage of the main split, on the rows of one fold."""


def test_stages_are_the_sections_in_order() -> None:
    assert tuple(name for name in GRAPH if name not in FOLDED) == SECTIONS
    assert tuple(yaml.safe_load((ROOT / "params.yaml").read_text())) == ALL_SECTIONS


def test_each_stage_is_one_file_with_a_function_of_its_name() -> None:
    files = {path.stem for path in (SOURCE / "sluice/stages").glob("*.py")} - {"__init__"}
    assert files == set(GRAPH) - set(FOLDED)
    for called, stage in GRAPH.items():
        name = FOLDED.get(called, called)
        tree = ast.parse((SOURCE / f"sluice/stages/{name}.py").read_text())
        assert ast.get_docstring(tree)
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert f"python -m sluice.stages.{name} " in stage["cmd"]
        assert stage["desc"]


@pytest.mark.parametrize("name", GRAPH)
def test_deps_are_exactly_the_modules_that_the_stage_imports(name: str) -> None:
    needed = closure(SOURCE / f"sluice/stages/{FOLDED.get(name, name)}.py")
    expected = {file.relative_to(ROOT).as_posix() for file in needed}
    assert declared(GRAPH[name]) == expected


def test_the_walk_sees_imports_inside_functions(tmp_path) -> None:
    (tmp_path / "a.py").write_text("def f():\n    from sluice.text import cleaning\n")
    assert "sluice.text.cleaning" in imported_names(tmp_path / "a.py")


def test_a_missing_dep_is_written_and_a_superfluous_one_removed() -> None:
    whole = (ROOT / "dvc.yaml").read_text()
    assert deps.rewrite(whole) == whole
    lacking = whole.replace("      - src/sluice/files.py\n", "", 1)
    assert deps.rewrite(lacking.replace("src/sluice/text/", "src/sluice/odd/")) == whole


@pytest.mark.parametrize("name", GRAPH)
def test_every_path_of_a_command_is_declared(name: str) -> None:
    stage = GRAPH[name]
    listed: list[str] = list(stage["deps"])
    for kind in ("outs", "metrics", "plots"):
        for out in stage.get(kind, []):
            listed += [out] if isinstance(out, str) else list(out)
    for word in stage["cmd"].split():
        if "/" in word:
            assert word in listed, f"{word} is in the command of {name} but not declared"


@pytest.mark.parametrize("name", GRAPH)
def test_outputs_persist_until_they_are_replaced(name: str) -> None:
    for kind in ("outs", "metrics", "plots"):
        for out in GRAPH[name].get(kind, []):
            assert isinstance(out, dict)
            assert all(options["persist"] for options in out.values())


@pytest.mark.parametrize("name", FOLDED)
def test_a_fold_runs_what_the_main_split_runs(name: str) -> None:
    """The same command on other paths, with the same parameters."""
    fold, main = GRAPH[name], GRAPH[FOLDED[name]]
    assert fold["params"] == main["params"]
    assert len(fold["cmd"].split()) == len(main["cmd"].split())
    assert fold["matrix"] == main.get("matrix", {}) | {"fold": "${crossvalidate.folds}"}


ALLOWED = {
    "data": {"data"},
    "text": {"text"},
    "models": {"models"},
    "teaching": {"teaching", "data", "text"},
    "serving": {"serving", "data", "text", "models"},
    "evaluation": {"evaluation"},
    "reporting": {"reporting", "evaluation"},
    "forecasting": {"forecasting", "models", "evaluation", "reporting"},
    "tagging": {"tagging", "data", "text", "models", "evaluation", "reporting"},
    "rhyming": {"rhyming", "models", "evaluation", "reporting"},
    "registry": {"registry", "serving", "text", "evaluation", "reporting"},
    "watching": {"watching", "registry", "serving", "data", "models", "evaluation", "reporting"},
    "predicting": {"predicting", "registry", "serving"},
    "service": {"service", "registry", "serving"},
    "lab": {"lab", "data", "text", "models", "evaluation", "reporting"},
}
NEUTRAL = {"version", "errors", "params", "files", "spool", "temperature", "terminal", "tokens"}
NEUTRAL |= {"wheels"}  # finds files of wheels that bring data, for whichever room


@pytest.mark.parametrize("room", ALLOWED)
def test_arrows_between_rooms(room: str) -> None:
    for path in (SOURCE / "sluice" / room).rglob("*.py"):
        for name in imported_names(path):
            parts = name.split(".")
            if parts[0] != "sluice" or len(parts) == 1:
                continue
            assert parts[1] in ALLOWED[room] | NEUTRAL, f"{path.name} imports {name}"


def test_nothing_imports_a_stage_or_the_lab_but_the_command_line() -> None:
    for path in (SOURCE / "sluice").rglob("*.py"):
        names = imported_names(path)
        if path.name != "cli.py":
            assert not any(name.startswith("sluice.stages.") for name in names), path
            if path.parent.name != "lab":
                assert not any(name.startswith("sluice.lab") for name in names), path


FORBIDDEN = ("pickle", "joblib", "dill", "shelve", "marshal")


def test_no_module_stores_anything_by_pickle() -> None:
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                assert not (isinstance(owner, ast.Name) and owner.id in FORBIDDEN), path
                if node.func.attr == "load" and isinstance(owner, ast.Name) and owner.id == "torch":
                    keywords = {word.arg: ast.unparse(word.value) for word in node.keywords}
                    assert keywords.get("weights_only") == "True", path
