"""The probe stage: its texts, its facts, its determinism, and every suite that it refuses."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sluice.errors import ParamsError, SourceError
from sluice.files import write_parquet
from sluice.stages.probe import probe

LABELS = ["negative", "neutral", "positive"]
SUITE = {
    "capability": "praise",
    "labels": ["negative", "positive"],
    "slots": {"thing": ["film", "phone", "hotel"]},
    "tests": [
        {"name": "good", "type": "MFT", "templates": ["A GOOD {thing}!"], "expect": ["positive"]},
        {"name": "loud", "type": "INV", "templates": ["the {thing}"], "edits": ["upper"]},
    ],
}
TEXTS = ["Good day", "so #sunny", "nothing here", "@good one"]


def split(rows: int) -> pd.DataFrame:
    texts = (TEXTS * rows)[:rows]
    return pd.DataFrame(
        {
            "id": [f"row-{row}" for row in range(rows)],
            "text": texts,
            "cleaned": [text.lower() for text in texts],
            "label": (LABELS * rows)[:rows],
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_parquet(split(60), tmp_path / "train.parquet")
    write_parquet(split(4), tmp_path / "test.parquet")
    (tmp_path / "provenance.json").write_text(json.dumps({"labels": LABELS}))
    (tmp_path / "suites").mkdir()
    write_suite(tmp_path, "praise", SUITE)
    write_params(tmp_path)
    return tmp_path


def write_suite(folder: Path, name: str, content: dict) -> None:
    (folder / f"suites/{name}.yaml").write_text(yaml.safe_dump(content))


def write_params(folder: Path, **section: object) -> None:
    section = {"cases_per_test": 2, "masked_words": ["good"], "tokens": 3} | section
    content = {"clean": {"steps": {"punctuation": "drop"}}, "probe": section}
    (folder / "params.yaml").write_text(yaml.safe_dump(content))


def run(folder: Path) -> tuple[pd.DataFrame, dict]:
    names = ("suites", "train.parquet", "test.parquet", "provenance.json")
    names += ("out/probes.parquet", "out/facts.json")
    probe(*(folder / name for name in names), params=folder / "params.yaml")
    facts = json.loads((folder / "out/facts.json").read_text())
    return pd.read_parquet(folder / "out/probes.parquet"), facts


def test_cases_are_cleaned_as_rows_are_and_named_by_suite_and_test(folder: Path) -> None:
    rows, facts = run(folder)
    assert list(rows.columns) == ["id", "kind", "test", "role", "row", "text", "cleaned"]
    assert rows["id"].is_unique
    good = rows[rows["test"] == "praise/good"]
    assert len(good) == 2
    assert good["text"].str.fullmatch(r"A GOOD \w+!").all()
    assert good["cleaned"].str.fullmatch(r"a good \w+").all()
    loud = rows[rows["test"] == "praise/loud"]
    assert loud["role"].tolist() == ["before", "before", "after", "after"]
    assert loud["text"].iloc[2] == loud["text"].iloc[0].upper()
    assert [(test["key"], test["cases"]) for test in facts["tests"]] == [
        ("praise/good", 2),
        ("praise/loud", 2),
    ]


def test_test_rows_are_masked_and_only_those_that_change(folder: Path) -> None:
    rows, facts = run(folder)
    masked = rows[rows["kind"] == "masked"]
    assert masked["row"].tolist() == ["row-0", "row-1"]
    assert masked["text"].tolist() == ["<masked> day", "so <masked>"]
    assert masked["cleaned"].tolist() == ["<masked> day", "so <masked>"]
    words = ["negative", "neutral", "positive", "good"]
    assert facts["masked"] == {"words": words, "rows": 2, "test_rows": 4}


def test_tokens_are_as_many_as_asked_for(folder: Path) -> None:
    assert len(run(folder)[1]["tokens"]) == 3
    write_params(folder, tokens=0)
    assert run(folder)[1]["tokens"] == []


def test_two_runs_give_the_same_bytes(folder: Path) -> None:
    run(folder)
    first = [path.read_bytes() for path in sorted((folder / "out").iterdir())]
    run(folder)
    assert [path.read_bytes() for path in sorted((folder / "out").iterdir())] == first


def test_a_suite_of_other_labels_is_skipped_and_said_so(folder: Path, capsys) -> None:
    write_suite(folder, "feelings", SUITE | {"labels": ["negative", "positive", "joy"]})
    rows, facts = run(folder)
    assert list(facts["skipped"]) == ["feelings"]
    assert "suite feelings is skipped: it needs the label joy, and" in capsys.readouterr().out
    assert not rows["id"].str.contains("feelings").any()


def test_without_suites_only_masked_rows_are_left(folder: Path) -> None:
    (folder / "suites/praise.yaml").unlink()
    rows, facts = run(folder)
    assert set(rows["kind"]) == {"masked"}
    assert facts["tests"] == []
    (folder / "suites").rmdir()
    with pytest.raises(ParamsError, match="suites is missing"):
        run(folder)


def test_nothing_to_ask_is_an_empty_table_of_the_same_form(folder: Path) -> None:
    (folder / "suites/praise.yaml").unlink()
    before = run(folder)[0]
    write_parquet(split(4).assign(text="plain"), folder / "test.parquet")
    rows, _ = run(folder)
    assert rows.empty
    assert list(rows.columns) == list(before.columns)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SUITE | {"capability": "A/B"}, r"praise\.yaml: suite\.capability: "),
        (SUITE | {"slot": {}}, r"praise\.yaml: suite\.slot: unknown key; valid keys: capability,"),
        (SUITE | {"labels": ["negative"]}, "unknown label positive; valid: negative"),
        (SUITE | {"tests": []}, r"praise\.yaml: suite\.tests"),
    ],
)
def test_a_broken_suite_is_named_and_outputs_stay(folder: Path, content, message: str) -> None:
    run(folder)
    before = (folder / "out/probes.parquet").read_bytes()
    write_suite(folder, "praise", content)
    with pytest.raises(ParamsError, match=message):
        run(folder)
    assert (folder / "out/probes.parquet").read_bytes() == before


def test_too_many_combinations_name_suite_and_test(folder: Path) -> None:
    slots = {name: [str(number) for number in range(2000)] for name in "abc"}
    tests = [{"name": "huge", "type": "INV", "templates": ["{a}{b}{c}"], "edits": ["upper"]}]
    write_suite(folder, "praise", SUITE | {"slots": slots, "tests": tests})
    with pytest.raises(ParamsError, match="suite praise: test 'huge' has 8,000,000,000 comb"):
        run(folder)


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "train.parquet").unlink()
    with pytest.raises(SourceError, match=r"train\.parquet is missing"):
        run(folder)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"cases_per_tset": 1}, r"probe\.cases_per_tset: unknown key; valid keys: cases_per_test"),
        ({"cases_per_test": 0}, r"probe\.cases_per_test"),
        ({"masked_words": [""]}, r"probe\.masked_words\.0"),
    ],
)
def test_bad_params_are_named_by_key(folder: Path, section: dict, message: str) -> None:
    write_params(folder, **section)
    with pytest.raises(ParamsError, match=message):
        run(folder)
