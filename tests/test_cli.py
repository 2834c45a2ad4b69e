"""`sluice ...`: each command works, each says how it is used, each error is one line."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from sluice import __version__, cli
from sluice.params import ALL_SECTIONS

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "check",
    "params",
    "summary",
    "leak-lab",
    "verify",
    "tune",
    "explain",
    "predict",
    "promote",
    "rollback",
    "models",
    "tag",
    "git-tags",
    "watch",
)


class Said(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, capsys, tmp_path: Path):
    """Run `sluice` as its entry point does, in a folder with a copy of the project's params."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["sluice", *words])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        said = capsys.readouterr()
        return Said(int(caught.value.code or 0), said.out, said.err)

    return run


def change(**sections: dict) -> None:
    content = yaml.safe_load(Path("params.yaml").read_text())
    for name, keys in sections.items():
        content[name] |= keys
    Path("params.yaml").write_text(yaml.safe_dump(content))


def test_version(sluice) -> None:
    assert sluice("--version") == (0, f"sluice {__version__}\n", "")


def test_help_names_every_command_and_gives_examples(sluice) -> None:
    for words in ((), ("--help",)):
        text = sluice(*words).out or sluice(*words).err
        assert all(command in text for command in COMMANDS)
        assert "sluice params train" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_that_works_as_written(command: str, sluice) -> None:
    text = sluice(command, "--help").out
    example = text.split("Example:")[1].split("\n")[0].split()
    assert example[:2] == ["sluice", command]
    said = sluice(*example[1:])
    # There has been no run here.
    needs_a_run = command not in (
        "check",
        "params",
        "leak-lab",
        "models",
    )
    assert said.status == (1 if needs_a_run else 0)


def test_check_is_glad_of_the_projects_own_file(sluice) -> None:
    assert sluice("check") == (0, f"params.yaml: all {len(ALL_SECTIONS)} sections are good\n", "")


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"clean": {"stpes": {}}}, "clean.stpes: unknown key; valid keys: "),
        ({"split": {"folds": "3"}}, "split.folds: Input should be a valid integer"),
        ({"train": {"models": ["bilstmm"]}}, "train.models: unknown model bilstmm; train.variants"),
        ({"train": {"model": {"hiden_size": 3}}}, "model.hiden_size: unknown key; valid keys: "),
        (
            {
                "train": {
                    "variants": {"plain_bilstm": {}, "bilstm": {}, "wide_bilstm": {}, "x": {"y": 1}}
                }
            },
            "train (x).y: unknown key",
        ),
        ({"baseline": {"names": ["svm"]}}, "unknown baseline svm; valid: "),
        ({"ingest": {"preset": "absent.yaml"}}, "absent.yaml is missing"),
        ({"crossvalidate": {"folds": [0, 1]}}, "names 1, and split.folds makes 0"),
        (
            {"split": {"folds": 3}, "crossvalidate": {"folds": [0, 3]}},
            "crossvalidate.folds names 3, and split.folds makes 3 (counted from 0)",
        ),
    ],
)
def test_check_finds_in_one_line(sections: dict, words: str, sluice) -> None:
    change(**sections)
    said = sluice("check")
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("error: ")
    assert words in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("suite", "words"),
    [
        ("tests: [", "suites/mine.yaml: line 1 is not YAML"),
        ("capability: x\nlables: []\ntests: []", "suites/mine.yaml: suite.lables: unknown key"),
        ("capability: A-b\ntests: []", "suite.capability: Value error, write it as 1 to 40 of"),
        (
            "capability: x\nslots: {a: &many [" + "b, " * 2000 + "], b: *many, c: *many}\n"
            "tests: [{name: t, type: INV, templates: ['{a} {b} {c}'], edits: [drop_letter]}]",
            "suite mine: test 't' has 8,000,000,000 combinations",
        ),
    ],
)
def test_check_reads_the_suites(suite: str, words: str, sluice) -> None:
    Path("suites").mkdir()
    for path in (ROOT / "suites").glob("*.yaml"):
        (Path("suites") / path.name).write_text(path.read_text())
    assert sluice("check").status == 0
    Path("suites/mine.yaml").write_text(suite)
    said = sluice("check")
    assert (said.status, said.out) == (1, "")
    assert words in said.err


def test_check_loads_no_torch() -> None:
    code = (
        "import sys; sys.argv = ['sluice', 'check']\n"
        "from sluice import cli\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print('torch' in sys.modules or 'pytorch_lightning' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    "module", ["serving.bundle", "serving.explain", "predicting.job", "registry.judging"]
)
def test_what_only_answers_loads_nothing_that_trains(module: str) -> None:
    code = f"import sys, sluice.{module}\nprint({{'pytorch_lightning', 'nltk'}} & {{*sys.modules}})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_check_of_a_missing_file(sluice) -> None:
    said = sluice("check", "--params", "absent.yaml")
    assert said == (1, "", "error: absent.yaml is missing: run from the project's root\n")


def test_params_explains_one_section_or_all(sluice) -> None:
    one, every = sluice("params", "ingest").out, sluice("params").out
    assert one.startswith("ingest.source  (one of bundled, csv, kaggle; ")
    assert one in every
    assert {line.split(".")[0] for line in every.split("\n") if line and line[0] != " "} == {
        *ALL_SECTIONS
    }


def test_params_of_an_unknown_section(sluice) -> None:
    said = sluice("params", "trian")
    assert said.err == f"error: unknown section trian; sections: {', '.join(ALL_SECTIONS)}\n"
    assert said.status == 1


def test_summary_before_a_run_is_one_line(sluice) -> None:
    said = sluice("summary")
    assert (said.status, said.out) == (1, "")
    assert said.err == (
        "error: reports/metrics/evaluation.json is missing: "
        "run the stage that writes it (dvc repro)\n"
    )


def test_an_unknown_command_is_status_2(sluice) -> None:
    said = sluice("chekc")
    assert said.status == 2
    assert "Traceback" not in said.err


def test_the_installed_command_starts_fast_and_survives_a_closed_pipe() -> None:
    """Help loads no stage; a reader that goes away is no error of ours."""
    program = Path(sys.executable).with_name("sluice")
    code = "import sys, sluice.cli; print([m for m in ('torch', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [program, "params", "ingest"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert "Traceback" not in done.stderr


def test_the_command_line_itself_loads_little() -> None:
    """`sluice --help` is to be there at once: what a command needs it loads when it runs."""
    heavy = ["numpy", "pandas", "polars", "pydantic", "ruamel.yaml", "torch"]
    code = f"import sys, sluice.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
