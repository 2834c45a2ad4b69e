"""How good forecasts were: RMSE by part and horizon, spread over seeds, interval, coverage.

In: the table of forecasts. Out: plain values. Test rows are scored here and nowhere else.
Columns of the table: candidate, seed (-1 of a baseline), part, origin, horizon, time, actual,
forecast; `actual` is empty where the series had a gap.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import beta
from scipy.stats import t as student

from sluice.evaluation.intervals import Interval, percentile_interval
from sluice.forecasting.rolling import Roll, last_origins
from sluice.forecasting.series import Floats, Series
from sluice.forecasting.settings import Evaluation, Parts

COLUMNS = ("candidate", "seed", "part", "origin", "horizon", "time", "actual", "forecast")
BASELINE_SEED = -1


class Bounds(NamedTuple):
    """Where the parts of a series end: indices into it."""

    first: int
    """First of the values that choices are made on."""
    train: int
    """First of the test values."""
    end: int


def make_bounds(count: int, parts: Parts) -> Bounds:
    """Part a series of so many values in time, as the seed's split does: int(0.67 n)."""
    train = int(count * parts.train_share)
    return Bounds(train - max(1, round(train * parts.validation_share)), train, count)


def tabulate(
    series: Series, roll: Roll, part: str, first: int, end: int, horizon: int
) -> pd.DataFrame:
    """Forecast all targets in [first, end) from every origin up to `horizon` steps before.

    Origins begin right before `first`, so each horizon has its own number of targets.
    """
    origins = last_origins(first, end)
    found = roll(series.values[:end], origins, horizon)
    table = pd.DataFrame(found, columns=range(1, horizon + 1)).assign(origin=origins)
    long = table.melt("origin", var_name="horizon", value_name="forecast")
    long = long.astype({"horizon": "int64"})
    target = long["origin"] + long["horizon"]
    long, target = long[target < end], target[target < end]
    actual = np.where(series.filled[target], np.nan, series.values[target])
    labels = np.array(series.labels)[target]
    return long.assign(part=part, time=labels, actual=actual).sort_values(["origin", "horizon"])


def rmse_by(table: pd.DataFrame, *keys: str) -> "pd.Series[float]":
    """RMSE of the rows of each group; rows without an actual value are left out."""
    squared = (table["forecast"] - table["actual"]) ** 2
    return squared.groupby([table[key] for key in keys]).mean() ** 0.5


def spread(values: Floats) -> float:
    """Standard deviation over seeds; 0 of one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def ratio_interval(squares: Floats, others: Floats, block: int, params: Evaluation) -> Interval:
    """Interval of the ratio of two RMSEs on the same times, by the circular block bootstrap.

    Politis & Romano 1992: blocks of consecutive times, wrapped round, keep what errors of nearby
    times share. Both are drawn together, so the ratio is paired.

    Args:
        squares: squared errors of the one, (times,).
        others: of the other, (times,).
        block: times in a block.
        params: resamples, seed, confidence.
    """
    count = len(squares)
    block = min(block, count)
    generator = np.random.default_rng(params.seed)
    starts = generator.integers(count, size=(params.resamples, -(-count // block)))
    drawn = (starts[..., np.newaxis] + np.arange(block)).reshape(params.resamples, -1)
    drawn = drawn[:, :count] % count
    ratios = np.sqrt(squares[drawn].mean(axis=1) / others[drawn].mean(axis=1))
    return percentile_interval(ratios, params.confidence)


def error_scales(validation: pd.DataFrame, log: bool) -> pd.DataFrame:
    """Root mean square of errors by horizon on the last part of the training series.

    Args:
        validation: forecasts of one candidate there, by networks that had not seen it.
        log: of logarithms, so that an interval grows with the level.

    Returns:
        columns `scale` and `count` by horizon; a horizon without errors has the farthest one's.
    """
    actual, forecast = validation["actual"], validation["forecast"]
    errors = np.log(actual) - np.log(forecast) if log else actual - forecast
    groups = errors.groupby(validation["horizon"])
    return pd.DataFrame({"scale": np.sqrt((errors**2).groupby(validation["horizon"]).mean()),
                         "count": groups.count()})  # fmt: skip


def make_intervals(table: pd.DataFrame, scales: pd.DataFrame, level: float, log: bool) -> Floats:
    """Put an interval round each forecast: Student's t times the scale of its horizon.

    The scale is estimated from as many errors as there were (Hyndman & Athanasopoulos 2021, 5.5,
    with t for the normal because of their number).

    Returns:
        low and high, (rows, 2).
    """
    found = scales.reindex(table["horizon"], method="ffill")
    half = student.ppf((1 + level) / 2, found["count"].to_numpy()) * found["scale"].to_numpy()
    forecast = table["forecast"].to_numpy(np.float64)
    if log:
        return np.stack([forecast * np.exp(-half), forecast * np.exp(half)], axis=1)
    return np.stack([forecast - half, forecast + half], axis=1)


def coverage_interval(hits: int, count: int, confidence: float) -> Interval:
    """Interval of a share by Clopper & Pearson 1934; errors of near times make it too narrow."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, hits, count - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, count - hits)) if hits < count else 1.0
    return Interval(low, high)
