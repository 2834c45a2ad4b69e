"""Watching: false alarms on rows like the reference, planted topics caught, accuracy estimated.

Usage: python benchmarks/watching.py [PROJECT]    a project with a finished run; this one without

References and batches are drawn anew from the validation and test rows, none of which the selected
model learnt from. A topic is planted by giving half of a batch's places to rows that name it.
Prints one JSON object.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sluice.serving.model import load_model
from sluice.watching.judging import (
    Reference,
    estimate_accuracy,
    measure_batch,
    reference_thresholds,
)
from sluice.watching.reading import Integers, Seen, see
from sluice.watching.settings import STATISTICS, Watch
from sluice.watching.statistics import fit_measure
from sluice.watching.thresholds import TIMES

TOPICS = {
    "airlines": r"airline|flight|@united|jetblue|@americanair|@southwest",
    "apple": r"apple|iphone|ipad",
    "google": r"google",
}
PARTITIONS, BATCHES, PLANTED, SIZE, ROWS = 8, 25, 6, 300, 2000
WATCH = Watch(max_rows=ROWS // TIMES, resamples=1000)


def read_rows(root: Path) -> tuple[Seen, pd.DataFrame, np.ndarray]:
    """The rows as the model sees them, their texts, and whether the model is right."""
    evaluation = json.loads((root / "reports/metrics/evaluation.json").read_text())
    one = evaluation["models"][evaluation["selected"]]
    model = load_model(root / f"models/{one['name']}/{one['seed']}")
    parts = [
        pd.read_parquet(root / f"data/split/{name}.parquet") for name in ("validation", "test")
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows["again"] = model.clean(rows["text"].to_list())
    rows = rows.drop_duplicates("again", ignore_index=True)
    seen = see(model, rows["again"].to_list())
    said = np.array(model.config.labels)[seen.said]
    return seen, rows, said == rows["label"].to_numpy()


class Trial:
    """One reference, its thresholds, and the rows that are left for batches."""

    def __init__(self, seen: Seen, right: np.ndarray, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        order = self.random.permutation(len(right))
        places, self.rest = order[:ROWS], order[ROWS:]
        reference = seen.take(places)
        measure = fit_measure(reference, right[places])
        self.seen, self.right = seen, right
        self.reference = Reference([""] * ROWS, reference, measure)
        self.thresholds = reference_thresholds(self.reference, SIZE, WATCH)

    def draw(self, among: Integers | None = None, count: int = SIZE) -> Integers:
        """Places of a batch."""
        left = self.rest if among is None else among
        return self.random.choice(left, min(count, len(left)), replace=False)

    def judge(self, places: Integers) -> tuple[list[bool], float]:
        """Which statistics raise an alarm, and by how much the estimated accuracy is off."""
        batch = self.seen.take(places)
        alarms = measure_batch(self.reference, batch) > self.thresholds
        estimate = estimate_accuracy(self.reference, batch).estimate
        return alarms.tolist(), estimate - float(self.right[places].mean())


def plant(trial: Trial, topic: np.ndarray) -> Integers:
    """A batch of which half the rows are of a topic, beside what of it comes anyway."""
    of_topic = trial.rest[topic[trial.rest]]
    planted = trial.draw(of_topic, SIZE // 2)
    others = np.setdiff1d(trial.rest, planted)
    return np.concatenate([planted, trial.draw(others, SIZE - len(planted))])


def summarise(found: list[tuple[list[bool], float]]) -> dict[str, Any]:
    """Rates over batches."""
    alarms = np.array([one for one, _ in found])
    errors = np.array([error for _, error in found])
    return {
        "batches": len(found),
        "alarms": round(float(alarms.any(axis=1).mean()), 4),
        "by_statistic": dict(zip(STATISTICS, alarms.mean(axis=0).round(4).tolist(), strict=True)),
        "accuracy_error_mean": round(float(errors.mean()), 4),
        "accuracy_error_mean_absolute": round(float(np.abs(errors).mean()), 4),
    }


def main() -> None:
    """Measure and print."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]
    if not (root / "reports/metrics/evaluation.json").exists():
        sys.exit("no finished run: run make run first, or name a project that has one")
    seen, rows, right = read_rows(root)
    topics = {
        name: rows["text"].str.contains(words, case=False).to_numpy()
        for name, words in TOPICS.items()
    }
    like: list[tuple[list[bool], float]] = []
    planted: dict[str, list[tuple[list[bool], float]]] = {name: [] for name in topics}
    began = time.monotonic()
    for seed in range(PARTITIONS):
        trial = Trial(seen, right, seed)
        like += [trial.judge(trial.draw()) for _ in range(BATCHES)]
        for name, topic in topics.items():
            planted[name] += [trial.judge(plant(trial, topic)) for _ in range(PLANTED)]
    least = min(summarise(found)["alarms"] for found in planted.values())
    result = {
        "rows": len(right),
        "reference_rows": ROWS,
        "batch_rows": SIZE,
        "stated_false_alarms": WATCH.false_alarms,
        "like_reference": summarise(like),
        "planted": {name: summarise(found) for name, found in planted.items()},
        "topic_share": {name: round(float(topic.mean()), 4) for name, topic in topics.items()},
        "least_caught": least,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
