"""Writes the files of a small finished run, with the functions that write the real ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from sluice.evaluation.abstention import AbstentionParams
from sluice.evaluation.audits import Probes, audit
from sluice.evaluation.calibration import CalibrationParams
from sluice.evaluation.candidates import BootstrapParams, Candidate, Terms, judge
from sluice.evaluation.comparison import summarise
from sluice.evaluation.folds import Fold, Run, judge_folds, summarise_folds
from sluice.evaluation.metrics import polarity_values
from sluice.evaluation.mistakes import rank_errors
from sluice.evaluation.pairs import compare_pairs
from sluice.evaluation.predictions import prediction_frame
from sluice.evaluation.slice_scores import SliceTerms, summarise_slices
from sluice.evaluation.slices import Slice
from sluice.evaluation.sureness import summarise_sureness
from sluice.files import write_csv, write_json, write_parquet
from sluice.models.callbacks import COLUMNS

LABELS = ("negative", "neutral", "positive")
ROWS = 60
INPUTS = ("provenance.json", "split", "metrics", "curves", "errors.parquet", "explanations.json")
OUTPUTS = ("out/report.html", "out/report.md", "out/plots", "out/model-card.md")


def make_predictions(wrong: int, labels: tuple[str, ...]) -> pd.DataFrame:
    """Predictions of which every row below `wrong` is wrong, the first one most."""
    parts = []
    true = np.arange(ROWS) % len(labels)
    taken = np.where(np.arange(ROWS) < wrong, (true + 1) % len(labels), true)
    sure = 0.9 - 0.004 * np.arange(ROWS)[:, np.newaxis]
    rest = (1 - sure) / (len(labels) - 1)
    probabilities = np.where(np.eye(len(labels))[taken] == 1, sure, rest)
    for split in ("validation", "test"):
        ids = [f"{split}-{row}" for row in range(ROWS)]
        names = [labels[place] for place in true]
        parts.append(prediction_frame(ids, split, names, probabilities, labels))
    return pd.concat(parts, ignore_index=True)


def _write_splits(folder: Path, texts: list[str], labels: tuple[str, ...]) -> dict[str, Any]:
    counts = {}
    for split in ("train", "validation", "test"):
        rows = ROWS * (3 if split == "train" else 1)
        frame = pd.DataFrame(
            {
                "id": [f"{split}-{row}" for row in range(rows)],
                "text": (texts * rows)[:rows],
                "cleaned": ["one two three four"[: 4 + 5 * (row % 4)] for row in range(rows)],
                "label": [labels[row % len(labels)] for row in range(rows)],
                "cluster": [f"{split}-{row}" for row in range(rows)],
            }
        )
        counts[split] = {label: int((frame["label"] == label).sum()) for label in labels}
        write_parquet(frame, folder / f"split/{split}.parquet")
    return counts


def _write_facts(folder: Path, labels: tuple[str, ...], counts: dict[str, Any]) -> None:
    totals = {label: sum(part[label] for part in counts.values()) for label in labels}
    rows = {"read": 5 * ROWS + 7, "kept": 5 * ROWS, "rejected": 7}
    facts = {"source": "csv", "origin": None, "version": None, "licence": None}
    facts |= {"file": "tweets.csv", "encoding": "utf-8", "sha256": "ab" * 32, "rows": rows}
    facts |= {"rejected": {"text: empty": 7}, "labels": list(labels), "label_counts": totals}
    write_json(facts, folder / "provenance.json")
    split_rows = {
        "read": 5 * ROWS,
        "dropped_exact": 0,
        "dropped_conflicts": 5,
        "dropped_crossing": 0,
    }
    split_rows |= {split: sum(part.values()) for split, part in counts.items()}
    naive = {"draws": 20, "test_rows": ROWS, "leaked": {"mean": 12.4, "low": 9, "high": 17}}
    naive |= {"leaked_share": 0.2067, "exact": {"mean": 3.5, "low": 1, "high": 6}}
    conflicts = {"rule": "majority", "clusters": 4, "rows": 13, "dropped": 5}
    clusters = {"count": 280, "several": 11, "rows_in_several": 31, "largest": 8}
    leaks = {"method": "stratified", "rows": split_rows, "label_counts": counts, "leaked": 0}
    leaks |= {"clusters": clusters, "conflicts": conflicts, "naive_split": naive}
    write_json(leaks, folder / "metrics/leaks.json")
    train = counts["train"]
    augmented = {"resampling": "class_weights", "weights": dict.fromkeys(labels, 1.25)}
    augmented |= {"rows": {"before": 180, "after": 191, "synthetic": 11}}
    augmented |= {"label_counts": {"before": train, "after": train}}
    augmented |= {"operations": {"synonyms": {"asked": 12, "made": 11}}}
    write_json(augmented, folder / "metrics/augment.json")


def _write_trainings(folder: Path, keys: list[str]) -> None:
    for place, key in enumerate(keys):
        curves = pd.DataFrame(
            {name: [0.9 - 0.1 * epoch for epoch in range(3)] for name in COLUMNS}
        ).assign(epoch=[1, 2, 3])
        write_csv(curves, folder / f"curves/{key}.csv")
        training = {"best_epoch": 2, "epochs": 3, "parameters": 1234567 + place, "train_rows": 191}
        write_json(training, folder / f"metrics/train/{key}.json")


def _write_slices(folder: Path, candidates: list[Candidate], labels: tuple[str, ...]) -> None:
    """Two columns, of which one has a group that is too small."""
    parts = [
        Slice("platform", "web", np.arange(ROWS) < 30),
        Slice("platform", "phone", np.arange(ROWS) >= 30),
        Slice("country", "<i>Atlantis", np.arange(ROWS) < 3),
    ]
    terms = SliceTerms(candidates, labels, np.arange(ROWS), 100, 0, 0.95, 10)
    found = summarise_slices(parts, terms, ("platform", "country"))
    write_json(found, folder / "metrics/slices.json")


def _write_audits(
    folder: Path, wanted: list[Candidate], terms: Terms, shown: str, texts: tuple[str, ...]
) -> None:
    """Two capabilities, at one of which all candidates fail, and six masked rows."""
    labels = terms.label_names
    kept = {"expect": [], "refuse": [], "label": None, "change": None, "margin": -0.1}
    good = kept | {"key": "plain/good", "name": "good", "type": "MFT", "expect": [labels[0]]}
    turned = kept | {"key": "plain/turned", "name": "turned", "type": "DIR", "label": labels[-1]}
    tests = [
        good | {"capability": "vocabulary", "cases": 4},
        turned | {"capability": "negation", "cases": 2, "change": "up", "margin": 0.1},
    ]
    asked = [("behaviour", "plain/good", "before", None)] * 4
    asked += [("behaviour", "plain/turned", role, None) for role in ("before", "after")] * 2
    asked += [("masked", None, None, f"test-{row}") for row in range(6)]
    rows = pd.DataFrame(asked, columns=["kind", "test", "role", "row"])
    rows = rows.sort_values("role", ascending=False, kind="stable", ignore_index=True)
    said = np.tile(np.eye(len(labels))[0], (len(rows), 1))
    masked = {"words": ["good", "<i>bad"], "rows": 6, "test_rows": ROWS}
    token = {"token": "<i>brand", "label": labels[0], "weight": 1.25, "importance": 9.5}
    facts = {"tests": tests, "skipped": {"feelings": "needs the label <i>joy"}, "masked": masked}
    facts["tokens"] = [token | {"train_rows": 58, "test_rows": 7}]
    probes = Probes(
        rows.assign(text=(list(texts) * len(rows))[: len(rows)]),
        facts,
        {one.key: said for one in wanted},
    )
    groups = np.arange(ROWS)
    found = audit(probes, judge(wanted, groups, terms), groups, terms, shown)
    write_json(found.behaviour, folder / "metrics/behaviour.json")
    write_json(found.shortcuts, folder / "metrics/shortcuts.json")


def _write_doubts(folder: Path, labels: tuple[str, ...]) -> None:
    top = {"id": "train-0", "given": labels[0], "suggested": labels[1], "margin": -0.5}
    joint = np.full((len(labels), len(labels)), 7).tolist()
    facts = {"rows": 3 * ROWS, "suspects": 1, "estimated_share": 0.01, "accuracy": 0.9, "folds": 5}
    facts |= {"labels": list(labels), "joint": joint, "top": [top]}
    write_json(facts, folder / "metrics/label_errors.json")


def _write_explanations(folder: Path, ranked: pd.DataFrame, model: str | None) -> None:
    """The two worst rows, a hostile word among theirs; no row where no model was selected."""
    words = {"words": ["<i>one", "two", "three\u202e"], "parts": [1.25, -0.5, 0.0625]}
    kept = ["id", "label", "predicted"]
    rows = [
        row | words | {"logit": 1.0, "empty": 0.1875} for row in ranked[kept].to_dict("records")
    ]
    write_json({"model": model, "rows": rows if model else []}, folder / "explanations.json")


def _write_folds(folder: Path, wanted: list[Candidate], terms: Terms) -> None:
    """Three folds on which every candidate has the predictions of its test rows."""
    runs = {
        Run(one.kind, one.name, one.seed, fold): one.predictions
        for one in wanted
        for fold in range(3)
    }
    folds = {fold: Fold(np.arange(ROWS), 2 * ROWS) for fold in range(3)}
    found = summarise_folds(judge_folds(runs, folds, terms), folds, terms)
    write_json(found, folder / "metrics/folds.json")


def write_run(
    folder: Path,
    *,
    labels: tuple[str, ...] = LABELS,
    texts: tuple[str, ...] = ("a text",),
    models: dict[str, int] | None = None,
    baselines: dict[str, int] | None = None,
    seeds: tuple[int, ...] = (0, 1),
    **section: object,
) -> Path:
    """Write a finished run; `models` and `baselines` say how many rows each gets wrong."""
    for name in ("split", "metrics/train", "curves"):
        (folder / name).mkdir(parents=True)
    _write_doubts(folder, labels)
    polarity = dict(zip(labels, np.linspace(-1, 1, len(labels)), strict=True))
    terms = Terms(labels, polarity_values(polarity, labels), BootstrapParams(resamples=100))
    wanted = [
        Candidate("model", name, seed, make_predictions(wrong + seed, labels))
        for name, wrong in ({"lstm": 9} if models is None else models).items()
        for seed in seeds
    ]
    keys = [one.key for one in wanted]
    wanted += [
        Candidate("baseline", name, None, make_predictions(wrong, labels))
        for name, wrong in ({"svm": 12, "vader": 40} if baselines is None else baselines).items()
    ]
    judged, groups = judge(wanted, np.arange(ROWS), terms), np.arange(ROWS)
    summary = summarise(judged, terms)
    counts = _write_splits(folder, list(texts), labels)
    _write_facts(folder, labels, counts)
    _write_trainings(folder, keys)
    write_json(summary, folder / "metrics/evaluation.json")
    write_json(compare_pairs(judged, terms), folder / "metrics/pairs.json")
    _write_folds(folder, wanted, terms)
    sureness = summarise_sureness(judged, groups, terms, CalibrationParams(), AbstentionParams())
    write_json(sureness, folder / "metrics/calibration.json")
    shown = summary["selected"] or summary["best_baseline"]
    candidate = next(one for one in wanted if one.key == shown)
    beside = [one for one in wanted if one.key == summary["best_baseline"] != shown]
    _write_slices(folder, [candidate, *beside], labels)
    _write_audits(folder, wanted, terms, shown, texts)
    test = pd.read_parquet(folder / "split/test.parquet")
    ranked = rank_errors(candidate, test["text"], labels)
    write_parquet(ranked, folder / "errors.parquet")
    _write_explanations(folder, ranked.head(2), summary["selected"])
    section = {"title": "Tweets", "worst_errors": 5, "few_test_rows": 10, **section}
    params = {"train": {"seeds": [0]}, "report": section}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return folder


def paths(folder: Path) -> list[Path]:
    """The stage's arguments, in order."""
    return [folder / name for name in INPUTS + OUTPUTS]


def change_json(path: Path, *keys: str, value: Any) -> None:
    """Set the value at `keys`; `...` deletes the key."""
    content = json.loads(path.read_text())
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    path.write_text(json.dumps(content))
