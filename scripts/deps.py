"""Write into dvc.yaml which project files each stage's code is made of.

Usage: python scripts/deps.py          rewrite the `src/` lines of every stage's deps
       python scripts/deps.py --check  exit 1 if they are stale

A stage's code is its file, every project module that it imports, at the top or inside a function,
and the templates beside those modules. A sibling pipeline that has the same stages with other
parameters gets them from the root's dvc.yaml, behind the line MARK of its own.
"""

import ast
import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
SIBLINGS = ("pipelines/topics/dvc.yaml",)
MARK = "  # The stages of the main pipeline, written by scripts/deps.py.\n"


def module_file(name: str) -> Path | None:
    """The file of a project module, or None."""
    path = SOURCE / Path(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def imported_names(path: Path) -> set[str]:
    """Every dotted name that a file may import, those inside functions included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path}: relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@cache
def closure(path: Path) -> frozenset[Path]:
    """The file, all project files that it imports, directly or not, and their templates."""
    found, waiting = set(), [path]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        files = (module_file(name) for name in imported_names(current))
        waiting += [file for file in files if file is not None]
    # An empty __init__.py says nothing; a change of one that holds code would.
    code = {file for file in found if file.stat().st_size}
    return frozenset(code | {file for path in code for file in _templates(path)})


def _templates(path: Path) -> set[Path]:
    folder = path.parent / "templates"
    return {folder} if folder.is_dir() and '"templates"' in path.read_text() else set()


def code_of(stage: str) -> list[str]:
    """Paths of a stage's code from the project's root, sorted."""
    files = closure(SOURCE / f"sluice/stages/{stage}.py")
    return sorted(file.relative_to(ROOT).as_posix() for file in files)


def rewrite(text: str) -> str:
    """The text of dvc.yaml with the `src/` lines of every stage as they ought to be."""
    kept = re.sub(r"^      - src/.*\n", "", text, flags=re.MULTILINE)
    parts = re.split(r"^(  \w+:\n)", kept, flags=re.MULTILINE)
    for place in range(1, len(parts), 2):
        run = re.search(r"python -m sluice\.stages\.(\w+)", parts[place + 1])
        lines = "".join(f"      - {path}\n" for path in code_of(run[1])) if run else ""
        parts[place + 1] = parts[place + 1].replace("    deps:\n", f"    deps:\n{lines}", 1)
    return "".join(parts)


def follow(sibling: str, main: str) -> str:
    """The text of a sibling's dvc.yaml with the main pipeline's stages, as seen from its folder."""
    head, mark, _ = sibling.partition(MARK)
    assert mark, f"no line {MARK.strip()}"
    stages = main.partition("stages:\n")[2].replace("      - presets\n", "")
    return head + mark + stages.replace("      - src/", "      - ../../src/")


def main() -> None:
    """Rewrite dvc.yaml and those of its siblings, or say that one is stale."""
    path = ROOT / "dvc.yaml"
    stages = rewrite(path.read_text())
    wanted = {path: stages}
    wanted |= {ROOT / name: follow((ROOT / name).read_text(), stages) for name in SIBLINGS}
    stale = [path for path, new in wanted.items() if new != path.read_text()]
    if "--check" in sys.argv and stale:
        name = stale[0].relative_to(ROOT)
        sys.exit(f"{name} does not list all the code of its stages: run make docs")
    for path in stale:
        path.write_text(wanted[path])


if __name__ == "__main__":
    main()
