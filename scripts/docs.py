"""Write the generated parts of README.md from dvc.yaml: the table of stages and the graph.

Usage: python scripts/docs.py          rewrite the parts between their markers
       python scripts/docs.py --check  exit 1 if they are stale
"""

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
MARKS = ("<!-- generated from dvc.yaml: begin -->", "<!-- generated from dvc.yaml: end -->")


def outputs(stage: dict[str, Any]) -> list[str]:
    """Paths that a stage writes."""
    kinds = (stage.get(kind, []) for kind in ("outs", "metrics", "plots"))
    listed = (out for kind in kinds for out in kind)
    return [path for out in listed for path in ([out] if isinstance(out, str) else out)]


def inputs(stage: dict[str, Any]) -> list[str]:
    """Paths of data that a stage reads."""
    return [dep for dep in stage["deps"] if not dep.startswith("src/")]


def shown(name: str, stage: dict[str, Any]) -> str:
    """The stage's name as DVC shows it: `train@<model>-<seed>`."""
    keys = "-".join(f"<{key}>" for key in stage.get("matrix", {}))
    return f"{name}@{keys}" if keys else name


def tidy(path: str) -> str:
    """A templated path for people: `models/<model>/<seed>/config.json`."""
    return path.replace("${item.", "<").replace("}", ">")


def folders(paths: list[str]) -> str:
    """The folders or files that paths lie in, each once."""
    heads = {
        tidy(path) if path.count("/") < 2 else f"{tidy(path).rsplit('/', 1)[0]}/" for path in paths
    }
    return ", ".join(f"`{head}`" for head in sorted(heads))


def table(stages: dict[str, Any]) -> list[str]:
    """One row for each stage."""
    rows = ["| stage | what it does | writes |", "|---|---|---|"]
    for name, stage in stages.items():
        rows.append(f"| `{shown(name, stage)}` | {stage['desc']} | {folders(outputs(stage))} |")
    return rows


def meets(dep: str, out: str) -> bool:
    """Whether a dependency is an output, holds it, or lies in it."""
    return dep == out or out.startswith(f"{dep}/") or dep.startswith(f"{out}/")


def graph(stages: dict[str, Any]) -> list[str]:
    """A Mermaid flowchart of which stage reads what which other wrote."""
    lines = ["```mermaid", "flowchart LR"]
    for name, stage in stages.items():
        for other, earlier in stages.items():
            pairs = ((dep, out) for dep in inputs(stage) for out in outputs(earlier))
            if other != name and any(meets(dep, out) for dep, out in pairs):
                lines.append(f"    {other} --> {name}")
    return [*lines, "```"]


def main() -> None:
    """Rewrite or check README.md."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    if any(old.count(mark) != 1 for mark in MARKS):
        sys.exit(f"README.md must hold each of these lines once: {' '.join(MARKS)}")
    before, rest = old.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    parts = [MARKS[0], *table(stages), "", *graph(stages), MARKS[1]]
    fresh = before + "\n".join(parts) + after
    if "--check" in sys.argv:
        sys.exit(0 if fresh == old else "README.md is stale: run make docs")
    readme.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    main()
