"""The explain stage: the right rows and words, its determinism, what it refuses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from stored_model import write_model

from sluice.errors import DataError, ModelError, ParamsError
from sluice.files import read_json, write_json, write_parquet
from sluice.serving.explain import explain_text
from sluice.serving.model import Model, load_model
from sluice.stages.explain import explain

TEXTS = ["a lovely day", "I like it", "so much <b>\u202e", "do not", "word " * 450]


def rank(model: Model, texts: list[str]) -> pd.DataFrame:
    """Rows as evaluate ranks them, all wrong but the second; probabilities without temperature."""
    rows = []
    for place, text in enumerate(texts):
        logits = [explain_text(model, text, label).logit for label in model.config.labels]
        given = np.exp(logits) / np.exp(logits).sum()
        predicted = model.config.labels[int(given.argmax())]
        other = next(one for one in model.config.labels if one != predicted)
        row = {"id": f"r{place}", "text": text, "label": predicted if place == 1 else other}
        row |= {"predicted": predicted}
        rows.append(row | dict(zip(("p_bad", "p_good"), given, strict=True)))
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    model = load_model(write_model(folder / "models/tiny/0"))
    write_parquet(rank(model, TEXTS), folder / "errors.parquet")
    models = {"tiny-0": {"name": "tiny", "seed": 0}, "vader": {"name": "vader", "seed": None}}
    write_json({"selected": "tiny-0", "models": models}, folder / "evaluation.json")
    write_params(folder, errors=10)
    return folder


def write_params(folder: Path, **section: object) -> Path:
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump({"explain": section}))
    return path


def run(folder: Path, out: Path, **changes: Path) -> dict:
    inputs = {"models": folder / "models", "evaluation": folder / "evaluation.json"}
    inputs |= {"errors": folder / "errors.parquet", "params": folder / "params.yaml"} | changes
    explain(explanations=out / "explanations.json", **inputs)
    return read_json(out / "explanations.json")


def test_wrong_rows_are_explained_word_by_word_in_their_order(run_folder, tmp_path) -> None:
    found = run(run_folder, tmp_path)
    assert found["model"] == "tiny-0"
    assert [row["id"] for row in found["rows"]] == ["r0", "r2", "r3", "r4"]
    assert found["rows"][0]["words"] == ["a", "lovely", "day"]
    for row in found["rows"]:
        assert row["label"] != row["predicted"]
        assert len(row["parts"]) == len(row["words"])
        assert sum(row["parts"]) == pytest.approx(row["logit"] - row["empty"], abs=0.05)
    model = load_model(run_folder / "models/tiny/0")
    expected = explain_text(model, "do not", found["rows"][2]["predicted"])
    assert found["rows"][2]["parts"] == pytest.approx(expected.parts, abs=1e-4)


def test_the_same_twice_and_only_as_many_as_asked_for(run_folder, tmp_path) -> None:
    params = write_params(tmp_path, errors=2)
    for name in ("a", "b"):
        assert len(run(run_folder, tmp_path / name, params=params)["rows"]) == 2
    first, second = (tmp_path / name / "explanations.json" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_without_a_selected_model_nothing_is_loaded(run_folder, tmp_path) -> None:
    write_json({"selected": None, "models": {}}, tmp_path / "evaluation.json")
    found = run(
        run_folder, tmp_path, evaluation=tmp_path / "evaluation.json", models=tmp_path / "none"
    )
    assert found == {"model": None, "rows": []}


def test_where_nothing_is_wrong_there_is_nothing_to_explain(run_folder, tmp_path) -> None:
    ranked = pd.read_parquet(run_folder / "errors.parquet")
    write_parquet(ranked.assign(label=ranked["predicted"]), tmp_path / "errors.parquet")
    found = run(run_folder, tmp_path, errors=tmp_path / "errors.parquet")
    assert found == {"model": "tiny-0", "rows": []}


@pytest.mark.parametrize("change", ["probabilities", "labels"])
def test_predictions_of_another_model_are_refused(run_folder, tmp_path, change: str) -> None:
    ranked = pd.read_parquet(run_folder / "errors.parquet")
    if change == "probabilities":
        other = ranked.assign(p_bad=ranked["p_good"], p_good=ranked["p_bad"])
    else:
        other = ranked.rename(columns={"p_bad": "p_awful"})
    write_parquet(other, tmp_path / "errors.parquet")
    with pytest.raises(DataError, match=r"the row 'r0' was predicted by another model .*dvc repro"):
        run(run_folder, tmp_path, errors=tmp_path / "errors.parquet")
    assert not (tmp_path / "explanations.json").exists()


def test_a_missing_model_and_a_wrong_key_are_named(run_folder, tmp_path) -> None:
    with pytest.raises(ModelError, match="tiny/0 holds no model"):
        run(run_folder, tmp_path, models=tmp_path)
    with pytest.raises(ParamsError, match=r"explain\.errors: .*less than or equal to 200"):
        run(run_folder, tmp_path, params=write_params(tmp_path, errors=201))
