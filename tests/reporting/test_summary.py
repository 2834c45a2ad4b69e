"""The table that `make run` ends with."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sluice.errors import DataError, SourceError
from sluice.reporting.summary import EVALUATION, PAIRS, describe_gap, print_summary

GAP = {"value": 0.012, "low": -0.004, "high": 0.028, "rows": 3447}


def model(macro_f1: float) -> dict[str, Any]:
    return {
        "test": {"macro_f1": macro_f1, "accuracy": macro_f1 + 0.01},
        "intervals": {"macro_f1": {"low": macro_f1 - 0.02, "high": macro_f1 + 0.02}},
    }


def evaluation(**changes: Any) -> dict[str, Any]:
    return {
        "confidence": 0.95,
        "models": {"majority": model(0.2), "bilstm-0": model(0.745), "tfidf_svm": model(0.733)},
        "selected": "bilstm-0",
        "best_baseline": "tfidf_svm",
        "gap": GAP,
    } | changes


def write(root: Path, name: str, content: Any) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


TIED = {"better_than": ["majority"], "no_evidence_against": ["tfidf_svm"], "worse_than": []}
ALONE = {"better_than": [], "no_evidence_against": [], "worse_than": []}
VERDICTS = {"bilstm-0": TIED, "tfidf_svm": ALONE, "majority": ALONE}


def printed(root: Path, content: Any, pairs: Any = None) -> str:
    write(root, str(EVALUATION), content)
    write(root, str(PAIRS), {"verdicts": VERDICTS} if pairs is None else pairs)
    console = Console(file=io.StringIO(), width=100)
    print_summary(root, console)
    return console.file.getvalue()


def test_the_best_comes_first_with_interval_cost_and_mark(tmp_path: Path) -> None:
    write(tmp_path, "reports/metrics/train/bilstm-0.json", {"parameters": 1234567})
    write(tmp_path, "reports/timing/bilstm-0.json", {"seconds": 61.7})
    lines = printed(tmp_path, evaluation()).splitlines()
    assert [" ".join(line.split()) for line in lines[:4]] == [
        "model macro-F1 95% interval accuracy parameters seconds",
        "bilstm-0 74.5 72.5 to 76.5 75.5 1,234,567 62 selected",
        "tfidf_svm 73.3 71.3 to 75.3 74.3 baseline",
        "majority 20.0 18.0 to 22.0 21.0",
    ]
    assert lines[-1] == "report: reports/report.html"


def test_ties_are_named(tmp_path: Path) -> None:
    words = "bilstm-0: no evidence against tfidf_svm; better than majority (every pair, corrected)"
    assert words in printed(tmp_path, evaluation()).splitlines()


def test_of_baselines_alone_the_best_is_compared(tmp_path: Path) -> None:
    content = evaluation(selected=None, gap=None)
    pairs = {"verdicts": VERDICTS | {"tfidf_svm": TIED | {"no_evidence_against": []}}}
    shown = printed(tmp_path, content, pairs)
    assert "tfidf_svm: better than majority (every pair" in shown
    assert "no evidence" not in printed(tmp_path, content)


@pytest.mark.parametrize("pairs", [[], {}, {"verdicts": {"bilstm-0": {}}}])
def test_pairs_of_another_form_are_named(pairs: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"or pairs\.json is of another form: run dvc repro"):
        printed(tmp_path, evaluation(), pairs)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(-1, 2, "level with"), (0, 2, "level with"), (1, 2, "above"), (-2, -1, "below")],
)
def test_the_gap_in_words(low: int, high: int, words: str) -> None:
    gap = GAP | {"low": low / 100, "high": high / 100}
    assert describe_gap(evaluation(gap=gap)) == (
        f"bilstm-0 is {words} tfidf_svm: +1.2 [{low:+}.0, {high:+}.0] points of macro-F1 "
        "on 3,447 test rows"
    )


@pytest.mark.parametrize("gap", [{}, {"gap": None}])
def test_without_a_baseline_there_is_no_gap(gap: dict, tmp_path: Path) -> None:
    content = {key: value for key, value in evaluation().items() if key != "gap"} | gap
    assert "points of" not in printed(tmp_path, content | {"best_baseline": None})
    with pytest.raises(DataError, match="train a model and a baseline"):
        describe_gap(content)


def test_names_are_no_markup(tmp_path: Path) -> None:
    content = evaluation(models={"[bold]x[/bold]-0": model(0.5)}, selected="[bold]x[/bold]-0")
    pairs = {"verdicts": {"[bold]x[/bold]-0": TIED}}
    assert printed(tmp_path, content, pairs).count("[bold]x[/bold]-0") == 3


def test_before_a_run_one_line_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"evaluation\.json is missing: .*dvc repro"):
        print_summary(tmp_path, Console(file=io.StringIO()))


@pytest.mark.parametrize("content", [{}, [], None, {"models": {}}, evaluation(models={"a": {}})])
def test_results_of_another_form_are_named(content: Any, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"evaluation\.json or .* is of another form: run dvc repro"
    ):
        printed(tmp_path, content)
