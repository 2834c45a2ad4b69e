"""Slices in the figure: what they are called, uncut, and no figure where none is large enough."""

import json
from pathlib import Path

import pytest
from finished_run import write_run

from sluice.reporting.slices import Slices, SliceScores, draw_slices


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Slices:
    folder: Path = write_run(tmp_path_factory.mktemp("run") / "a")
    return Slices.model_validate(json.loads((folder / "metrics/slices.json").read_text()))


def renamed(one: SliceScores, dimension: str, value: str) -> SliceScores:
    return one.model_copy(update={"dimension": dimension, "value": value})


@pytest.mark.parametrize(
    ("dimension", "value", "name"),
    [
        ("length", "2 to 14 tokens", "2 to 14 tokens"),
        ("emoji", "without emoji", "without emoji"),
        ("platform", "web", "platform: web"),
        ("confidence", "0.6 to below 0.8", "confidence: 0.6 to below 0.8"),
    ],
)
def test_a_slice_is_called_by_its_value_and_what_that_is_of(
    slices: Slices, dimension: str, value: str, name: str
) -> None:
    one = renamed(slices.slices[0], dimension, value)
    assert one.name == name
    figure = draw_slices(slices.model_copy(update={"slices": [one]}))
    assert figure is not None
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [name]


def test_without_slices_there_is_no_figure(slices: Slices) -> None:
    assert draw_slices(slices.model_copy(update={"slices": []})) is None
