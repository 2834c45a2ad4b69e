"""WordNet is found in NLTK's data or in the wheel; where it is not, one command is named."""

import gc
import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import nltk.data
import pytest

from sluice.errors import ResourceError
from sluice.text import wordnet
from sluice.text.wordnet import _ABSENT, _in_wheel, find_wordnet, fingerprint_wordnet

PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
FILES = (
    "lexnames",
    "index.sense",
    *(f"index.{part}" for part in PARTS_OF_SPEECH),
    *(f"data.{part}" for part in PARTS_OF_SPEECH),
)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Each test looks anew, and leaves no reader of its own behind."""
    cached = wordnet.find_wordnet
    monkeypatch.setattr(nltk.data, "path", [])
    cached.cache_clear()
    wordnet.fingerprint_wordnet.cache_clear()
    yield
    cached.cache_clear()
    wordnet.fingerprint_wordnet.cache_clear()


@pytest.fixture(scope="module")
def wheel():
    found = _in_wheel()
    if found is None:
        pytest.skip("the extra 'wordnet' is not installed")
    return found


def without_wheel(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)


def test_reads_the_wheel_in_place(wheel) -> None:
    reader = find_wordnet()
    assert reader.get_version() == "3.0"
    assert reader.synset("dog.n.01").lemma_names() == [
        "dog",
        "domestic_dog",
        "Canis_familiaris",
    ]
    # Behind the cut between the two parts of data.noun: offsets must still fit.
    assert "cucumber-shaped" in reader.synset("zucchini.n.02").definition()
    assert reader.morphy("churches") == "church"
    assert reader.lemma("good.a.01.good").antonyms()[0].name() == "bad"
    assert reader.lemma("dog.n.01.dog").count() == 0
    assert reader.lemma_from_key("dog%1:05:00::").name() == "dog"
    assert find_wordnet() is reader


def test_every_noun_offset_is_the_start_of_its_line(wheel) -> None:
    data = wheel.join("data.noun").open().read()
    lines = [line for line in data.splitlines(keepends=True) if not line.startswith(b" ")]
    place = data.index(lines[0])
    for line in lines:
        assert int(line[:8]) == place
        place += len(line)


def test_never_imports_the_wheel_nor_reads_the_network(wheel) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from sluice.text.wordnet import find_wordnet\n"
        "find_wordnet()\n"
        "assert not any(name.split('.')[0] == 'pattern' for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def fill_folder(folder: Path, wheel) -> None:
    folder.mkdir(parents=True)
    for name in FILES + _ABSENT:
        (folder / name).write_bytes(wheel.join(name).open().read())
    (folder / "verb.exc").write_text("went go\n")


@pytest.fixture(scope="module")
def data(tmp_path_factory, wheel) -> Path:
    """A folder as `nltk.download` leaves it, unpacked."""
    root = tmp_path_factory.mktemp("nltk_data")
    fill_folder(root / "corpora/wordnet", wheel)
    return root


def test_prefers_the_folders_of_nltk(data, monkeypatch) -> None:
    monkeypatch.setattr(nltk.data, "path", [str(data)])
    assert find_wordnet().morphy("went", "v") == "go"  # the wheel does not know that


def test_reads_the_archive_that_nltk_downloads(data, tmp_path, monkeypatch) -> None:
    (tmp_path / "corpora").mkdir()
    with zipfile.ZipFile(tmp_path / "corpora/wordnet.zip", "w") as archive:
        archive.writestr("wordnet/", "")
        for name in FILES + _ABSENT:
            archive.write(data / "corpora/wordnet" / name, f"wordnet/{name}")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    without_wheel(monkeypatch)
    assert find_wordnet().synsets("dog")[0].name() == "dog.n.01"
    packed = forget(fingerprint_wordnet())
    monkeypatch.setattr(nltk.data, "path", [str(data)])
    assert forget(fingerprint_wordnet()) == packed


def forget(found: str) -> str:
    """Have WordNet looked for anew."""
    find_wordnet.cache_clear()
    fingerprint_wordnet.cache_clear()
    return found


def test_a_wordnet_with_other_forms_has_another_fingerprint(data, monkeypatch) -> None:
    wheels = forget(fingerprint_wordnet())
    monkeypatch.setattr(nltk.data, "path", [str(data)])
    assert forget(fingerprint_wordnet()) != wheels


def test_names_the_command_where_there_is_none(monkeypatch) -> None:
    without_wheel(monkeypatch)
    with pytest.raises(ResourceError, match=r"pip install 'sluice\[wordnet\]'"):
        find_wordnet()


@pytest.mark.parametrize(
    ("name", "content"),
    [("lexnames", "not WordNet\n"), ("index.adj", "good x y\n"), ("index.adj", "good\n")],
)
# NLTK leaves the file open that it could not read: it must not be found in a later test.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_says_when_it_is_damaged(name, content, wheel, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "corpora/wordnet"
    folder.mkdir(parents=True)
    for file in FILES + _ABSENT:
        (folder / file).write_text("")
    (folder / name).write_text(content)
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    with pytest.raises(ResourceError, match=f"{folder} is damaged.*pip install"):
        find_wordnet()
    gc.collect()
