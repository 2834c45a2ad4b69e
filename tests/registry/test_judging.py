"""The gate on whole runs: each check can fail, and a challenger is held against the champion."""

from pathlib import Path

import pandas as pd
import pytest
from judged_project import ROWS, write_challenger, write_lock, write_params, write_rows

from sluice.errors import DataError, ModelError, ParamsError
from sluice.evaluation.predictions import of_split
from sluice.files import read_json, write_json
from sluice.params import read_section
from sluice.registry.champion import predict_rows
from sluice.registry.decisions import Check, Decision
from sluice.registry.judging import AGAINST_CHAMPION, judge_challenger
from sluice.registry.promotion import promote
from sluice.registry.run import read_run
from sluice.registry.settings import Gate
from sluice.registry.versions import about_digest
from sluice.serving.model import load_model
from sluice.text.traits import TRAITS

CHAMPIONS_MISTAKES = range(0, ROWS, 4)


def of(decision: Decision, name: str) -> Check:
    return next(check for check in decision.checks if check.name == name)


def crown(project: Path) -> None:
    """Make the project's first run the champion."""
    assert promote(project, judge_challenger(project)).action == "promoted"


def change_version(project: Path, **keys: object) -> None:
    """Change what is known of version 1 as if it had been stored so."""
    path = project / "registry/versions/1/version.json"
    write_json(read_json(path) | keys, path)
    pointer = read_json(project / "registry/champion.json")
    pointer["changes"][0]["sha256"] = about_digest(project, 1)
    write_json(pointer, project / "registry/champion.json")


def test_without_a_champion_floor_and_baseline_are_asked_and_it_says_so(project) -> None:
    decision = judge_challenger(project)
    assert decision.passed
    assert decision.champion is None
    assert decision.difference is None
    asked = [check.name for check in decision.checks if check.verdict != "not asked"]
    assert asked == ["floor", "baseline"]
    for name in AGAINST_CHAMPION:
        assert of(decision, name).because == "there is no champion to compare with"


def test_figures_are_those_of_the_evaluation(project) -> None:
    decision = judge_challenger(project)
    one = read_json(project / "reports/metrics/evaluation.json")["models"]["lstm-0"]
    assert decision.score.value == one["test"]["macro_f1"]
    assert of(decision, "floor").low == one["intervals"]["macro_f1"]["low"]
    assert of(decision, "baseline").low == one["against_baseline"]["low"]


def test_a_better_challenger_passes_every_check(crowned) -> None:
    decision = judge_challenger(crowned)
    assert decision.champion == 1
    assert [check.verdict for check in decision.checks] == ["passed"] * 10
    assert decision.difference.value == pytest.approx(0.25, abs=0.01)


def test_the_champion_asked_again_says_what_it_said(project) -> None:
    run = read_run(project, project / "params.yaml")
    model = load_model(project / "models/lstm/0")
    said = of_split(predict_rows(model, run).predictions, "test")
    rows = pd.read_parquet(project / "data/split/test.parquet")
    chosen = said[["p_negative", "p_neutral", "p_positive"]].idxmax(axis=1).str[2:]
    wrong = (chosen != rows["label"]).to_numpy().nonzero()[0]
    assert wrong.tolist() == list(CHAMPIONS_MISTAKES)


def test_a_tie_keeps_the_champion(crowned) -> None:
    write_challenger(crowned, CHAMPIONS_MISTAKES)  # wrong on the same rows
    check = of(judge_challenger(crowned), "champion")
    assert (check.value, check.verdict) == (0.0, "failed")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("floor", {"wrong": range(70)}),
        ("baseline", {"wrong": range(20), "baseline": 0}),
        ("champion", {"wrong": range(28)}),
        ("behaviour", {"failures": 9}),
        ("size", {"hidden": 64}),
    ],
)
def test_each_check_can_fail(name: str, change: dict, crowned) -> None:
    write_challenger(crowned, **change)
    assert of(judge_challenger(crowned), name).verdict == "failed"


def test_worse_calibration_fails(crowned) -> None:
    path = crowned / "reports/metrics/calibration.json"
    content = read_json(path)
    content["models"]["lstm-0"]["after"]["ece"]["value"] = 0.9
    write_json(content, path)
    write_lock(crowned)
    check = of(judge_challenger(crowned), "calibration")
    assert (check.verdict, check.value) == ("failed", 0.9)


def test_no_linear_baseline_fails(project) -> None:
    write_challenger(project, baseline=None)
    check = of(judge_challenger(project), "baseline")
    assert check.verdict == "failed"
    assert "tfidf_logreg" in check.because


def test_a_slower_challenger_fails(crowned) -> None:
    latency = {"ratio": 0.001, "texts": 2, "rounds": 3}
    write_params(crowned, latency=latency)
    check = of(judge_challenger(crowned), "latency")
    assert (check.verdict, check.threshold) == ("failed", 0.001)


def test_a_challenger_that_is_worse_on_one_slice_is_refused_by_its_name(project) -> None:
    """Better on all rows together, and worse where platform is phone."""
    write_rows(project, project / "models/lstm/0", range(ROWS // 2))  # the champion fails on web
    write_challenger(project)
    crown(project)
    write_challenger(project, range(ROWS // 2, ROWS // 2 + 25))
    decision = judge_challenger(project)
    check = of(decision, "slices")
    assert [one.name for one in decision.failed] == ["slices"]
    assert check.details[0].startswith("worse on platform: phone -")
    assert check.value < check.threshold == -0.03


def test_a_margin_of_its_own_lets_a_slice_fall(crowned) -> None:
    write_challenger(crowned, range(60, 100))
    assert of(judge_challenger(crowned), "slices").verdict == "failed"
    wide = dict.fromkeys(("platform", "length", *TRAITS), 1.0)
    write_params(crowned, slice_margins=wide)
    assert of(judge_challenger(crowned), "slices").verdict == "passed"


def test_a_margin_for_no_slice_is_an_error(crowned) -> None:
    write_params(crowned, slice_margins={"platfrom": 0.1})
    with pytest.raises(ParamsError, match=r"no slices by platfrom; there are: platform, length"):
        judge_challenger(crowned)


def test_other_labels_than_the_champions_are_refused_with_the_reason(crowned) -> None:
    change_version(crowned, labels=["bad", "good"])
    decision = judge_challenger(crowned)
    assert [check.name for check in decision.failed] == ["labels"]
    because = of(decision, "labels").because
    assert "the champion's labels are bad, good" in because
    assert decision.difference is None
    assert of(decision, "slices").verdict == "not asked"


def test_a_champion_of_other_test_rows_is_scored_on_the_present_ones(crowned) -> None:
    """The data has grown: new rows, on which the champion is wrong in the first half."""
    write_rows(crowned, crowned / "models/lstm/0", range(ROWS // 2), seed=50)
    write_challenger(crowned, range(ROWS // 2, ROWS // 2 + 12))
    decision = judge_challenger(crowned)
    assert of(decision, "champion").verdict == "passed"
    assert decision.difference.value == pytest.approx(0.4, abs=0.02)


def add_to_test(project: Path, texts: list[str]) -> None:
    """New rows for the test, and a run on them; labels are what the other rows have."""
    path = project / "data/split/test.parquet"
    rows = pd.read_parquet(path)
    rows.loc[: len(texts) - 1, "text"] = texts
    rows.to_parquet(path, index=False)
    write_challenger(project)


def plain_texts(project: Path, part: str) -> list[str]:
    texts = pd.read_parquet(project / f"data/split/{part}.parquet")["text"]
    return [" ".join(text.lower().split()) for text in texts]


def test_test_rows_that_the_champion_has_learnt_from_are_counted_and_refused(crowned) -> None:
    """By text, whatever the case and the spaces; the fixture has a few such rows of its own."""
    learnt = plain_texts(crowned, "train")
    chosen = plain_texts(crowned, "validation")
    add_to_test(crowned, [learnt[0].upper(), f" {learnt[1]}  ", chosen[0], "a new one"])
    count = sum(text in {*learnt, *chosen} for text in plain_texts(crowned, "test"))
    assert 3 <= count < 10
    decision = judge_challenger(crowned)
    check = of(decision, "seen")
    assert (check.verdict, check.threshold) == ("failed", 0.0)
    assert check.value == pytest.approx(count / ROWS, abs=1e-6)
    assert check.because.startswith(f"{count} of 120 test rows were the champion's to learn from")
    assert not decision.passed
    write_params(crowned, seen_share=0.1)
    assert of(judge_challenger(crowned), "seen").verdict == "passed"


def test_a_champion_stored_without_its_rows_is_told_only_if_the_split_has_changed(crowned) -> None:
    change_version(crowned, rows=None)
    assert of(judge_challenger(crowned), "seen").verdict == "passed"
    add_to_test(crowned, ["a new one"])
    check = of(judge_challenger(crowned), "seen")
    assert check.verdict == "not asked"
    assert "stored without its rows" in check.because


def test_a_changed_table_of_rows_is_refused(crowned) -> None:
    add_to_test(crowned, ["a new one"])
    path = crowned / "registry/versions/1/rows.parquet"
    pd.read_parquet(path).iloc[1:].to_parquet(path, index=False)
    with pytest.raises(ModelError, match=r"rows\.parquet is not the file that was stored"):
        judge_challenger(crowned)


def test_a_corrupt_champion_is_named(crowned) -> None:
    path = crowned / "registry/versions/1/model/model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match=r"versions/1/model/model\.safetensors is not the file"):
        judge_challenger(crowned)


@pytest.mark.parametrize(
    "name", ["reports/metrics/evaluation.json", "models/lstm/0/vocabulary.json"]
)
def test_an_output_that_is_not_of_dvc_lock_is_refused(name: str, project) -> None:
    (project / name).write_text((project / name).read_text() + " ")
    with pytest.raises(DataError, match=f"{name} is not the file of dvc.lock: run dvc repro"):
        judge_challenger(project)


def test_a_run_without_a_model_or_of_another_form_is_an_error(project) -> None:
    path = project / "reports/metrics/evaluation.json"
    whole = read_json(path)
    write_json(whole | {"selected": None}, path)
    write_lock(project)
    with pytest.raises(DataError, match="selects no model"):
        judge_challenger(project)
    write_json([], path)
    with pytest.raises(DataError, match="is of another form"):
        judge_challenger(project)


def test_the_decision_holds_the_gate_and_the_origin(project) -> None:
    decision = judge_challenger(project)
    gate = read_section(project / "params.yaml", "gate", Gate)
    assert Gate.model_validate(decision.gate | {"slice_margins": {}}) == gate
    assert decision.origin.commit is None
    assert set(decision.origin.data) >= {"data/split/test.parquet", "data/raw/provenance.json"}
    assert len(decision.origin.dvc_lock) == 64
