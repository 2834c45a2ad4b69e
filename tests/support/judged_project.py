"""A small project with a finished run and a stored model, for the gate: as the stages write it.

The rows' labels are what the stored model says, so that this model, when it is the champion and is
asked again, is right on all rows but those in `upset`. The challenger's predictions are written by
hand: right on all rows but those it is told to get wrong.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml

from sluice.evaluation.abstention import AbstentionParams
from sluice.evaluation.answers import answer_frame
from sluice.evaluation.behaviour import judge_behaviour
from sluice.evaluation.calibration import CalibrationParams
from sluice.evaluation.candidates import BootstrapParams, Candidate, Terms, judge
from sluice.evaluation.comparison import summarise
from sluice.evaluation.predictions import prediction_frame
from sluice.evaluation.rounding import rounded
from sluice.evaluation.sureness import summarise_sureness
from sluice.files import write_json, write_parquet
from sluice.models.config import FORMAT, NetworkConfig
from sluice.models.settings import NetworkParams
from sluice.models.storage import save_weights
from sluice.serving.answers import answer_texts
from sluice.serving.model import load_model
from sluice.text.cleaning import Steps
from sluice.text.reader import fit_reader
from sluice.text.vocabulary import TokenParams

LABELS = ("negative", "neutral", "positive")
ROWS = 120
CASES = 30
ROOT = Path(__file__).parents[2]
WORDS = [f"word{letter}{other}" for letter in "abcdef" for other in "ghijkl"]
GATE: dict[str, Any] = {
    "floor": 0.5,
    "latency": {"ratio": 50.0, "texts": 2, "rounds": 3},
    "export": False,
}


def write_model(folder: Path, labels: tuple[str, ...] = LABELS, hidden: int = 8) -> Path:
    """A network with wild random weights: it says each label to about as many texts."""
    folder.mkdir(parents=True, exist_ok=True)
    reader = fit_reader(WORDS * 2, TokenParams.model_validate({"kind": "words"}), None)
    config = NetworkConfig(
        format=FORMAT,
        name=folder.parent.name,
        seed=0,
        labels=labels,
        vocabulary_size=len(reader.vocabulary),
        ngram_features=0,
        network=NetworkParams(embedding_size=8, hidden_size=hidden),
        temperature=1.0,
        cleaning=Steps().model_dump(mode="json"),
    )
    torch.manual_seed(1)
    network = config.build()
    torch.nn.init.normal_(network.embedding.weight, std=3.0)
    torch.nn.init.normal_(network.output.weight, std=3.0)
    save_weights(network.state_dict(), folder / "model.safetensors")
    write_json(json.loads(config.model_dump_json()), folder / "config.json")
    write_json(reader.describe(), folder / "vocabulary.json")
    return folder


def _texts(model: Path, count: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts and what the model says to them, as many of each label."""
    generator = np.random.default_rng(seed)
    drawn = [" ".join(generator.choice(WORDS, size=3)) for _ in range(20 * count)]
    said = answer_texts(load_model(model), drawn).argmax(axis=1)
    every = [np.flatnonzero(said == label)[: count // len(LABELS)] for label in range(len(LABELS))]
    places = np.stack(every, axis=1).ravel()  # label by label in turn
    return [drawn[place] for place in places], [LABELS[said[place]] for place in places]


def write_rows(root: Path, model: Path, upset: range = range(0), seed: int = 0) -> None:
    """Validation and test rows; the model is wrong on the test rows in `upset`."""
    for split in ("validation", "test"):
        texts, labels = _texts(model, ROWS, seed + (split == "test"))
        if split == "test":
            turned = [LABELS[(LABELS.index(label) + 1) % 3] for label in labels]
            labels = [turned[row] if row in upset else label for row, label in enumerate(labels)]
        frame = pd.DataFrame(
            {
                "id": [f"{split}-{seed}-{row}" for row in range(ROWS)],
                "text": texts,
                "cleaned": texts,
                "label": labels,
                "cluster": [f"{split}-{row}" for row in range(ROWS)],
                "platform": ["web" if row < ROWS // 2 else "phone" for row in range(ROWS)],
            }
        )
        write_parquet(frame, root / f"data/split/{split}.parquet")
    learnt = pd.DataFrame({"text": [f"learnt {seed} {row}" for row in range(ROWS)]})
    write_parquet(learnt, root / "data/split/train.parquet")


def predict(root: Path, wrong: range, sure: float = 0.9) -> pd.DataFrame:
    """Predictions by hand: wrong on the test rows in `wrong`, and as sure as told."""
    frames = []
    for split in ("validation", "test"):
        rows = pd.read_parquet(root / f"data/split/{split}.parquet")
        true = np.array([LABELS.index(label) for label in rows["label"]])
        said = np.where(np.isin(np.arange(len(true)), wrong), (true + 1) % 3, true)
        values = np.where(np.eye(3)[said] == 1, sure, (1 - sure) / 2)
        frames.append(prediction_frame(rows["id"], split, rows["label"], values, LABELS))
    return pd.concat(frames, ignore_index=True)


def _write_probes(root: Path, model: Path, failures: int) -> pd.DataFrame:
    """One behaviour test that the stored model never fails; the challenger fails as told."""
    texts, labels = _texts(model, 3 * CASES, 7)
    chosen = [text for text, label in zip(texts, labels, strict=True) if label == "positive"]
    rows = pd.DataFrame(
        {
            "id": [f"probe-{row}" for row in range(CASES)],
            "kind": "behaviour",
            "test": "plain/good",
            "role": "before",
            "text": chosen[:CASES],
            "cleaned": chosen[:CASES],
        }
    )
    write_parquet(rows, root / "data/probes/probes.parquet")
    said = np.where(np.arange(CASES)[:, None] < failures, np.eye(3)[0], np.eye(3)[2])
    write_parquet(answer_frame(rows["id"], said, LABELS), root / "reports/probes/lstm-0.parquet")
    test = {"key": "plain/good", "name": "good", "type": "MFT", "capability": "vocabulary"}
    test |= {"cases": CASES, "expect": ["positive"], "refuse": [], "label": None, "change": None}
    found = judge_behaviour(rows, [test], {"lstm-0": said}, "lstm-0", LABELS, 0.95)
    write_json(rounded(found), root / "reports/metrics/behaviour.json")
    return rows


def write_lock(root: Path) -> None:
    """dvc.lock with the MD5 of each file that a stage would have written."""
    folders = [root / name for name in ("data", "models", "reports")]
    files = sorted(path for folder in folders for path in folder.rglob("*.*"))
    outs = [
        {"path": str(path.relative_to(root)), "md5": hashlib.md5(path.read_bytes()).hexdigest()}
        for path in files
    ]
    content = {"schema": "2.0", "stages": {"everything": {"cmd": "run", "outs": outs}}}
    (root / "dvc.lock").write_text(yaml.safe_dump(content))


def write_params(root: Path, **gate: Any) -> None:
    """The project's parameters with few resamples, and the gate as told."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["evaluate"]["bootstrap"]["resamples"] = 200
    params["evaluate"]["slices"] |= {"min_rows": 20, "columns": ["platform"]}
    params["gate"] |= GATE | gate
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def write_challenger(
    root: Path,
    wrong: range = range(0),
    *,
    baseline: int | None = 40,
    sure: float = 0.9,
    failures: int = 0,
    hidden: int = 8,
) -> Path:
    """A run whose selected model is wrong on the test rows in `wrong`; rows are there already.

    Args:
        root: the project.
        wrong: places of test rows.
        baseline: on how many rows tfidf_svm is wrong; None: there is no baseline.
        sure: probability of what it says.
        failures: failed cases of the behaviour test.
        hidden: size of the stored network.
    """
    model = write_model(root / "models/lstm/0", hidden=hidden)
    terms = Terms(LABELS, None, BootstrapParams(resamples=200))
    wanted = [Candidate("model", "lstm", 0, predict(root, wrong, sure))]
    if baseline is not None:
        wanted.append(Candidate("baseline", "tfidf_svm", None, predict(root, range(baseline))))
    for one in wanted:
        write_parquet(one.predictions, root / f"reports/predictions/{one.key}.parquet")
    groups = np.arange(ROWS)
    judged = judge(wanted, groups, terms)
    write_json(rounded(summarise(judged, terms)), root / "reports/metrics/evaluation.json")
    sure_of = summarise_sureness(judged, groups, terms, CalibrationParams(), AbstentionParams())
    write_json(rounded(sure_of), root / "reports/metrics/calibration.json")
    _write_probes(root, model, failures)
    write_lock(root)
    return root


def write_project(root: Path, *, upset: range = range(0), **gate: Any) -> Path:
    """Rows and parameters of a project, and its first run, which is right on all rows."""
    for name in ("data/split", "data/raw", "data/probes", "reports/metrics", "reports/predictions"):
        (root / name).mkdir(parents=True)
    (root / "reports/probes").mkdir()
    write_json({"labels": list(LABELS), "slices": []}, root / "data/raw/provenance.json")
    write_rows(root, write_model(root / "models/lstm/0"), upset)
    write_params(root, **gate)
    return write_challenger(root)
