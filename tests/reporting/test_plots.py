"""What the figures show: the numbers of the run, whatever its size."""

from pathlib import Path

import pandas as pd
import pytest
from finished_run import paths, write_run
from matplotlib.figure import Figure

from sluice.reporting import plots
from sluice.reporting.canvas import style
from sluice.reporting.charts import draw_comparison, draw_confusion, draw_differences
from sluice.reporting.contents import Contents
from sluice.reporting.curves import draw_curves, draw_label_counts, draw_lengths
from sluice.stages.report import gather


def contents_of(folder: Path) -> Contents:
    return gather(*paths(folder)[:6], folder / "params.yaml")


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    return contents_of(write_run(tmp_path_factory.mktemp("run") / "a"))


def test_the_comparison_has_a_mark_for_each_candidate(contents: Contents) -> None:
    evaluation = contents.evaluation
    (panel,) = draw_comparison(evaluation).axes
    assert [tick.get_text() for tick in panel.get_yticklabels()] == list(evaluation.ranked)
    marks = [line for line in panel.lines if len(line.get_xdata())]
    drawn = [float(line.get_xdata()[0]) for line in marks]
    assert drawn == [100 * one.test["macro_f1"] for one in evaluation.ranked.values()]


def test_far_differences_stand_at_the_edge_with_their_number(contents: Contents) -> None:
    found = draw_differences(contents.evaluation)
    assert found is not None
    (panel,) = found.axes
    differences = [one.against_baseline for one in contents.evaluation.ranked.values()]
    values = [one.value for one in differences if one is not None]
    assert min(values) < -0.10
    points = [float(line.get_xdata()[0]) for line in panel.lines[1:] if len(line.get_xdata())]
    assert points == [max(-10.0, 100 * value) for value in values]
    assert len(panel.texts) == len(values)


def test_curves_are_those_of_the_files(contents: Contents) -> None:
    for measure, scale in (("loss", 1), ("accuracy", 100)):
        figure = draw_curves(contents, measure)
        assert figure is not None
        (panel,) = figure.axes
        lines = [line for line in panel.lines if len(line.get_xdata())]
        assert len(lines) == 4  # two seeds, two sides
        for line, side in zip(lines, ["train", "validation"] * 2, strict=True):
            expected = scale * contents.curves["lstm-0"][f"{side}_{measure}"]
            assert list(line.get_ydata()) == list(expected)


def test_confusion_shows_the_selected_and_the_best_baseline(contents: Contents) -> None:
    with style():
        figure = draw_confusion(contents.evaluation)
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["lstm-0", "svm"]
    counts = [text.get_text().split("\n")[0] for text in figure.axes[0].texts]
    confusion = contents.evaluation.models["lstm-0"].confusion
    assert counts == [str(number) for row in confusion for number in row]


def test_parts_stand_in_their_order(contents: Contents) -> None:
    with style():
        titles = [panel.get_title(loc="left") for panel in draw_label_counts(contents).axes]
        assert titles == ["train: 180", "validation: 60", "test: 60"]
        titles = [panel.get_title(loc="left") for panel in draw_lengths(contents).axes]
        assert titles == ["train", "validation", "test"]


def test_lengths_of_one_text_and_of_none_are_drawn(contents: Contents) -> None:
    lengths = {"train": pd.Series([0]), "validation": pd.Series([0, 90_000])}
    fields = {name: getattr(contents, name) for name in contents.__dataclass_fields__}
    figure = draw_lengths(Contents(**{**fields, "lengths": lengths}))
    heights = [sum(bar.get_height() for bar in panel.patches) for panel in figure.axes]
    assert heights == pytest.approx([100, 100])


@pytest.mark.parametrize("size", [2, 6])
def test_runs_of_another_size_have_all_figures(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(figure: Figure, stem: Path) -> None:
        for suffix in (".svg", ".png"):
            figure.savefig(stem.with_suffix(suffix), dpi=40)

    monkeypatch.setattr(plots, "save_figure", save)
    labels = tuple(f"label {place}" for place in range(size))
    models = {f"encoder_{place}": 5 + place for place in range(size)}
    contents = contents_of(write_run(tmp_path / "a", labels=labels, models=models, seeds=(0,)))
    (tmp_path / "plots").mkdir()
    plots.draw_figures(contents, tmp_path / "plots")
    found = plots.read_figures(contents, tmp_path / "plots")
    assert list(found) == plots.expected_figures(contents) == list(plots.FIGURES)
