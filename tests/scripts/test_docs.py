"""The generated parts of the README: a table and a graph that say what dvc.yaml says."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import load_script

docs = load_script("docs")
STAGES: dict[str, Any] = {
    "ingest": {
        "desc": "Read rows",
        "deps": ["src/a.py", "data/source"],
        "outs": [{"data/raw/rows.parquet": {"persist": True}}, "data/raw/plain.csv"],
    },
    "train": {
        "desc": "Fit",
        "matrix": {"model": "${m}", "seed": [0]},
        "deps": ["src/a.py", "data/raw/rows.parquet"],
        "outs": [{"models/${item.model}/${item.seed}/w.bin": {"persist": True}}],
        "metrics": [{"reports/metrics/${item.model}.json": {"cache": False}}],
    },
    "report": {
        "desc": "Tell",
        "deps": ["reports/metrics", "data/rawest"],
        "outs": [{"report.html": {}}],
    },
}


def test_a_row_for_each_stage_with_the_folders_it_writes() -> None:
    assert docs.table(STAGES)[2:] == [
        "| `ingest` | Read rows | `data/raw/` |",
        "| `train@<model>-<seed>` | Fit | `models/<model>/<seed>/`, `reports/metrics/` |",
        "| `report` | Tell | `report.html` |",
    ]


def test_an_arrow_where_one_stage_reads_what_another_writes() -> None:
    assert docs.graph(STAGES) == [
        "```mermaid",
        "flowchart LR",
        "    ingest --> train",
        "    train --> report",
        "```",
    ]


@pytest.mark.parametrize(
    ("dep", "out", "met"),
    [
        ("a/b", "a/b", True),
        ("a", "a/b", True),
        ("a/b/c", "a/b", True),
        ("a/b", "a/bc", False),
        ("a/bc", "a/b", False),
    ],
)
def test_a_dependency_meets_an_output_whole_names_at_a_time(dep: str, out: str, met: bool) -> None:
    assert docs.meets(dep, out) is met


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}, sort_keys=False))
    (tmp_path / "README.md").write_text(
        "\n".join(["# Über", docs.MARKS[0], "old", docs.MARKS[1], "end\n"]), encoding="utf-8"
    )
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    """The exit status, or the words that the script ends with."""
    monkeypatch.setattr(sys, "argv", ["docs.py", *words])
    try:
        docs.main()
    except SystemExit as ended:
        return ended.code
    return 0


def test_it_writes_between_the_marks_and_nothing_else(project: Path, monkeypatch) -> None:
    assert run(monkeypatch, "--check") == "README.md is stale: run make docs"
    assert "old" in (project / "README.md").read_text(encoding="utf-8")
    assert run(monkeypatch) == 0
    text = (project / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# Über\n{docs.MARKS[0]}\n| stage | what it does | writes |\n")
    assert text.endswith(f"```\n{docs.MARKS[1]}\nend\n")
    assert run(monkeypatch, "--check") == 0
    assert run(monkeypatch) == 0
    assert (project / "README.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("mark", [0, 1])
def test_a_readme_without_the_marks_is_left_alone(mark: int, project: Path, monkeypatch) -> None:
    readme = project / "README.md"
    broken = readme.read_text(encoding="utf-8").replace(docs.MARKS[mark], "")
    readme.write_text(broken, encoding="utf-8")
    assert "must hold each of these lines once" in str(run(monkeypatch))
    assert readme.read_text(encoding="utf-8") == broken


def test_the_projects_own_readme_is_fresh(monkeypatch) -> None:
    assert run(monkeypatch, "--check") == 0
