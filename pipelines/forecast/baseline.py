"""Baseline: the series in, the forecasts of one baseline out, in the form that `train` writes.

It is fitted on the same parts as the networks. It scores nothing: that is `evaluate`.
"""

from pathlib import Path

from sluice.command import run_stage
from sluice.errors import ParamsError
from sluice.files import staged, write_json, write_parquet
from sluice.forecasting.baselines import BASELINES
from sluice.forecasting.running import run_baseline
from sluice.forecasting.scores import make_bounds
from sluice.forecasting.settings import Baselines, Evaluation, Parts
from sluice.forecasting.tables import load_series
from sluice.params import read_settings


def baseline(
    name: str,
    rows: Path,
    facts: Path,
    forecasts: Path,
    found: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Fit the baseline NAME, and forecast every part of the series."""
    if name not in BASELINES:
        raise ParamsError(f"unknown baseline {name}; baselines: {', '.join(BASELINES)}")
    sarima = read_settings(params, "baseline", Baselines).sarima
    horizon = read_settings(params, "evaluate", Evaluation).horizon
    series = load_series(rows, facts)
    bounds = make_bounds(len(series.values), read_settings(params, "parts", Parts))
    run = run_baseline(name, series, bounds, sarima, horizon)
    with staged(forecasts, found) as parts:
        write_parquet(run.forecasts, parts[0])
        write_json(run.facts, parts[1])


if __name__ == "__main__":
    run_stage(baseline)
