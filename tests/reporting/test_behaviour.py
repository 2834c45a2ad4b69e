"""Behaviour and shortcuts in the report: the files' numbers, hostile texts, what is refused."""

import json
from pathlib import Path

import pytest
from finished_run import change_json, paths, write_run

from sluice.errors import DataError
from sluice.reporting import plots
from sluice.reporting.behaviour import Behaviour, draw_behaviour
from sluice.reporting.facts import check_facts
from sluice.stages.report import report


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run without a report; figures are not what is tested."""

    def save(_: object, stem: Path) -> None:
        stem.with_suffix(".png").write_bytes(b"png")
        stem.with_suffix(".svg").write_bytes(b"<svg/>")

    monkeypatch.setattr(plots, "save_figure", save)
    return write_run(tmp_path / "run", texts=("<script>alert(1)</script>", "\u202egnp"))


def write(folder: Path) -> str:
    report(*paths(folder), params=folder / "params.yaml")
    return (folder / "out/report.html").read_text()


def section(page: str, name: str) -> str:
    return page.split(f'<h2 id="{name}">')[1].split("</section>")[0]


def test_rates_and_failures_are_shown_and_no_text_is_obeyed(folder: Path) -> None:
    found = json.loads((folder / "metrics/behaviour.json").read_text())
    shown = section(write(folder), "behaviour")
    rate = found["models"]["lstm-0"]["all"]
    assert f">{100 * rate['rate']:.1f}<" in shown
    assert f"{100 * rate['low']:.1f} to {100 * rate['high']:.1f}" in shown
    assert "6 cases made from templates" in shown
    assert shown.count("<li>") == len(found["examples"]) == 2
    assert "Nothing: no case fails." in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "U+202E" in shown
    assert "The suite" in shown
    assert "was skipped: it" in shown
    assert "&lt;i&gt;joy" in shown
    assert "<i>" not in shown


def test_drops_and_tokens_are_shown(folder: Path) -> None:
    found = json.loads((folder / "metrics/shortcuts.json").read_text())
    shown = " ".join(section(write(folder), "shortcuts").split())
    assert "in 6 of the 60 test rows" in shown
    for key, model in found["models"].items():
        assert key in shown
        assert f">{100 * model['masked_macro_f1']:.1f}<" in shown
    assert "&lt;i&gt;brand" in shown
    assert ">1.25<" in shown
    assert ">9.5<" in shown
    assert "<i>" not in shown


def test_without_tests_the_section_says_so_and_there_is_no_figure(folder: Path) -> None:
    path = folder / "metrics/behaviour.json"
    for key, value in {"tests": [], "models": {}, "examples": []}.items():
        change_json(path, key, value=value)
    assert "No behaviour test was run." in section(write(folder), "behaviour")
    assert not (folder / "out/plots/behaviour.png").exists()


@pytest.mark.parametrize(
    ("name", "keys", "message"),
    [
        ("behaviour", ("models", "lstm-0", "all", "rate"), r"behaviour\.json: models\.lstm-0\.all"),
        ("behaviour", ("models", "lstm-0", "capabilities", "negation"), "no rate of 'negation'"),
        ("behaviour", ("models", "lstm-0"), "models has no 'lstm-0'"),
        ("behaviour", ("models", "svm"), "differ in candidates"),
        ("shortcuts", ("models", "svm"), "differ in candidates"),
        ("shortcuts", ("models", "svm", "drop", "low"), r"shortcuts\.json: models\.svm\.drop\.low"),
    ],
)
def test_what_is_missing_is_named(folder: Path, name: str, keys: tuple, message: str) -> None:
    change_json(folder / f"metrics/{name}.json", *keys, value=...)
    with pytest.raises(DataError, match=message):
        write(folder)
    assert not (folder / "out").exists()


def test_the_figure_has_a_row_for_each_capability_and_a_mark_for_each_candidate(folder) -> None:
    content = json.loads((folder / "metrics/behaviour.json").read_text())
    behaviour = check_facts(content, Behaviour, "behaviour.json")
    for baseline, marks in (("svm", 2), (None, 1), ("lstm-0", 1)):
        figure = draw_behaviour(behaviour, baseline)
        assert figure is not None
        (panel,) = figure.axes
        assert [label.get_text() for label in panel.get_yticklabels()] == behaviour.capabilities
        assert len(panel.get_legend().get_texts()) == marks
        assert len(panel.lines) == marks * len(behaviour.capabilities)
