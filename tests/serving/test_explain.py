"""Explaining a stored model's choice: raw texts, words that sum up, and every broken folder."""

import json
from pathlib import Path

import pytest
import torch
from rich.console import Console
from stored_model import write_model

from sluice.errors import ModelError, ParamsError
from sluice.files import write_json
from sluice.serving.explain import explain_text
from sluice.serving.explanation import colour_words, describe
from sluice.serving.model import load_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.mark.parametrize("kind", ["words", "subwords"])
@pytest.mark.parametrize("wide", [True, False])
def test_the_words_of_a_raw_text_sum_to_its_logit(tmp_path: Path, kind: str, wide: bool) -> None:
    model = load_model(write_model(tmp_path / "model", kind, wide))
    found = explain_text(model, "I don't like @bob's #LovelyDay \U0001f600 http://t.co/y")
    assert found.words[:5] == ["i", "do", "not", "like", "<mention>"]
    assert "<url>" in found.words  # cleaned as the model's training rows were
    assert not any("grinning" in word for word in found.words)
    assert len(found.parts) == len(found.words)
    assert sum(found.parts) == pytest.approx(found.logit - found.empty, abs=1e-3)
    assert abs(found.error) < 1e-3


def test_the_predicted_label_is_explained_or_the_one_asked_for(folder: Path) -> None:
    model = load_model(folder)
    chosen = explain_text(model, "lovely day")
    assert chosen.probability >= 0.5
    other = next(name for name in model.config.labels if name != chosen.label)
    asked = explain_text(model, "lovely day", other)
    assert asked.label == other
    assert asked.probability == pytest.approx(1 - chosen.probability)
    with pytest.raises(ParamsError, match="unknown label 'worse'; the model knows: bad, good"):
        explain_text(model, "lovely day", "worse")


def test_probabilities_are_at_the_models_temperature(folder: Path) -> None:
    model = load_model(folder)
    both = [explain_text(model, "lovely day", name) for name in model.config.labels]
    odds = both[0].probability / both[1].probability
    assert torch.tensor(odds).log().item() == pytest.approx(
        (both[0].logit - both[1].logit) / 2, abs=1e-5
    )


@pytest.mark.parametrize("text", ["", " ", "\u202e\x1b[31m", "a " * 5000])
def test_odd_texts_are_explained(folder: Path, text: str) -> None:
    found = explain_text(load_model(folder), text)
    assert found.words
    console = Console(force_terminal=True, width=100)
    with console.capture() as capture:
        console.print(describe(found))
    assert "\u202e" not in capture.get()
    assert found.label in capture.get()


def test_words_are_green_for_the_label_and_red_against_it(folder: Path) -> None:
    found = explain_text(load_model(folder), "i like the lovely day")
    line = colour_words(found)
    assert all(word in line.plain for word in found.words)
    strongest = max(found.parts, key=abs)
    assert f"[{strongest:+.2f}]" in line.plain
    styles = {str(span.style) for span in line.spans}
    assert f"bold {'green' if strongest > 0 else 'red'}" in styles


def test_what_is_no_model_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no model: "):
        load_model(tmp_path / "nowhere")
    broken = write_model(tmp_path / "broken")
    config = json.loads((broken / "config.json").read_text())
    config["cleaning"]["stpes"] = True
    write_json(config, broken / "config.json")
    with pytest.raises(ModelError, match=r"cleaning\.stpes: unknown key"):
        load_model(broken)
    (broken / "config.json").write_text("{")
    with pytest.raises(ModelError, match="holds no model"):
        load_model(broken)
