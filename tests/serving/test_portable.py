"""Exported models at work where torch, scikit-learn, SciPy, pandas, Arrow and Polars are not."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from stored_model import TEXTS, write_model
from workspace import ROOT

from sluice.errors import ModelError, ParamsError, ResourceError
from sluice.serving.bundle import load_bundle
from sluice.serving.contents import Thresholds, write_bundle
from sluice.serving.export import export_folder
from sluice.serving.loaded import Classifier
from sluice.serving.portable import load_portable

ABSENT = (
    "torch", "sklearn", "scipy", "pandas", "pyarrow", "polars", "lightning", "pytorch_lightning",
    "nltk", "onnx", "dvc", "prefect", "safetensors", "statsmodels", "matplotlib",
)  # fmt: skip
BARE = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Absent())
import importlib.util
whole = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in {ABSENT} else whole(name, *more)
"""
ASK = """
import json, sys
from sluice import Classifier
made = Classifier.load(sys.argv[1])
texts = json.loads(sys.argv[2])
print(json.dumps([made.predict_proba(texts).tolist(), made.predict(texts).tolist()]))
"""
COMMAND = "from sluice.cli import main\nmain()"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_model(tmp_path_factory.mktemp("models") / "bundle")
    write_bundle(folder, Thresholds(), {"labels": ["bad", "good"]})
    export_folder(folder, folder.parent / "small")
    return folder.parent / "small"


def bare(code: str, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run code in a process that cannot import what is absent."""
    command = [sys.executable, "-W", "error", "-c", BARE + code, *words]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_the_classifier_needs_onnx_runtime_alone(exported: Path) -> None:
    done = bare(ASK, str(exported), json.dumps(TEXTS))
    assert done.returncode == 0, done.stderr
    found, labels = json.loads(done.stdout)
    mine = load_bundle(exported).answer(TEXTS)
    assert np.array(found) == pytest.approx(mine.probabilities, abs=1e-12)
    assert labels == mine.labels


def test_the_command_needs_onnx_runtime_alone(exported: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_text("text\n" + "\n".join(TEXTS) + "\n")
    words = ["predict", "--model", str(exported), "--json", "--explain"]
    done = bare(COMMAND, *words, "--from", str(source), "--to", str(target))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    mine = load_bundle(exported).answer(TEXTS)
    assert [row["label"] for row in rows] == mine.labels
    assert [row["p_bad"] for row in rows] == pytest.approx(mine.probabilities[:, 0], abs=1e-12)
    assert {word for word, _ in json.loads(rows[1]["words"])} == {"what", "a", "lovely", "day"}
    refused = bare(COMMAND, *words, "--from", str(source), "--to", str(tmp_path / "out.parquet"))
    assert refused.returncode == 1
    assert "Parquet needs PyArrow" in refused.stderr


def test_a_model_that_is_not_exported_names_what_it_needs(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "plain")
    done = bare(COMMAND, "predict", "--model", str(folder), "a day")
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs torch: pip install 'sluice[train]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_cleaning_that_needs_more_is_refused_at_once(exported: Path, tmp_path: Path) -> None:
    config = json.loads((exported / "config.json").read_text())
    config["cleaning"] |= {"stop_words": "drop"}
    folder = tmp_path / "changed"
    folder.mkdir()
    for name in ("vocabulary.json", "model.onnx"):
        (folder / name).write_bytes((exported / name).read_bytes())
    (folder / "config.json").write_text(json.dumps(config))
    done = bare(COMMAND, "predict", "--model", str(folder), "a day")
    assert done.returncode == 1
    assert "needs scikit-learn: pip install scikit-learn" in done.stderr


def test_a_network_of_another_form_is_refused(exported: Path, tmp_path: Path) -> None:
    for name in ("vocabulary.json", "config.json", "wide.npy"):
        (tmp_path / name).write_bytes((exported / name).read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"model\.onnx: .*export the model again"):
        load_portable(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"no array", b"\x93NUMPY"])
def test_a_wide_part_that_cannot_be_read_is_refused(
    exported: Path, tmp_path: Path, content: bytes | None
) -> None:
    for name in ("vocabulary.json", "config.json", "model.onnx"):
        (tmp_path / name).write_bytes((exported / name).read_bytes())
    if content is not None:
        (tmp_path / "wide.npy").write_bytes(content)
    with pytest.raises(ModelError, match=r"wide\.npy: .*export the model again"):
        load_portable(tmp_path)


def test_a_wide_part_of_another_size_is_refused(exported: Path, tmp_path: Path) -> None:
    for name in ("vocabulary.json", "config.json", "model.onnx"):
        (tmp_path / name).write_bytes((exported / name).read_bytes())
    np.save(tmp_path / "wide.npy", np.zeros((3, 2), np.float16))
    with pytest.raises(ModelError, match=r"wide\.npy has \(3, 2\) weights for 1024 n-grams"):
        load_portable(tmp_path)


def test_many_rows_are_answered_as_one_is(exported: Path) -> None:
    bundle = load_bundle(exported)
    texts = [" ".join((TEXTS[row % 4] + " ") * (row % 9) for _ in "1") for row in range(300)]
    together = bundle.probabilities(texts)
    for row in range(0, 300, 37):
        assert bundle.probabilities([texts[row]])[0] == pytest.approx(together[row], abs=1e-6)
    assert bundle.probabilities([]).shape == (0, 2)


def test_words_are_explained_by_what_is_lost_without_them(exported: Path) -> None:
    model = load_portable(exported)
    found = model.explain("I do not like it", "good")
    assert (found.method, found.label, found.words) == (
        "erasure", "good", ["i", "do", "not", "like", "it"],
    )  # fmt: skip
    whole, without = model.logits(["i do not like it", "i do like it"])[:, 1].astype(float)
    assert found.parts[2] == pytest.approx(whole - without, abs=1e-5)
    assert found.logit - found.empty == pytest.approx(sum(found.parts) + found.error)
    assert model.explain("").words == ["<empty>"]
    with pytest.raises(ParamsError, match="unknown label 'ugly'"):
        model.explain("a day", "ugly")


def test_the_light_classifier_does_not_train(exported: Path) -> None:
    with pytest.raises(ResourceError, match="training needs torch"):
        Classifier(tokens={})
    light = Classifier.load(exported)
    with pytest.raises(ResourceError, match="training needs torch"):
        light.fit(["a"], ["b"])
    with pytest.raises(ValueError, match="list of texts"):
        light.predict("one text")


@pytest.mark.faults
def test_a_new_environment_is_small_and_answers_alike(exported: Path, tmp_path: Path) -> None:
    place = tmp_path / "env"
    venv.create(place, with_pip=True)
    python = str(place / "bin/python")
    packed = [python, "-m", "pip", "install", "--quiet", f"{ROOT}[serve]"]
    subprocess.run(packed, check=True, timeout=600)
    size = sum(
        path.stat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink()
    )
    assert size < 300e6, f"{size / 1e6:.0f} MB"
    assert not list(place.rglob("site-packages/torch"))
    outside = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        [python, "-c", ASK, str(exported), json.dumps(TEXTS)],
        env=outside, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found, labels = json.loads(done.stdout)
    mine = load_bundle(exported).answer(TEXTS)
    assert np.array(found) == pytest.approx(mine.probabilities, abs=1e-9)
    assert labels == mine.labels
