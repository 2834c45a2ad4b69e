"""The report stage: its files, its numbers, every missing input, and a real browser."""

import functools
import html.parser
import json
import re
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from finished_run import LABELS, ROWS, change_json, paths, write_run

from sluice.errors import DataError, ParamsError, SluiceError, SourceError
from sluice.reporting import plots
from sluice.stages.report import report

FIGURES = ("labels", "lengths", "comparison", "differences", "labels_f1", "loss", "accuracy")
FIGURES += ("confusion", "reliability", "risk_coverage", "slices")
FIGURES += ("behaviour", "folds")


def run(folder: Path) -> Path:
    report(*paths(folder), params=folder / "params.yaml")
    return folder / "out"


def snapshot(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.*")}


class Tables(html.parser.HTMLParser):
    """Collects the cells of tables by id, all tags with attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._rows: list[list[str]] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self._rows = self.tables.setdefault(dict(attrs).get("id") or "", [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._rows[-1].append("")
            self._inside = True
        elif tag in {"span", "details"} and self._inside:
            self._rows[-1][-1] += "|"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._inside:
            self._rows[-1][-1] += data.strip()


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("pristine") / "run")


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A finished run that has no report yet."""
    return shutil.copytree(pristine, tmp_path / "run")


@pytest.fixture(scope="module")
def finished(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(pristine, tmp_path_factory.mktemp("finished") / "run")
    run(folder)
    return folder


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """One figure is enough where figures are not what is tested."""

    def save(_: object, stem: Path) -> None:
        stem.with_suffix(".png").write_bytes(b"png")
        stem.with_suffix(".svg").write_bytes(b"<svg/>")

    monkeypatch.setattr(plots, "save_figure", save)


def parse(finished: Path) -> Tables:
    return Tables((finished / "out/report.html").read_text())


def test_the_results_are_those_of_the_evaluation(finished: Path) -> None:
    models = json.loads((finished / "metrics/evaluation.json").read_text())["models"]
    rows = {row[0].split("|")[0]: row for row in parse(finished).tables["table-results"][1:]}
    assert list(rows) == sorted(models, key=lambda key: -models[key]["test"]["macro_f1"])
    for key, row in rows.items():
        scores, bounds = models[key]["test"], models[key]["intervals"]["macro_f1"]
        low, high = 100 * bounds["low"], 100 * bounds["high"]
        assert row[1] == f"{100 * scores['macro_f1']:.1f}|{low:.1f} to {high:.1f}"
        assert row[3].split("|")[0] == f"{100 * scores['accuracy']:.1f}"
        assert row[4] == f"{100 * models[key]['validation']['macro_f1']:.1f}"
    assert [rows[key][5] for key in ("lstm-0", "lstm-1", "svm")] == ["1,234,567", "1,234,568", "–"]
    assert rows["lstm-0"][0] == "lstm-0|selected"
    assert rows["svm"][0] == "svm|best baseline"
    gap = models["lstm-0"]["against_baseline"]
    assert rows["lstm-0"][2].startswith(f"{100 * gap['value']:+.1f}|")


def test_all_scores_stand_with_intervals(finished: Path) -> None:
    models = json.loads((finished / "metrics/evaluation.json").read_text())["models"]
    header, *rows = parse(finished).tables["table-scores"]
    assert set(header[1:]) >= {"macro-F1", "weighted F1", "log loss", "polarity MAE"}
    place = header.index("log loss")
    for row in rows:
        scores = models[row[0]]
        bounds = scores["intervals"]["log_loss"]
        assert row[place] == (
            f"{scores['test']['log_loss']:.3f}|{bounds['low']:.3f} to {bounds['high']:.3f}"
        )


def test_confusion_and_labels_are_those_of_the_evaluation(finished: Path) -> None:
    evaluation = json.loads((finished / "metrics/evaluation.json").read_text())
    ranked = sorted(evaluation["models"].values(), key=lambda model: -model["test"]["macro_f1"])
    found = parse(finished).tables[""]
    size = len(LABELS) + 1
    for place, model in enumerate(ranked):
        confusion, scores = found[2 * place * size :][:size], found[(2 * place + 1) * size :][:size]
        for row, counts in zip(confusion[1:], model["confusion"], strict=True):
            assert [int(cell.split("|")[0]) for cell in row[1:]] == counts
        for label, *cells in scores[1:]:
            assert cells[2] == f"{100 * model['per_class'][label]['f1']:.1f}"


def test_the_verdict_comes_first_and_says_the_gap(finished: Path) -> None:
    gap = json.loads((finished / "metrics/evaluation.json").read_text())["gap"]
    verdict = parse(finished).text.split("Contents")[0]
    assert "lstm-0 reaches a macro-F1 of" in verdict
    assert f"on {ROWS} test rows" in verdict
    assert f"{100 * gap['value']:+.1f} points" in verdict
    place = "level with" if gap["low"] <= 0 <= gap["high"] else "above"
    assert f"It is {place} the best baseline, svm" in verdict


def test_the_worst_errors_are_the_wrong_rows_of_greatest_loss(finished: Path) -> None:
    rows = parse(finished).tables["table-errors"][1:]
    errors = pd.read_parquet(finished / "errors.parquet")
    wrong = errors[errors["label"] != errors["predicted"]].head(5)
    assert [row[1] for row in rows] == wrong["label"].tolist()
    assert [row[2] for row in rows] == wrong["predicted"].tolist()
    assert [row[4] for row in rows] == [f"{loss:.2f}" for loss in wrong["loss"]]


def test_explained_words_are_coloured_numbered_and_escaped(finished: Path) -> None:
    text = (finished / "out/report.html").read_text()
    part = text[text.index('id="explanations"') : text.index('id="data"')]
    assert part.count("<li>") == 2
    assert part.count("title=") == 2 * 3 + 2  # every word has its number, and one mark its name
    assert part.count('<span class="for" style="--share:100" title="+1.25">') == 2
    assert part.count("<small>+1.25</small>") == 2
    assert "&lt;i&gt;one" in part
    assert "<i>" not in part
    assert part.count('<span class="against" style="--share:40" title="\N{MINUS SIGN}0.50">') == 2
    assert "U+202E" in part


def test_data_leaks_and_training_rows_are_told(finished: Path) -> None:
    page = parse(finished)
    assert "307 read, 300 kept, 7 rejected (2.3%)" in page.text
    assert page.tables["table-rejected"][1:] == [["text: empty", "7"]]
    assert page.tables["table-labels"][1] == ["negative", "100", "60", "20", "20"]
    words = " ".join(page.text.split())
    assert "0 test rows have an exact or near duplicate" in words
    assert "leaked 12.4 of 60 test rows (20.7%; mean of 20 draws, from 9 to 17)" in words
    assert "11 of them with more than one row (31 rows, the largest group has 8)" in words
    assert "180 rows became 191, 11 of them synthetic" in words
    assert page.tables["table-operations"][1:] == [["synonyms", "12", "11"]]
    assert page.tables["table-training"][1] == ["negative", "60", "60", "1.250"]


def test_ties_are_called_ties_in_the_results(finished: Path) -> None:
    found = json.loads((finished / "metrics/pairs.json").read_text())
    page = parse(finished)
    rows = {row[0].split("|")[0]: row[-1] for row in page.tables["table-results"][1:]}
    tied = found["verdicts"]["lstm-0"]["no_evidence_against"]
    assert tied
    words = " ".join(rows["lstm-0"].split())
    assert words.startswith("no evidence against")
    assert all(key in words for key in tied)
    assert "worse than" in rows["vader"]
    summary = (finished / "out/report.md").read_text()
    assert "`lstm-0`: no evidence against `lstm-1`" in summary


def test_every_pair_stands_in_the_matrix_and_the_list(finished: Path) -> None:
    found = json.loads((finished / "metrics/pairs.json").read_text())["pairs"]
    page = parse(finished)
    cells = [cell for row in page.tables["table-pairs"][1:] for cell in row[1:] if cell]
    expected = [
        f"{100 * pair['macro_f1']['value']:+.1f}|" + ("better" if pair["better"] else "no evidence")
        for pair in found
    ]
    assert cells == expected
    listed = page.tables["table-tests"][1:]
    assert [row[-1] for row in listed] == [pair["gap"] for pair in found]


def test_sureness_stands_in_its_tables(finished: Path) -> None:
    found = json.loads((finished / "metrics/calibration.json").read_text())["models"]
    page = parse(finished)
    for row in page.tables["table-calibration"][1:]:
        one = found[row[0]]
        assert row[1].split("|")[0] == f"{100 * one['before']['ece']['value']:.1f}"
        assert row[2] == f"{one['temperature']:.2f}"
        assert row[3].split("|")[0] == f"{100 * one['after']['ece']['value']:.1f}"
    for row in page.tables["table-abstention"][1:]:
        assert row[1].split("|")[0] == f"{100 * found[row[0]]['coverage']['value']:.1f}"
    assert "cannot undo that" in page.text  # the fixture's rows are weighted by class


@pytest.mark.parametrize("name", ["pairs", "calibration"])
def test_files_of_other_candidates_are_refused(folder: Path, name: str, fast: None) -> None:
    path = folder / f"metrics/{name}.json"
    content = path.read_text()
    path.write_text(content.replace('"vader"', '"other"'))
    with pytest.raises(DataError, match=f"{name}.json and evaluation.json differ in candidates"):
        run(folder)
    path.unlink()
    with pytest.raises(SluiceError, match=f"{name}.json is missing"):
        run(folder)


@pytest.mark.parametrize(
    ("name", "keys", "value", "message"),
    [
        ("pairs", ("pairs",), [], "every two candidates of verdicts once"),
        ("pairs", ("verdicts", "vader"), ..., "every two candidates of verdicts once"),
        ("calibration", ("models", "vader", "temperature"), None, r"vader\.temperature"),
        ("calibration", ("models", "vader", "curve", "risk"), [], "not as many points"),
    ],
)
def test_broken_pairs_and_sureness_are_named(
    folder: Path, name: str, keys: tuple[str, ...], value: object, message: str
) -> None:
    change_json(folder / f"metrics/{name}.json", *keys, value=value)
    with pytest.raises(DataError, match=message):
        run(folder)


def test_seeds_and_epochs_are_told(finished: Path) -> None:
    page = parse(finished)
    seeds = json.loads((finished / "metrics/evaluation.json").read_text())["over_seeds"]["lstm"]
    shown = f"{100 * seeds['macro_f1']['mean']:.1f} ± {100 * seeds['macro_f1']['spread']:.1f}"
    row = page.tables["table-seeds"][1]
    assert row[:3] == ["lstm", "2", shown]
    for cell, name in zip(row[3:5], ("over_seeds", "over_rows"), strict=True):
        bounds = seeds["macro_f1"][name]
        words = f"{100 * bounds['low']:.1f} to {100 * bounds['high']:.1f}"
        assert cell == words.replace("-", "\N{MINUS SIGN}") or cell == words
    assert page.tables["table-epochs"][1][:4] == ["lstm-0", "2", "3", "191"]


def test_versions_change_with_what_they_name(finished: Path, tmp_path: Path, fast: None) -> None:
    first = parse(finished)
    other = write_run(tmp_path / "other", worst_errors=4)
    second = Tables((run(other) / "report.html").read_text())
    assert first.tables["table-data-versions"] == second.tables["table-data-versions"]
    assert [row[0] for row in first.tables["table-data-versions"][1:]] == [
        "train.parquet", "validation.parquet", "test.parquet", "evaluation.json", "errors.parquet",
    ]  # fmt: skip
    sums = [re.findall("[0-9a-f]{64}", page.text) for page in (first, second)]
    assert len(sums[0]) == len(sums[1]) == 9
    assert [one == two for one, two in zip(*sums, strict=True)] == [True] * 7 + [False, True]


def test_every_figure_is_written_and_shown_with_words(finished: Path) -> None:
    images = [attrs for tag, attrs in parse(finished).tags if tag == "img"]
    assert len(images) == len(FIGURES)
    for attrs in images:
        assert (attrs["src"] or "").startswith("data:image/svg+xml;base64,")
        assert len(attrs["alt"] or "") > 20
    for name in FIGURES:
        png = (finished / f"out/plots/{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert b"<svg" in (finished / f"out/plots/{name}.svg").read_bytes()
    assert {path.stem for path in (finished / "out/plots").iterdir()} == set(FIGURES)


def test_the_page_is_still_accessible_and_calls_nobody(finished: Path) -> None:
    page = parse(finished)
    names = [tag for tag, _ in page.tags]
    assert {"script", "link", "iframe", "object", "form", "base"}.isdisjoint(names)
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert (policy or "").startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert ("html", {"lang": "en"}) in page.tags
    assert all(attrs.get("scope") for tag, attrs in page.tags if tag == "th")
    assert names.count("caption") == names.count("table")
    assert names.count("h1") == names.count("main") == 1
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.tags:
        for name, value in attrs.items():
            assert not name.startswith("on")
            assert name not in {"src", "href"} or (value or "")[:5] in {"data:"} | {
                f"#{one}"[:5] for one in ids
            }, tag


def test_markdown_is_short_and_links_to_the_plots(finished: Path) -> None:
    text = (finished / "out/report.md").read_text()
    assert len(text) < 3000
    assert "| `lstm-0` **selected** |" in text
    assert "| `svm` **best baseline** |" in text
    for name in FIGURES:
        assert f"(plots/{name}.png)" in text
        assert (finished / f"out/plots/{name}.png").is_file()


def test_two_runs_give_the_same_bytes_and_no_folder_shows(finished: Path, tmp_path: Path) -> None:
    again = write_run(tmp_path / "elsewhere")
    first, second = snapshot(finished / "out"), snapshot(run(again))
    assert first == second
    for name, content in first.items():
        assert str(finished).encode() not in content, name
        assert b"<dc:date>" not in content, name


HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\u202egnp.exe \u2066hidden\u2069 \x00\x07\x1b[31m",
    '=HYPERLINK("http://example.org") ```js | @everyone #1 [x](javascript:alert(1)) <b>',
    "long " * 2000,
    "{{ 7 * 7 }} {% raw %} $\\frac{1}{0}$ &amp; &#x3C;",
    "e" + "\u0301" * 300 + " \u05e9\u05dc\u05d5\u05dd \U0001f469\u200d\U0001f680",
)


def test_hostile_texts_labels_and_names_are_shown_not_obeyed(tmp_path: Path) -> None:
    labels = ("<b>bad|`\u202e`</b>", "$\\alpha$ _x_ \u79ef\u6781", "@team [a](http://x.y) #1")
    folder = write_run(
        tmp_path, labels=labels, texts=HOSTILE, worst_errors=50, title="</title><script>x</script>",
        models={"<img src=x>": 20}, baselines={"a|b`c`": 25}, seeds=(0,),
    )  # fmt: skip
    out = run(folder)
    text = (out / "report.html").read_text()
    page = Tables(text)
    names = [tag for tag, _ in page.tags]
    assert {"script", "b"}.isdisjoint(names)
    assert names.count("img") == len(FIGURES)
    assert not any(mark in text for mark in "\u202e\u2066\u2069\x00\x07\x1b")
    assert "U+202E" in page.text
    assert "U+001B" in page.text
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "more characters" in page.text
    assert "\u0301" * 5 not in page.text
    assert "\U0001f469\u200d\U0001f680" in page.text
    assert max(len(cell) for row in page.tables["table-errors"] for cell in row) < 500
    summary = (out / "report.md").read_text()
    rows = [line for line in summary.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert all(line.count("|") == 7 for line in rows)
    assert not any(mark in summary for mark in ("<img", "<b>", "<script", "\u202e", "@team"))


def test_weaknesses_are_named(tmp_path: Path, fast: None) -> None:
    folder = write_run(tmp_path, models={"lstm": 50}, baselines={"svm": 0}, few_test_rows=21)
    change_json(folder / "metrics/leaks.json", "leaked", value=3)
    words = " ".join(Tables((run(folder) / "report.html").read_text()).text.split())
    assert "What weakens this number" in words
    assert "3 test rows have a near duplicate" in words
    assert "lies below zero: the simpler svm is better" in words
    assert "It is below the best baseline, svm" in words
    assert "Few test rows for negative (20), neutral (20), positive (20):" in words


def test_nothing_weak_leaves_no_box(finished: Path) -> None:
    assert "What weakens" not in (finished / "out/report.html").read_text()


def test_baselines_alone_are_reported_without_curves(tmp_path: Path, fast: None) -> None:
    out = run(write_run(tmp_path, models={}))
    page = Tables((out / "report.html").read_text())
    assert "No model was trained. The best baseline, svm reaches" in page.text
    assert "No model and baseline stand side by side" in page.text
    assert "Learning curves" not in page.text
    assert "No model was selected, so there is none to explain." in page.text
    assert not (out / "plots/loss.png").exists()


def test_models_alone_are_reported_without_differences(tmp_path: Path, fast: None) -> None:
    out = run(write_run(tmp_path, baselines={}))
    assert "No baseline stands beside it." in Tables((out / "report.html").read_text()).text
    assert not (out / "plots/differences.png").exists()


def test_files_of_older_runs_are_passed_over(folder: Path, fast: None) -> None:
    (folder / "curves/forgotten-7.csv").write_text("not,curves\n")
    (folder / "metrics/train/forgotten-7.json").write_text("{}")
    assert "forgotten" not in (run(folder) / "report.html").read_text()


MODEL = ("models", "lstm-0")
Break = Callable[[Path], object]


def broken_json(name: str, *keys: str, value: object) -> Break:
    return lambda folder: change_json(folder / name, *keys, value=value)


def broken_csv(column: str, value: object) -> Break:
    def damage(folder: Path) -> None:
        path = folder / "curves/lstm-1.csv"
        frame = pd.read_csv(path)
        frame[column] = [value, *frame[column][1:]]
        frame.to_csv(path, index=False)

    return damage


EVALUATION = "metrics/evaluation.json"
BROKEN: dict[str, tuple[Break, str]] = {
    "score missing": (
        broken_json(EVALUATION, *MODEL, "test", "macro_f1", value=...),
        r"evaluation\.json: models\.lstm-0: test has no macro_f1",
    ),
    "score null": (
        broken_json(EVALUATION, *MODEL, "test", "log_loss", value=None),
        r"evaluation\.json: models\.lstm-0\.test\.log_loss: .*valid number",
    ),
    "score NaN": (
        broken_json(EVALUATION, *MODEL, "per_class", "neutral", "f1", value=float("nan")),
        r"evaluation\.json: models\.lstm-0\.per_class\.neutral\.f1: .*finite",
    ),
    "bound infinite": (
        broken_json(EVALUATION, *MODEL, "intervals", "accuracy", "high", value=float("inf")),
        r"evaluation\.json: models\.lstm-0\.intervals\.accuracy\.high: .*finite",
    ),
    "interval missing": (
        broken_json(EVALUATION, *MODEL, "intervals", "log_loss", value=...),
        r"evaluation\.json: models\.lstm-0: intervals has no log_loss",
    ),
    "label missing": (
        broken_json(EVALUATION, *MODEL, "per_class", "neutral", value=...),
        r"evaluation\.json: the file: models\.lstm-0\.per_class has no 'neutral'",
    ),
    "gap missing": (broken_json(EVALUATION, "gap", value=...), r"evaluation\.json: .*gap is mis"),
    "model unknown": (
        broken_json(EVALUATION, "selected", value="gru"), r"evaluation\.json: .*selected is 'gru'",
    ),
    "parameters missing": (
        broken_json("metrics/train/lstm-1.json", "parameters", value=...),
        r"lstm-1\.json: parameters: Field required",
    ),
    "leak count missing": (
        broken_json("metrics/leaks.json", "naive_split", "leaked", "mean", value=...),
        r"leaks\.json: naive_split\.leaked\.mean: Field required",
    ),
    "augment count null": (
        broken_json("metrics/augment.json", "rows", "after", value=None),
        r"augment\.json: rows\.after: .*valid integer",
    ),
    "source missing": (
        broken_json("provenance.json", "sha256", value=...), r"provenance\.json: sha256: Field re",
    ),
    "other labels": (
        broken_json("provenance.json", "labels", value=["a", "b"]), r"differ in labels",
    ),
    "other rows": (
        broken_json("metrics/leaks.json", "rows", "test", value=59), r"leaks\.json 59: run the",
    ),
    "curve missing": (
        lambda folder: (folder / "curves/lstm-1.csv").unlink(), r"lstm-1\.csv is missing",
    ),
    "curve NaN": (
        broken_csv("validation_loss", None), r"lstm-1\.csv: row 1: validation_loss is not a number",
    ),
    "curve text": (
        broken_csv("train_accuracy", "x"), r"lstm-1\.csv: row 1: train_accuracy is not a number",
    ),
    "curve without epochs": (
        lambda folder: pd.read_csv(folder / "curves/lstm-1.csv").head(0).to_csv(
            folder / "curves/lstm-1.csv", index=False
        ),
        r"lstm-1\.csv has no epoch",
    ),
    "curve without column": (
        lambda folder: (folder / "curves/lstm-1.csv").write_text("epoch,train_loss\n1,0.5\n"),
        r"lstm-1\.csv: column validation_loss is missing",
    ),
    "curve empty": (
        lambda folder: (folder / "curves/lstm-1.csv").write_text(""), r"lstm-1\.csv is not CSV",
    ),
    "errors without columns": (
        lambda folder: pd.DataFrame({"id": ["a"]}).to_parquet(folder / "errors.parquet"),
        r"errors\.parquet: column text is missing",
    ),
    "explanation cut short": (
        broken_json("explanations.json", "rows", value=[{"words": ["a"], "parts": []}]),
        r"explanations\.json: rows\.0\.id: Field required",
    ),
    "explanations of another model": (
        broken_json("explanations.json", "model", value="lstm-1"), r"not of the selected model",
    ),
    "split missing": (
        lambda folder: (folder / "split/test.parquet").unlink(), r"test\.parquet is missing",
    ),
    "evaluation missing": (
        lambda folder: (folder / EVALUATION).unlink(), r"evaluation\.json is missing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_missing_is_named_and_the_old_report_stays(folder: Path, name: str) -> None:
    (folder / "out/plots").mkdir(parents=True)
    for old in ("report.html", "report.md", "plots/old.png"):
        (folder / "out" / old).write_text("old")
    damage, message = BROKEN[name]
    damage(folder)
    with pytest.raises(SluiceError, match=message) as raised:
        run(folder)
    assert isinstance(raised.value, DataError | SourceError)
    assert "\n" not in str(raised.value)
    old = {"report.html": b"old", "report.md": b"old", "plots/old.png": b"old"}
    assert snapshot(folder / "out") == old


@pytest.mark.parametrize("lost", ["confusion", "loss"])
def test_a_missing_figure_fails_and_the_old_report_stays(
    folder: Path, fast: None, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    before = snapshot(run(folder))
    assert before
    monkeypatch.setitem(plots.FIGURES, lost, lambda contents: None)
    with pytest.raises(DataError, match=f"the figure {lost}.png is missing"):
        run(folder)
    assert snapshot(folder / "out") == before
    assert not list((folder / "out").glob(".*"))


def test_unknown_params_are_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path, worst_error=3)
    with pytest.raises(ParamsError, match=r"report\.worst_error: unknown key; valid keys: few_"):
        run(folder)


def command(folder: Path) -> subprocess.CompletedProcess[str]:
    """The stage as DVC calls it."""
    words = [sys.executable, "-m", "sluice.stages.report", *map(str, paths(folder))]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_line_gives_the_same_bytes(finished: Path, folder: Path) -> None:
    done = command(folder)
    assert done.returncode == 0, done.stderr
    assert snapshot(folder / "out") == snapshot(finished / "out")


def test_the_command_line_fails_in_one_line(folder: Path) -> None:
    change_json(folder / EVALUATION, *MODEL, "test", "macro_f1", value=None)
    done = command(folder)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not (folder / "out").exists()


NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for path in map(shutil.which, NAMES) if path), None)


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., str]:
    if BROWSER is None:
        pytest.skip("no Chromium is installed")

    def start(*words: str) -> str:
        fixed = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        fixed += ["--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"]
        browser = subprocess.Popen(
            [str(BROWSER), *fixed, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            shown, _ = browser.communicate(timeout=60)
        finally:
            browser.kill()
            browser.wait()
        assert browser.returncode == 0
        return shown.decode()

    return start


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a server on the loopback, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *_: object) -> None: ...

    handler = functools.partial(Handler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", asked
        listening.shutdown()


def beacons(address: str) -> str:
    """Markup that asks for something as soon as a browser obeys it."""
    return (
        f"<img src={address}/image><script src={address}/script></script>"
        f"<link rel=stylesheet href={address}/style><iframe src={address}/frame></iframe>"
    )


def test_a_browser_shows_it_and_asks_for_nothing_else(
    tmp_path: Path, fast: None, browse: Callable[..., str], server: tuple[str, list[str]]
) -> None:
    address, asked = server
    lure = beacons(address)
    folder = write_run(tmp_path / "run", texts=(*HOSTILE, lure), worst_errors=50, title=lure)
    run(folder)
    page = Tables(browse("--dump-dom", f"{address}/run/out/report.html"))
    assert set(asked) <= {"/run/out/report.html", "/favicon.ico"}
    assert page.tables["table-results"][1:] == parse(folder).tables["table-results"][1:]
    assert len(page.tables["table-errors"]) > 5
    assert {"script", "iframe", "link"}.isdisjoint(tag for tag, _ in page.tags)


def test_the_policy_alone_stops_what_escaping_would_miss(
    tmp_path: Path,
    folder: Path,
    fast: None,
    browse: Callable[..., str],
    server: tuple[str, list[str]],
) -> None:
    address, asked = server
    page = run(folder) / "report.html"
    pierced = page.read_text().replace("<main>", f"<main>{beacons(address)}")
    page.write_text(pierced)
    (tmp_path / "open.html").write_text(beacons(address))
    browse("--dump-dom", f"{address}/run/out/report.html")
    assert set(asked) <= {"/run/out/report.html", "/favicon.ico"}
    browse("--dump-dom", f"{address}/open.html")
    assert {"/image", "/script", "/style", "/frame"} <= set(asked)


def pixels(png: bytes) -> bytes:
    """The raw rows of a PNG."""
    data, place = b"", 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += 12 + length
    return zlib.decompress(data)


@pytest.mark.parametrize("width", [390, 1200])
def test_a_browser_draws_it(
    finished: Path, tmp_path: Path, browse: Callable[..., str], width: int
) -> None:
    shot = tmp_path / "shot.png"
    page = (finished / "out/report.html").as_uri()
    browse(f"--window-size={width},2000", f"--screenshot={shot}", page)
    png = shot.read_bytes()
    assert struct.unpack(">II", png[16:24])[1] == 2000
    assert len(set(pixels(png))) > 100
    assert len(png) > 40_000
