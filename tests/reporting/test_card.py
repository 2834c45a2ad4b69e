"""The model card: the numbers of the run, every part, and nothing foreign obeyed."""

import json
from pathlib import Path

import pytest
from finished_run import change_json, paths, write_run

from sluice.errors import DataError, ParamsError
from sluice.reporting.card import INTENDED_USE, card_sections, write_prose
from sluice.reporting.markdown import render_card
from sluice.reporting.texts import to_markdown
from sluice.stages.report import gather

TITLES = ["Model", "Intended use", "Data", "Splits", "Scores", "Slices", "Limits"]


def card_of(folder: Path) -> str:
    return render_card(gather(*paths(folder)[:6], folder / "params.yaml"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run") / "a")


def test_every_part_and_every_kind_of_leakage_is_there(folder: Path) -> None:
    card = card_of(folder)
    assert [line[3:] for line in card.splitlines() if line.startswith("## ")] == [
        *TITLES,
        "Leakage",
    ]
    kinds = [line[2:6] for line in card.splitlines() if line.startswith("| L")]
    assert kinds == ["L1.1", "L1.2", "L1.3", "L1.4", "L2 |", "L3.1", "L3.2", "L3.3"]
    assert all(line.count("|") == 5 for line in card.splitlines() if line.startswith("| L"))
    assert "Not meant for decisions about single persons" in card


def test_the_numbers_are_those_of_the_run(folder: Path) -> None:
    card = card_of(folder)
    models = json.loads((folder / "metrics/evaluation.json").read_text())["models"]
    for key, model in models.items():
        line = next(
            line
            for line in card.splitlines()
            if line.startswith((f"- `{key}`: macro", f"- {key}: macro"))
        )
        assert f"macro-F1 {100 * model['test']['macro_f1']:.1f} (" in line
    assert "307 rows read, 300 kept, 7 rejected" in card
    assert "train 180 (60.0%), validation 60 (20.0%), test 60 (20.0%)" in card
    assert "licence <code>not stated by the source</code>" in card or "not stated" in card
    assert "ab" * 32 in card.replace("`", "")


def test_weak_slices_and_gaps_are_told(folder: Path) -> None:
    card = card_of(folder)
    slices = json.loads((folder / "metrics/slices.json").read_text())
    weak = [one for one in slices["slices"] if one["weak"]]
    assert weak
    assert card.count("- Weak: ") == len(weak)
    gap = slices["fairness"]["platform"]
    assert f"the largest gap is {100 * gap['value']:+.1f} points" in card
    assert "no two groups are large enough to compare" in card  # country


def test_the_users_own_words_are_shown_not_obeyed(tmp_path: Path) -> None:
    use = "For <b>us</b>, @team: [x](y) | `z` \u202e and\n\n# more * than that."
    card = card_of(write_run(tmp_path / "run", intended_use=use))
    assert "<b>" not in card
    assert "\u202e" not in card
    assert "@team" not in card
    assert "\n# more" not in card
    assert "For &#60;b&#62;us" in card
    assert str(write_prose(INTENDED_USE)) == INTENDED_USE


def test_an_empty_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"report\.intended_use: .*at least 20"):
        card_of(write_run(tmp_path / "run", intended_use=""))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("overall", "lstm-0"), r"slices\.json: the file: scores of 'lstm-0' are missing"),
        (("slices",), r"slices\.json: slices: Field required"),
    ],
)
def test_a_missing_figure_fails(tmp_path: Path, keys: tuple[str, ...], message: str) -> None:
    folder = write_run(tmp_path / "run")
    change_json(folder / "metrics/slices.json", *keys, value=...)
    with pytest.raises(DataError, match=message):
        card_of(folder)


def test_a_blank_figure_fails(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    path = folder / "metrics/slices.json"
    found = json.loads(path.read_text())
    found["slices"][0]["difference"]["value"] = None
    path.write_text(json.dumps(found))
    with pytest.raises(DataError, match=r"slices\.0\.difference\.value: .*valid number"):
        card_of(folder)


def test_no_section_is_empty(folder: Path) -> None:
    contents = gather(*paths(folder)[:6], folder / "params.yaml")
    sections = card_sections(contents, to_markdown)
    assert [one.title for one in sections] == TITLES
    assert all(one.sentences for one in sections)
