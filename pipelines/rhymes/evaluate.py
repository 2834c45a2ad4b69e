"""Evaluate: scores and written rhymes in, perplexities, end rhymes, copies and a verdict out.

The test rhymes are scored here and nowhere else. An aim that is missed fails the verdict, not the
stage. Pictures are `report`'s.
"""

from pathlib import Path

import pandas as pd

from sluice.command import run_stage
from sluice.files import read_json, read_parquet, staged, write_csv, write_json
from sluice.params import read_settings
from sluice.rhyming.settings import Evaluation, Generation, Training
from sluice.rhyming.summary import (
    judge,
    round_all,
    summarise_level,
    summarise_rhymes,
    tabulate_written,
)


def evaluate(
    rhymes: Path,
    facts: Path,
    scores: Path,
    found: Path,
    written: Path,
    metrics: Path,
    table: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Judge what params.yaml names; other files in the folders are of older runs."""
    settings = read_settings(params, "evaluate", Evaluation)
    training = read_settings(params, "train", Training)
    first = next(iter(read_settings(params, "generate", Generation).samplers))
    summary = {
        "corpus_facts": read_json(facts),
        "confidence": settings.confidence,
        "max_copied_lines": settings.max_copied_lines,
        "copied_words": settings.copied_words,
        "judged": [f"{level}, {first}" for level in training.levels],
        "levels": {},
    }
    for level in training.levels:
        networks = [read_parquet(scores / f"{level}-{seed}.parquet") for seed in training.seeds]
        baseline = read_parquet(scores / f"{level}-kneser_ney.parquet")
        chosen = read_json(found / f"{level}.json")
        summary["levels"][level] = summarise_level(networks, baseline, chosen, settings)
    texts = pd.concat([read_parquet(written / f"{level}.parquet") for level in training.levels])
    summary |= summarise_rhymes(read_parquet(rhymes), texts, settings)
    summary["verdict"] = judge(summary, settings)
    summary = round_all(summary)
    with staged(metrics, table) as parts:
        write_json(summary, parts[0])
        write_csv(tabulate_written(summary), parts[1], texts=("text",))


if __name__ == "__main__":
    run_stage(evaluate)
