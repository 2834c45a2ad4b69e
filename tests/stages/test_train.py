"""The train stage through its command line: outputs, a real kill, bad parameters."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import yaml
from safetensors.numpy import load_file

from sluice.data.batches import Batches, ordered_batches
from sluice.errors import ModelError, ParamsError
from sluice.evaluation.predictions import check_predictions, temperature_of
from sluice.models.config import read_config
from sluice.models.inference import predict_probabilities
from sluice.models.storage import load_network
from sluice.params import read_section
from sluice.stages.train import SCRATCH, Train, _scratch_key, train
from sluice.teaching.lessons import Lessons
from sluice.text.reader import load_reader
from sluice.tokens import TaughtRows
from sluice.variant_rows import read_rows

LABELS = ["negative", "neutral", "positive"]
WORDS = {"negative": "bad awful hate", "neutral": "table chair item", "positive": "good fine love"}
OUTPUTS = (
    "model.safetensors",
    "config.json",
    "vocabulary.json",
    "curves.csv",
    "predictions.parquet",
    "metrics.json",
    "timing.json",
    "answers.parquet",
)
SECTION = {
    "models": ["bilstm", "wide"],
    "seeds": [0],
    "model": {"embedding_size": 8, "hidden_size": 8},
    "optimisation": {"max_epochs": 2, "batch_size": 16, "threads": 1, "learning_rate": 0.02},
    "variants": {
        "bilstm": {"tokens": {"kind": "words"}},
        "wide": {"ngrams": {"buckets": 256}, "model": {"encoder": "lstm"}},
    },
}


def frame(rows: int, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    labels = generator.choice(LABELS, rows)
    texts = [" ".join(generator.choice([*WORDS[label].split(), "the", "a"], 6)) for label in labels]
    return pd.DataFrame(
        {"id": [f"{seed}-{row}" for row in range(rows)], "cleaned": texts, "label": labels}
    )


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("train", "validation", "test")):
        frame(240 if name == "train" else 60, seed).to_parquet(f"{name}.parquet", index=False)
    Path("provenance.json").write_text(json.dumps({"labels": LABELS}))
    write_probes("good fine", "bad awful hate", "the table")
    write_params({})
    return tmp_path


def write_probes(*texts: str) -> None:
    ids = [f"probe-{row}" for row in range(len(texts))]
    table = pd.DataFrame({"id": ids, "cleaned": list(texts)}, dtype="str")
    table.to_parquet("probes.parquet", index=False)


def write_params(changes: dict) -> None:
    Path("params.yaml").write_text(yaml.safe_dump({"train": SECTION | changes}))


def paths(folder: str) -> list[Path]:
    inputs = ("train.parquet", "validation.parquet", "test.parquet", "provenance.json")
    inputs += ("probes.parquet",)
    return [*map(Path, inputs), *(Path(folder) / name for name in OUTPUTS)]


@pytest.mark.parametrize("model", ["bilstm", "wide"])
def test_outputs_are_complete_and_agree_with_the_stored_model(workspace, model: str) -> None:
    train(model, 0, *paths("out"))
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(OUTPUTS)
    predicted = check_predictions(pd.read_parquet("out/predictions.parquet"), LABELS)
    assert predicted["split"].value_counts().to_dict() == {"validation": 60, "test": 60}
    config = read_config(Path("out/config.json").read_text(), Path("out/config.json"))
    stored = json.loads(Path("out/vocabulary.json").read_text())
    reader = load_reader(stored)
    network = load_network(config, Path("out/model.safetensors"))
    rows = read_rows(Path("test.parquet"), reader, LABELS, SCRATCH).rows
    again = predict_probabilities(network, Batches(rows, ordered_batches(rows.tokens.lengths, 7)))
    columns = [f"p_{label}" for label in LABELS]
    kept = predicted.loc[predicted["split"] == "test", columns].to_numpy()
    np.testing.assert_allclose(again, kept, atol=1e-6)
    right = predicted[columns].to_numpy().argmax(1) == predicted["label"].map(LABELS.index)
    assert right.mean() > 0.8
    assert config.temperature == temperature_of(predicted, LABELS) != 1.0


@pytest.mark.parametrize("model", ["bilstm", "wide"])
def test_texts_that_are_no_rows_are_answered(workspace, model: str) -> None:
    train(model, 0, *paths("out"))
    said = pd.read_parquet("out/answers.parquet")
    assert list(said.columns) == ["id", "p_negative", "p_neutral", "p_positive"]
    assert said["id"].tolist() == ["probe-0", "probe-1", "probe-2"]
    assert said.drop(columns="id").to_numpy().argmax(axis=1).tolist() == [2, 0, 1]


@pytest.mark.parametrize("model", ["bilstm", "wide"])
def test_no_questions_get_no_answers(workspace, model: str) -> None:
    write_probes()
    train(model, 0, *paths("out"))
    assert len(pd.read_parquet("out/answers.parquet")) == 0


def test_two_runs_are_byte_identical_but_for_the_timing(workspace) -> None:
    train("wide", 0, *paths("one"))
    train("wide", 0, *paths("two"))
    for name in OUTPUTS:
        same = (Path("one") / name).read_bytes() == (Path("two") / name).read_bytes()
        assert same or name == "timing.json", name


def test_another_seed_gives_another_model(workspace) -> None:
    train("bilstm", 0, *paths("one"))
    train("bilstm", 1, *paths("two"))
    one, two = (load_file(f"{name}/model.safetensors") for name in ("one", "two"))
    assert any((one[key] != two[key]).any() for key in one)


def start(folder: str = "out") -> subprocess.Popen:
    """Start the stage as DVC does."""
    arguments = [str(path) for path in paths(folder)]
    command = [sys.executable, "-m", "sluice.stages.train", "bilstm", "0", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def await_checkpoint() -> None:
    deadline = time.monotonic() + 60
    while not list(Path(".sluice").rglob("last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.faults
def test_a_killed_training_resumes_to_the_same_bits(workspace) -> None:
    write_params({"optimisation": SECTION["optimisation"] | {"max_epochs": 15, "patience": None}})
    train("bilstm", 0, *paths("whole"))
    process = start()
    await_checkpoint()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not Path("out/model.safetensors").exists()
    assert list(Path(".sluice").rglob("last.ckpt"))
    process = start()
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "resuming from" in errors
    for name in OUTPUTS:
        same = (Path("out") / name).read_bytes() == (Path("whole") / name).read_bytes()
        assert same or name == "timing.json", name
    assert not list(Path(".sluice").rglob("last.ckpt"))


def run_as(folder: str, changes: dict) -> str:
    """Run the stage to its end; what it told."""
    write_params(changes)
    process = start(folder)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return errors


TRACER = """
import os, sys

def note(event, words):
    if event == "open" and isinstance(words[0], str) and words[2] & (os.O_WRONLY | os.O_RDWR):
        line = f"{os.environ.get('LOCAL_RANK', '0')} {os.path.abspath(words[0])}\\n"
        os.write(log, line.encode())

log = os.open(os.environ["WRITTEN"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
sys.addaudithook(note)
"""
"""Has each process note what files it opens to write, beside its rank."""


@pytest.fixture
def written(tmp_path_factory, monkeypatch) -> Path:
    """A file that tells who wrote what."""
    folder = tmp_path_factory.mktemp("tracer")
    (folder / "sitecustomize.py").write_text(TRACER)
    known = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *([known] if known else [])]))
    monkeypatch.setenv("WRITTEN", str(folder / "written"))
    return folder / "written"


@pytest.mark.faults
def test_two_processes_follow_the_curve_of_one_and_the_first_alone_writes(
    workspace, written
) -> None:
    """Float32 sums in another order, over 45 steps: equal to five digits.

    240 rows in batches of 17 leave one of 2 rows, 60 validation rows in one of 60; weights vary.
    Without dropout, for each process draws its own.
    """
    rows = pd.read_parquet("train.parquet").assign(weight=np.linspace(0.2, 3.0, 240))
    rows.to_parquet("train.parquet", index=False)
    dropout = {"dropout": dict.fromkeys(("embedding", "word", "variational", "output"), 0.0)}
    optimisation = SECTION["optimisation"] | {"max_epochs": 3, "batch_size": 17}
    alike = {"model": SECTION["model"] | dropout, "optimisation": optimisation}
    write_params(alike)
    train("bilstm", 0, *paths("one"))
    said = run_as("two", alike | {"devices": 2, "strategy": "ddp"})
    one, two = (pd.read_csv(f"{name}/curves.csv") for name in ("one", "two"))
    assert len(one) == 3
    assert one["train_loss"].iloc[-1] < one["train_loss"].iloc[0]
    np.testing.assert_allclose(two, one, rtol=1e-5)
    one, two = (load_file(f"{name}/model.safetensors") for name in ("one", "two"))
    assert all(np.allclose(one[name], two[name], atol=1e-4) for name in one)
    assert said.count("epoch 1/3") == 1
    assert sorted(path.name for path in Path("two").iterdir()) == sorted(OUTPUTS)
    assert not list(Path(".sluice").rglob("last.ckpt"))
    files = {"0": set(), "1": set()}
    for line in written.read_text().splitlines():
        rank, _, path = line.partition(" ")
        # A folder is opened so for a file without a name: rows that each process spools for itself.
        if Path(path).is_relative_to(workspace) and not Path(path).is_dir():
            files[rank].add(Path(path).name)
    assert any("model.safetensors" in name for name in files["0"])
    assert not files["1"]
    see_that_a_killed_process_ends_both_and_the_next_run_resumes(Path("two"))


def see_that_a_killed_process_ends_both_and_the_next_run_resumes(whole: Path) -> None:
    process = start()
    await_checkpoint()
    (second,) = psutil.Process(process.pid).children()
    second.kill()
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert not Path("out/model.safetensors").exists()
    process = start()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert errors.count("resuming from") == 1
    for name in OUTPUTS:
        same = (Path("out") / name).read_bytes() == (whole / name).read_bytes()
        assert same or name == "timing.json", name


def scratch_folder(model: str, seed: int, section: Train) -> Path:
    inputs = [Path("train.parquet"), Path("validation.parquet")]
    return SCRATCH / _scratch_key(model, seed, section.settings(model), inputs)


def test_a_corrupt_checkpoint_fails_in_words_and_leaves_outputs(workspace) -> None:
    train("bilstm", 0, *paths("out"))
    before = {name: (Path("out") / name).read_bytes() for name in OUTPUTS}
    scratch = scratch_folder("bilstm", 0, read_section(Path("params.yaml"), "train", Train))
    scratch.mkdir(parents=True)
    (scratch / "last.ckpt").write_bytes(b"broken")
    with pytest.raises(ModelError, match="delete the folder"):
        train("bilstm", 0, *paths("out"))
    assert before == {name: (Path("out") / name).read_bytes() for name in OUTPUTS}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"variants": {"lstm": {}}}, ("unknown model bilstm", "lstm")),
        ({"model": {"hiden_size": 4}}, ("model.hiden_size", "hidden_size")),
        ({"optimisation": {"learning_rate": "fast"}}, ("optimisation.learning_rate", "fast")),
        ({"sedes": [0]}, ("sedes", "seeds")),
        ({"models": "bilstm"}, ("models",)),
        ({"models": ["../bilstm"]}, ("models", "../bilstm")),
        ({"variants": {"a/b": {}}}, ("variants", "a/b")),
        ({"seeds": [-1]}, ("seeds", "-1")),
        ({"variants": {"bilstm": {"model": {"encoder": "elstm"}}}}, ("bilstm", "encoder")),
        (
            {"devices": 2, "variants": {"bilstm": {"model": {"normalisation": "batch"}}}},
            ("model.normalisation: batch", "train.devices: 2"),
        ),
        ({"strategy": "fsdp"}, ("strategy", "fsdp", "ddp")),
        ({"devices": 0}, ("devices", "0")),
    ],
)
def test_bad_parameters_are_one_message(workspace, changes, words) -> None:
    write_params(changes)
    with pytest.raises(ParamsError) as caught:
        train("bilstm", 0, *paths("out"))
    for word in words:
        assert word in str(caught.value)
    assert not Path("out").exists()


def test_the_command_line_prints_no_traceback(workspace) -> None:
    write_params({"sedes": [0]})
    process = start()
    _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.startswith("error: params.yaml: train.sedes: unknown key")
    assert "Traceback" not in errors


def test_vectors_that_the_embedding_does_not_hold_are_refused_by_both_keys(workspace) -> None:
    write_params({"pretrained": "glove-6b-50d", "tokens": {"kind": "words"}})
    with pytest.raises(ParamsError, match=r"embedding_size: 8 .* pretrained: glove-6b-50d"):
        train("bilstm", 0, *paths("out"))


def test_vectors_of_words_are_refused_beside_subwords(workspace) -> None:
    write_params(
        {"pretrained": "minilm-l6-v2", "variants": {"bilstm": {"tokens": {"kind": "subwords"}}}}
    )
    with pytest.raises(ParamsError, match=r"minilm-l6-v2 has vectors of words.* tokens\.kind"):
        train("bilstm", 0, *paths("out"))


def test_a_teacher_changes_the_weights_and_is_not_stored(workspace, monkeypatch) -> None:
    seen = []

    def tell(params, chunks, exam, folder):
        texts = [text for some in chunks for text in some]
        seen.append((params.teacher, len(texts), params.tuning.layers))
        read = pd.read_parquet("train.parquet")
        assert [LABELS[label] for label in exam.labels] == read["label"].to_list()
        assert exam.classes == len(LABELS)
        assert len(exam.weights) == len(texts)
        noised = ["a text that", "nobody has written"]
        told = texts[1:] + noised
        vectors = np.array([[len(text), text.count("e")] for text in told], np.float32)
        places = np.arange(-1, len(told))
        rows, meanings = {"the": 0}, np.ones((1, 2), np.float32)
        return Lessons(TaughtRows(vectors, places), rows, meanings, noised, seconds=3600.0)

    monkeypatch.setattr("sluice.variant_rows.read_texts", tell)
    train("bilstm", 0, *paths("alone"))
    assert not seen
    write_params({"distillation": {"weight": 0.5, "tuning": {"layers": 2}}})
    train("bilstm", 0, *paths("taught"))
    assert seen == [("minilm-l6-v2", len(pd.read_parquet("train.parquet")), 2)]
    assert Path("alone/vocabulary.json").read_text() == Path("taught/vocabulary.json").read_text()
    plain, more = (
        json.loads(Path(f"{one}/metrics.json").read_text()) for one in ("alone", "taught")
    )
    assert plain["train_rows"] == more["train_rows"] == len(pd.read_parquet("train.parquet"))
    clocks = json.loads(Path("taught/timing.json").read_text())
    assert clocks["teacher_seconds"] == 3600 < clocks["seconds"] < 4000
    clocks = json.loads(Path("alone/timing.json").read_text())
    assert clocks["teacher_seconds"] == 0 < clocks["seconds"]
    alone, taught = (load_file(f"{folder}/model.safetensors") for folder in ("alone", "taught"))
    assert alone.keys() == taught.keys()
    assert not np.array_equal(alone["output.weight"], taught["output.weight"])


def test_words_alone_may_be_what_is_learnt_from_a_teacher(workspace, monkeypatch) -> None:
    made = []

    def tell(params, chunks, exam, folder):
        words = sorted({word for some in chunks for text in some for word in text.split()})
        meanings = np.random.default_rng(0).normal(size=(len(words), 9)).astype(np.float32)
        made.append((params.texts, params.tuning))
        nothing = TaughtRows(np.zeros((0, 9), np.float32), np.zeros(0, np.int64))
        return Lessons(nothing, {word: row for row, word in enumerate(words)}, meanings)

    monkeypatch.setattr("sluice.variant_rows.read_texts", tell)
    changes = {"tokens": {"kind": "words"}, "model": {"embedding_size": 128}}
    write_params(changes)
    train("bilstm", 0, *paths("alone"))
    write_params(changes | {"pretrained": "minilm-l6-v2"})
    train("bilstm", 0, *paths("taught"))
    assert made == [(16_000, None)]  # words are told as the teacher comes
    alone, taught = (load_file(f"{folder}/model.safetensors") for folder in ("alone", "taught"))
    assert alone["embedding.weight"].std() < taught["embedding.weight"][:, :9].std()


def test_few_rows_are_passed_over_until_the_least_steps_are_taken(workspace) -> None:
    rows = len(pd.read_parquet("train.parquet"))
    more = {"max_epochs": 2, "max_batches": None, "batch_size": rows, "patience": None}
    write_params({"optimisation": more | {"min_steps": 5}})
    train("bilstm", 0, *paths("out"))
    assert len(pd.read_csv("out/curves.csv")) == 5


@pytest.mark.parametrize("weight", [0, -1, float("inf")])
def test_a_lesson_of_no_weight_is_refused(workspace, weight) -> None:
    write_params({"distillation": {"weight": weight}})
    with pytest.raises(ParamsError, match=r"distillation\.weight"):
        train("bilstm", 0, *paths("out"))
