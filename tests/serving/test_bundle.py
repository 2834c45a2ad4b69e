"""Bundles: what damages them is named, what they answer is what was evaluated, bit for bit."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from stored_model import TEXTS, write_model

from sluice.errors import ModelError
from sluice.files import write_json, write_parquet
from sluice.serving.bundle import Bundle, load_bundle, open_model
from sluice.serving.contents import Thresholds, check_bundle, write_bundle
from sluice.stages.train import _predictions
from sluice.temperature import apply_temperature, scores_of
from sluice.text.cleaning import clean_list
from sluice.variant_rows import read_rows

HALF = Thresholds(error_rate=0.1, labels={"bad": 0.0, "good": None})


@pytest.fixture(params=["words", "subwords"])
def folder(request, tmp_path: Path) -> Path:
    made = write_model(tmp_path / "bundle", request.param)
    write_bundle(made, HALF, {"labels": ["bad", "good"]}, "# A card\n")
    return made


def many(count: int) -> list[str]:
    words = " ".join(TEXTS).split()
    generator = np.random.default_rng(0)
    return [" ".join(generator.choice(words, size=1 + row % 30)) for row in range(count)]


@pytest.mark.parametrize("threads", [1, 2])
def test_no_text_is_answered_otherwise_in_other_company(folder: Path, threads: int) -> None:
    bundle, texts = load_bundle(folder), many(300)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        together = bundle.probabilities(texts)
        order = np.random.default_rng(1).permutation(len(texts))
        shuffled = bundle.probabilities([texts[place] for place in order])
        assert np.array_equal(shuffled, together[order])
        for size in (1, 3, 24):
            parts = [texts[first : first + size] for first in range(0, 25, size)]
            found = np.concatenate([bundle.probabilities(part) for part in parts])
            assert np.array_equal(found, together[: len(found)]), size
    finally:
        torch.set_num_threads(before)


def test_raw_test_rows_get_the_evaluated_probabilities_bit_for_bit(
    folder: Path, tmp_path: Path
) -> None:
    bundle, texts = load_bundle(folder), [f"{text} :) &amp; #GoodDay" for text in many(150)]
    names = list(bundle.labels)
    cleaned = clean_list(texts, bundle.model.steps)
    ids = [str(row) for row in range(len(texts))]
    frame = pd.DataFrame({"id": ids, "label": "bad", "text": texts, "cleaned": cleaned})
    write_parquet(frame, tmp_path / "test.parquet")
    part = read_rows(tmp_path / "test.parquet", bundle.model.reader, names, tmp_path / "scratch")
    evaluated = _predictions(bundle.model.network, {"test": part}, names)  # as stage train does
    columns = evaluated[["p_bad", "p_good"]].to_numpy()
    assert np.array_equal(bundle.evaluated(texts), columns)
    some = np.concatenate([bundle.evaluated(texts[at : at + 7]) for at in range(0, 150, 7)])
    assert np.array_equal(some, columns)
    scaled = apply_temperature(scores_of(columns), bundle.model.config.temperature)
    assert np.array_equal(bundle.probabilities(texts), scaled)


def test_labels_below_their_threshold_are_left_to_people(folder: Path) -> None:
    said = load_bundle(folder).answer(many(200))
    assert set(said.labels) == {"bad", "good"}
    assert said.abstained.tolist() == [label == "good" for label in said.labels]
    assert said.probabilities.sum(axis=1) == pytest.approx(1)
    model = load_bundle(folder).model
    sure = Bundle(model, Thresholds(error_rate=0.1, labels={"bad": 0.9, "good": 0.9}))
    found = sure.answer(many(200))
    assert found.abstained.tolist() == (found.probabilities.max(axis=1) < 0.9).tolist()


def test_a_model_without_thresholds_answers_all(tmp_path: Path) -> None:
    assert not open_model(write_model(tmp_path / "plain")).answer(TEXTS).abstained.any()
    with pytest.raises(ModelError, match=r"is no bundle: it has no bundle\.json"):
        load_bundle(tmp_path / "plain")


def test_no_texts_get_no_answers(folder: Path) -> None:
    assert load_bundle(folder).answer([]).probabilities.shape == (0, 2)


@pytest.mark.parametrize(
    "name",
    ["config.json", "model.safetensors", "vocabulary.json", "thresholds.json", "provenance.json"],
)
@pytest.mark.parametrize("harm", ["remove", "change"])
def test_a_missing_or_changed_file_is_named(folder: Path, name: str, harm: str) -> None:
    path = folder / name
    if harm == "remove":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[-2] ^= 1
        path.write_bytes(content)
    said = "is missing" if harm == "remove" else "has changed"
    with pytest.raises(ModelError, match=f"{name} {said}"):
        open_model(folder)


def test_an_extra_file_is_refused(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ModelError, match=r"model\.pkl is extra"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is no part of a bundle"),
        ('{"format": 2, "files": {}}', "has format 2, this Sluice reads 1: update it"),
        ('{"format": 1, "files": {"config.json": 3}}', "is no part of a bundle"),
        ('{"format": 1, "files": {}}', "is missing|is extra"),
    ],
)
def test_a_contents_file_of_another_form_is_refused(folder: Path, content: str, says: str) -> None:
    (folder / "bundle.json").write_text(content)
    with pytest.raises(ModelError, match=says):
        check_bundle(folder)


def test_thresholds_of_other_labels_are_refused(folder: Path) -> None:
    write_bundle(folder, Thresholds(labels={"ugly": 0.5}), {})
    with pytest.raises(ModelError, match="unknown label 'ugly'"):
        load_bundle(folder)


def test_weights_that_are_a_pickle_are_not_loaded(folder: Path, tmp_path: Path) -> None:
    torch.save({"x": torch.zeros(1)}, folder / "model.safetensors")
    write_bundle(folder, HALF, {})  # the hashes are right, the form is not
    with pytest.raises(ModelError, match="train the model again"):
        load_bundle(folder)
    config = json.loads((folder / "config.json").read_text())
    write_json(config | {"format": 9}, folder / "config.json")
    write_bundle(folder, HALF, {})
    with pytest.raises(ModelError, match="format"):
        load_bundle(folder)
