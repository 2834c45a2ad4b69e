"""The model card: the numbers of the run, every part, and nothing foreign obeyed."""

import json
from pathlib import Path

import pytest
from finished_run import change_json, paths, write_run

from sluice.errors import DataError, ParamsError
from sluice.files import write_json
from sluice.reporting.card import INTENDED_USE, card_sections, write_prose
from sluice.reporting.markdown import render_card
from sluice.reporting.texts import to_markdown
from sluice.stages.report import gather

TITLES = ["Model", "Intended use", "Data", "Splits", "Scores", "Comparison", "Folds"]
TITLES += ["Calibration", "Slices", "Behaviour", "Shortcuts", "Labels in doubt", "Limits"]


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


def line_with(card: str, words: str) -> str:
    return next(line for line in card.splitlines() if words in line)


def percent(found: dict, value: str) -> str:
    return f"{100 * found[value]:.1f}% ({100 * found['low']:.1f} to {100 * found['high']:.1f})"


def test_comparison_and_audits_are_told_with_their_numbers(folder: Path) -> None:
    card = card_of(folder)
    names = ("pairs", "calibration", "behaviour", "shortcuts")
    pairs, calibration, behaviour, shortcuts = (
        json.loads((folder / f"metrics/{name}.json").read_text()) for name in names
    )
    verdict = pairs["verdicts"]["lstm-0"]
    line = line_with(card, "Holm's correction for 6 pairs")
    assert all(f"`{key}`" in line for side in verdict.values() for key in side)
    pair = next(one for one in pairs["pairs"] if {one["first"], one["second"]} == {"lstm-0", "svm"})
    test = pair["mcnemar"]
    line = line_with(card, "McNemar")
    assert f"only `{pair['first']}` is right on {test['only_first']}, only" in line
    assert f"only `{pair['second']}` on {test['only_second']};" in line
    one = calibration["models"]["lstm-0"]
    line = line_with(card, "Expected calibration error of")
    for side in ("before", "after"):
        ece = {key: 100 * one[side]["ece"][key] for key in ("value", "low", "high")}
        assert f"{ece['value']:.1f} " in line
        assert f"({ece['low']:.1f} to {ece['high']:.1f})" in line
    assert f"At {100 * calibration['error_rate']:.1f}% errors" in card
    assert one["answered"]["error_rate"] is None
    assert "No threshold of validation rows keeps to that error rate" in card
    rates = behaviour["models"]["lstm-0"]
    assert percent(rates["all"], "rate") in line_with(card, "made cases")
    worst = max(rates["capabilities"], key=lambda name: rates["capabilities"][name]["rate"])
    assert line_with(card, "Most at: ").startswith(f"- Most at: `{worst}` ")
    drop = shortcuts["models"]["lstm-0"]["drop"]
    line = line_with(card, "hashtags hidden in 6 of 60 test rows").replace("\N{MINUS SIGN}", "-")
    assert f"drops by {100 * drop['value'] + 0.0:+.1f} points" in line
    assert "1 of 180 training labels (0.6%) are in doubt" in card


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    change_json(folder / "metrics/behaviour.json", "tests", value=[])
    write_json({"folds": [], "models": {}}, folder / "metrics/folds.json")
    card = card_of(folder)
    assert "No behaviour test was run." in card
    assert "No folds were held out" in card


def test_rows_that_thresholds_answer_are_told_with_their_errors(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    answered = {"coverage": {"value": 0.5, "low": 0.4, "high": 0.6}}
    answered["error_rate"] = {"value": 0.05, "low": 0.01, "high": 0.1}
    place = "models", "lstm-0", "answered"
    change_json(folder / "metrics/calibration.json", *place, value=answered)
    line = line_with(card_of(folder), "With thresholds of validation rows")
    assert "answers 50.0% (40.0 to 60.0), of which 5.0% (1.0 to 10.0) are wrong" in line


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
