"""Evaluate: the forecasts of all candidates in, scores, intervals and a table out.

The test part is scored here and nowhere else; nothing is chosen by it. Pictures are `report`'s.
"""

from pathlib import Path

import pandas as pd

from sluice.command import run_stage
from sluice.files import read_json, read_parquet, staged, write_csv, write_json, write_parquet
from sluice.forecasting.scores import COLUMNS
from sluice.forecasting.settings import (
    Baselines,
    Evaluation,
    Published,
    Reading,
    Training,
)
from sluice.forecasting.summary import summarise, tabulate_summary
from sluice.params import parse_section, read_settings, read_yaml


def evaluate(
    facts: Path,
    forecasts: Path,
    found: Path,
    published: Path,
    metrics: Path,
    table: Path,
    intervals: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Score what params.yaml names; other files in the folders are of older runs."""
    settings = read_settings(params, "evaluate", Evaluation)
    names: list[str] = [
        *read_settings(params, "train", Training).framings,
        *read_settings(params, "baseline", Baselines).names,
    ]
    printed = {
        name: parse_section(entry, Published, f"{published}: {name}")
        for name, entry in (read_yaml(published) if published.exists() else {}).items()
    }
    rows = pd.concat(
        [read_parquet(forecasts / f"{name}.parquet", list(COLUMNS)) for name in names],
        ignore_index=True,
    )
    known = {name: read_json(found / f"{name}.json") for name in names}
    series = read_json(facts)
    summary, bounded = summarise(rows, known, printed, series["season"], settings)
    summary |= {
        "unit": read_settings(params, "series", Reading).unit,
        "confidence": settings.confidence,
        "levels": list(settings.levels),
        "series": series,
    }
    with staged(metrics, table, intervals) as parts:
        write_json(summary, parts[0])
        write_csv(tabulate_summary(summary), parts[1])
        write_parquet(bounded, parts[2])


if __name__ == "__main__":
    run_stage(evaluate)
