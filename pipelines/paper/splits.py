"""Splits: what the protocol alone is worth, shown on a linear model over many random splits.

In: cleaned rows. Out: one row for each protocol and seed, with the accuracy on all test rows and
on those whose text no training row has. No network is trained.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from leaky_split import copy_rows, part_at_random

from sluice.command import run_stage
from sluice.data.duplicates import comparable
from sluice.files import read_json, read_parquet, staged, write_csv
from sluice.models.baselines import run_baseline
from sluice.models.outcomes import Tables
from sluice.params import read_section
from sluice.stages.augment import Augment
from sluice.stages.baseline import Baseline
from sluice.stages.split import Split, find_groups, part_rows

SEEDS = range(20)
Parts = dict[str, pd.DataFrame]


def honest(rows: pd.DataFrame, section: Split, _seed: int) -> Parts:
    """Duplicates grouped, groups parted; the classes are weighed by the model, not copied."""
    return part_rows(find_groups(rows, section), section)


def by_row(rows: pd.DataFrame, section: Split, _seed: int) -> Parts:
    """All rows parted at random: duplicates cross."""
    return part_at_random(rows, section)


def copied_first(rows: pd.DataFrame, section: Split, seed: int) -> Parts:
    """All rows oversampled, then parted at random."""
    return part_at_random(copy_rows(rows, seed), section)


PROTOCOLS = {"honest": honest, "by_row": by_row, "claimed": copied_first}


def score(parts: Parts, label_names: tuple[str, ...], section: Baseline) -> dict[str, float]:
    """Accuracy of TF-IDF with logistic regression on test rows, seen in training and not."""
    tables = Tables(parts["train"], parts["validation"], parts["test"], label_names)
    outcome = run_baseline("tfidf_logreg", tables, section)
    right = outcome.test.argmax(axis=1) == tables.indices(parts["test"])
    texts = {name: comparable(part["text"]) for name, part in parts.items()}
    seen = texts["test"].isin(texts["train"]).to_numpy()
    return {
        "test_rows": len(right),
        "seen": int(seen.sum()),
        "accuracy": float(right.mean()),
        "accuracy_unseen": float(right[~seen].mean()) if (~seen).any() else np.nan,
    }


def splits(rows: Path, provenance: Path, table: Path, params: Path = Path("params.yaml")) -> None:
    """Score the linear model under every protocol, over random splits."""
    frame = read_parquet(rows)
    label_names = tuple(read_json(provenance)["labels"])
    section, baseline = (
        read_section(params, "split", Split),
        read_section(params, "baseline", Baseline),
    )
    copying = read_section(params, "augment", Augment).seed
    found = []
    for name, protocol in PROTOCOLS.items():
        for seed in SEEDS:
            parts = protocol(frame, section.model_copy(update={"seed": seed}), copying + seed)
            found.append({"protocol": name, "seed": seed} | score(parts, label_names, baseline))
    with staged(table) as (part,):
        write_csv(pd.DataFrame(found), part)


if __name__ == "__main__":
    run_stage(splits)
