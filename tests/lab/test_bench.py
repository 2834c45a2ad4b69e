"""The lab from a CSV to its files: planted leaks are found, absent ones not, errors are a line."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from sluice.errors import DataError, ParamsError, SluiceError, SourceError
from sluice.lab.bench import run_lab
from sluice.lab.rows import Request, read_rows

KAGGLE = Path(__file__).parents[2] / "../shared/data/kaggle-social-media.csv"
PRESET = Path(__file__).parents[2] / "presets/kaggle-social-media.yaml"


def write_noise(path: Path, *, twins: bool, labels: tuple[str, ...] = ("no", "yes")) -> Path:
    """240 rows of random words whose labels nobody can know, but from a twin of the row."""
    generator = np.random.default_rng(5)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(generator.choice(letters, 6)) for _ in range(400)]
    different = 120 if twins else 240
    texts = [" ".join(generator.choice(words, 8)) for _ in range(different)]
    rows = [f"{text},{labels[place % 2]}" for place, text in enumerate(texts)]
    if twins:
        rows += [f"{row.replace(',', '!!! RT @somebody,')}" for row in rows]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


def run(path: Path, out: Path, **options) -> tuple[dict, str]:
    said = io.StringIO()
    settings = {"model": "svm", "seeds": 3, "test_share": 0.2} | options
    run_lab(Request(str(path)), out=out, console=Console(file=said, width=160), **settings)
    return json.loads((out / "leak-lab.json").read_text()), said.getvalue()


def test_twins_are_worth_much_and_no_twins_nothing(tmp_path: Path) -> None:
    with_twins, _ = run(write_noise(tmp_path / "twins.csv", twins=True), tmp_path / "a")
    without, _ = run(write_noise(tmp_path / "none.csv", twins=False), tmp_path / "b")
    gain = with_twins["mistakes"]["random_split"]["gain"]
    assert gain["low"] > 0.1
    assert with_twins["mistakes"]["random_split"]["verdict"] == "flatters"
    none = without["mistakes"]["random_split"]["gain"]
    assert none["low"] <= 0 <= none["high"]
    assert without["mistakes"]["random_split"]["verdict"] == "no evidence that it matters"


def test_children_and_choices_flatter_noise(tmp_path: Path) -> None:
    found, _ = run(write_noise(tmp_path / "none.csv", twins=False), tmp_path / "lab")
    chosen = found["mistakes"]["choosing_on_test"]
    assert min(chosen["gain_by_seed"]) >= 0
    assert chosen["gain"]["accuracy"] > 0
    assert found["mistakes"]["oversampling_first"]["leaky"]["accuracy"] < 0.7  # balanced already


def test_files_are_there_and_the_same_twice(tmp_path: Path) -> None:
    path = write_noise(tmp_path / "rows.csv", twins=True)
    _, said = run(path, tmp_path / "a", seeds=1)
    run(path, tmp_path / "b", seeds=1)
    names = ["leak-lab.json", "leak-lab.md"]
    names += [f"leak-lab-plots/leak_lab.{form}" for form in ("png", "svg")]
    for name in names:
        first, second = ((tmp_path / folder / name).read_bytes() for folder in "ab")
        assert first
        assert first == second
    assert "seed 0: choosing on the test rows: honest " in said
    assert "random split with duplicates" in (tmp_path / "a/leak-lab.md").read_text()


def test_a_hostile_name_is_no_markup(tmp_path: Path) -> None:
    path = write_noise(tmp_path / "[bold]<b>|@x.csv", twins=True, labels=("<i>", "[a](b)"))
    _, said = run(path, tmp_path / "lab", seeds=1)
    page = (tmp_path / "lab/leak-lab.md").read_text()
    assert "<i>" not in page
    assert "](b)" not in page
    assert "[bold]<b>|@x.csv" in said


def test_labels_of_few_texts_are_left_out_and_named(tmp_path: Path) -> None:
    path = write_noise(tmp_path / "rows.csv", twins=False)
    path.write_text(path.read_text() + "a rare text,rare\n")
    rows = read_rows(Request(str(path)))
    assert rows.label_names == ("no", "yes")
    assert rows.notes == ("1 rows of 1 labels with fewer than 10 different texts are left out",)


def test_a_sample_of_rows_says_so(tmp_path: Path) -> None:
    rows = read_rows(Request(str(write_noise(tmp_path / "r.csv", twins=False)), rows=100))
    assert len(rows.labels) == 100
    assert rows.notes[0].startswith("100 of 240 rows")


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (None, SourceError, "is not there: check the path"),
        ("", SourceError, "is empty"),
        ("a,b\n1,2\n", SourceError, "set the names in --text and --label"),
        ("text;label\nx;y\n", SourceError, 'set --delimiter to ";"'),
        ("text,label\n" + "x,y\n" * 30, DataError, "all 30 rows have the label"),
        ("text,label\n" + "x,y\nz,w\n" * 30, DataError, "different texts|duplicates"),
        ("text,label\n" + ",y\nz,w\n" * 30, DataError, "empty text"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, content: str | None, kind, words: str) -> None:
    path = tmp_path / "rows.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(kind, match=words) as caught:
        read_rows(Request(str(path)))
    assert "\n" not in str(caught.value)
    assert "ingest." not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "svn"}, "unknown model svn; valid: svm, lstm"),
        ({"seeds": 0}, "--seeds"),
        ({"test_share": 0.7}, "--test-share"),
    ],
)
def test_bad_options_are_refused(tmp_path: Path, options: dict, words: str) -> None:
    path = write_noise(tmp_path / "rows.csv", twins=False)
    with pytest.raises(ParamsError, match=words):
        run(path, tmp_path / "lab", **options)
    assert not (tmp_path / "lab").exists()


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request("bundled", text="x"), "leave out --text"),
        (Request("x.csv", delimiter=";;"), "--delimiter"),
        (Request("x.csv", encoding="klingon"), "--encoding"),
        (Request("x.csv", preset=Path("absent.yaml")), "absent.yaml is missing"),
    ],
)
def test_bad_requests_are_refused(request_: Request, words: str) -> None:
    with pytest.raises(SluiceError, match=words):
        read_rows(request_)


@pytest.mark.skipif(not KAGGLE.is_file(), reason="the Kaggle file lies outside the repository")
def test_oversampling_first_gives_the_published_kind_of_number(tmp_path: Path) -> None:
    said = io.StringIO()
    request = Request(str(KAGGLE), preset=PRESET)
    run_lab(request, "svm", 2, 0.2, tmp_path / "lab", Console(file=said))
    found = json.loads((tmp_path / "lab/leak-lab.json").read_text())["mistakes"]
    oversampling = found["oversampling_first"]
    assert oversampling["leaky"]["accuracy"] > 0.965
    assert 0.84 < oversampling["honest"]["accuracy"] < 0.92
    assert oversampling["gain"]["low"] > 0.03
