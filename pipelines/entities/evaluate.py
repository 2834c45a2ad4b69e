"""Evaluate: the tags of all candidates in, scores, intervals and a table out.

The test part is scored here and nowhere else; nothing is chosen by it. Pictures are `report`'s.
"""

from pathlib import Path

import pandas as pd

from sluice.command import run_stage
from sluice.files import read_parquet, staged, write_csv, write_json
from sluice.params import read_settings
from sluice.tagging.settings import Baselines, Evaluation, Training
from sluice.tagging.summary import NETWORK, summarise
from sluice.tagging.tables import GIVEN, load_corpus, tabulate_summary


def evaluate(
    tokens: Path,
    facts: Path,
    given: Path,
    metrics: Path,
    table: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Score what params.yaml names; other files in the folder are of older runs."""
    seeds = read_settings(params, "train", Training).seeds
    files = {NETWORK: [f"{NETWORK}-{seed}" for seed in seeds]}
    files |= {name: [name] for name in read_settings(params, "baseline", Baselines).names}
    runs = {
        name: pd.concat(
            [read_parquet(given / f"{stem}.parquet", list(GIVEN)) for stem in stems],
            ignore_index=True,
        )
        for name, stems in files.items()
    }
    settings = read_settings(params, "evaluate", Evaluation)
    summary = summarise(load_corpus(tokens, facts), runs, settings)
    with staged(metrics, table) as parts:
        write_json(summary, parts[0])
        write_csv(tabulate_summary(summary), parts[1])


if __name__ == "__main__":
    run_stage(evaluate)
