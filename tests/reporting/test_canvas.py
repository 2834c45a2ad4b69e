"""Figures: the same bytes again, no state of matplotlib changed, hostile names drawn as text."""

from pathlib import Path

import matplotlib as mpl
import pytest

from sluice.reporting.canvas import label_text, new_panels, save_figure, style


def draw(folder: Path, name: str, title: str = "title") -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    with style():
        figure, (panel,) = new_panels(1, 1.0)
        panel.plot([0, 1], [0, 1], marker="o")
        panel.set_title(title)
        save_figure(figure, folder / name)
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def test_the_same_drawing_has_the_same_bytes(tmp_path: Path) -> None:
    assert draw(tmp_path / "a", "one") == draw(tmp_path / "b", "two")


def test_settings_of_the_user_change_nothing(tmp_path: Path) -> None:
    plain = draw(tmp_path / "a", "one")
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.hashsalt": "other"}):
        assert draw(tmp_path / "b", "one") == plain
        assert mpl.rcParams["font.size"] == 30


def test_nothing_of_time_or_software_is_written(tmp_path: Path) -> None:
    drawn = draw(tmp_path / "a", "one")
    for mark in (b"dc:date", b"dc:creator", b"Software", str(tmp_path).encode()):
        assert mark not in drawn[".svg"] + drawn[".png"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("neutral", "neutral"),
        ("$\\alpha$", "$\\alpha$"),
        ("\u79ef", "[79EF]"),
        ("a\u202eb", "a[U+202E]b"),
        ("x" * 100, "x" * 23 + "…"),
    ],
)
def test_names_in_figures(name: str, shown: str, tmp_path: Path) -> None:
    assert label_text(name) == shown
    draw(tmp_path / "a", "one", label_text(name))  # warnings, such as of glyphs, are errors


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (3, 3), (4, 2), (5, 3), (9, 3)])
def test_panels_are_laid_out_in_rows(count: int, columns: int) -> None:
    _, panels = new_panels(count, 1.0)
    assert len(panels) == count
    assert panels[0].get_subplotspec().get_gridspec().ncols == columns
