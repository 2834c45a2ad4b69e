"""`sluice forecast`: a CSV in, forecasts with intervals out, and how far to trust them.

What is chosen is chosen on the last part of the first two thirds; the last third says how good
such forecasts were, beside baselines. Then the same networks are trained on all values.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from sluice.errors import ParamsError
from sluice.files import staged, write_csv
from sluice.forecasting.fitting import fit_chosen
from sluice.forecasting.framings import FRAMINGS
from sluice.forecasting.running import Run, run_baseline, run_framing
from sluice.forecasting.scores import make_bounds, make_intervals, rmse_by, running_scales
from sluice.forecasting.series import Floats, Series, make_series, next_labels
from sluice.forecasting.settings import FramingName, Grid, Parts, Sarima, Training
from sluice.forecasting.tables import read_table
from sluice.models.training import quiet_lightning

FRAMING: FramingName = "seasonal"
LEVEL = 0.8
MAX_HORIZON = 400
TRAINING = Training(seeds=(0, 1, 2), grid=Grid(target=("change",), hidden_size=(16,)))
"""Fewer choices than the pipeline's: seconds, not minutes."""


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    path: Path
    time: str | None
    value: str | None
    season: int | None
    carry: bool
    horizon: int


def _ahead(series: Series, run: Run, horizon: int) -> Floats:
    """Forecast by networks trained on all values, mean over seeds, (horizon,)."""
    origin = np.array([len(series.values) - 1])
    found = [
        fit_chosen(
            series.values, run.chosen, FRAMINGS[FRAMING], series.season, TRAINING, seed
        ).roll(series.values, origin, horizon)[0]
        for seed in TRAINING.seeds
    ]
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def _intervals(forecasts: pd.DataFrame, ahead: Floats, end: int) -> Floats:
    """Bounds by the errors of all forecasts that were tried before, (horizon, 2)."""
    tried = forecasts[forecasts["part"] != "train"]
    means = tried.groupby(["part", "origin", "horizon"], as_index=False)[
        ["actual", "forecast"]
    ].mean()
    steps = np.arange(1, len(ahead) + 1)
    fresh = pd.DataFrame({"origin": end - 1, "horizon": steps, "forecast": ahead})
    rows = pd.concat([means, fresh], ignore_index=True)
    log = bool((rows["forecast"] > 0).all() and not (means["actual"] <= 0).any())
    scales, counts = running_scales(rows, log)
    return make_intervals(ahead, scales[-len(ahead) :], counts[-len(ahead) :], LEVEL, log)


def _scores(series: Series, run: Run, horizon: int) -> dict[str, float]:
    """RMSE one step ahead on the last third, of the networks and of baselines."""
    bounds = make_bounds(len(series.values), Parts())
    runs = {"this LSTM": run} | {
        name.replace("_", " "): run_baseline(name, series, bounds, Sarima(), horizon)
        for name in ("naive", "seasonal_naive", "sarima")
    }
    found = {}
    for name, one in runs.items():
        rows = one.forecasts[(one.forecasts["part"] == "test") & (one.forecasts["horizon"] == 1)]
        found[name] = float(rmse_by(rows, "seed").mean())
    return found


def _print(table: pd.DataFrame, scores: dict[str, float], series: Series, out: Console) -> None:
    shown = Table("time", "forecast", f"{100 * LEVEL:g}% interval")
    for time, ahead, low, high in table.itertuples(index=False, name=None):
        bounds = f"{low:.5g} to {high:.5g}" if np.isfinite(low) else "not known"
        shown.add_row(str(time), f"{ahead:.5g}", bounds)
    out.print(shown)
    out.print(
        f"{len(series.values)} values from {series.labels[0]} to {series.labels[-1]}, season "
        f"{series.season}, {int(series.filled.sum())} carried over gaps."
    )
    listed = ", ".join(f"{name} {score:.4g}" for name, score in scores.items())
    out.print(f"RMSE one step ahead on the last third, trained before it: {listed}.")


def forecast_file(request: Request, target: Path | None, out: Console) -> None:
    """Forecast a file, print, and write a CSV if asked to.

    Raises:
        SluiceError: the file or what it holds is not usable.
    """
    if not 1 <= request.horizon <= MAX_HORIZON:
        raise ParamsError(f"--horizon must be from 1 to {MAX_HORIZON}, and is {request.horizon}")
    quiet_lightning()
    table = read_table(request.path, request.time, request.value)
    series = make_series(table, str(request.path), request.season, request.carry)
    bounds = make_bounds(len(series.values), Parts())
    run = run_framing(FRAMING, series, bounds, TRAINING, request.horizon)
    ahead = _ahead(series, run, request.horizon)
    low, high = _intervals(run.forecasts, ahead, len(series.values)).T
    times = next_labels(series, request.horizon)
    found = pd.DataFrame({"time": times, "forecast": ahead, "low": low, "high": high})
    if target is not None:
        with staged(target) as (part,):
            write_csv(found, part)
    _print(found, _scores(series, run, request.horizon), series, out)
