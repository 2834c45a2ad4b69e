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


def _errors(table: pd.DataFrame, log: bool) -> Floats:
    actual, forecast = (table[name].to_numpy(np.float64) for name in ("actual", "forecast"))
    return np.asarray(np.log(actual / forecast) if log else actual - forecast)


def running_scales(table: pd.DataFrame, log: bool) -> tuple[Floats, Floats]:
    """Root mean square of what was known of the errors of each forecast's horizon at its origin.

    These are the errors on the validation part, by networks that had not seen it, and those test
    errors whose time had come: what a forecaster in use would know, and no more.

    Args:
        table: validation and test forecasts of one candidate and seed, one index for all rows.
        log: of logarithms, so that an interval grows with the level.

    Returns:
        the scale and the number of errors for each row; not a number where nothing was known.
    """
    scales, counts = (pd.Series(np.nan, index=table.index, dtype="float64") for _ in range(2))
    for _, rows in table.groupby("horizon"):
        targets = (rows["origin"] + rows["horizon"]).to_numpy()
        squares = _errors(rows, log) ** 2
        known = np.isfinite(squares)  # not where the series had a gap
        order = np.argsort(targets[known], kind="stable")
        sums = np.concatenate([[0.0], np.cumsum(squares[known][order])])
        count = np.searchsorted(targets[known][order], rows["origin"].to_numpy(), side="right")
        counts[rows.index] = count
        scales[rows.index] = np.sqrt(sums[count] / np.where(count, count, np.nan))
    return np.asarray(scales, dtype=np.float64), np.asarray(counts, dtype=np.float64)


def make_intervals(
    forecasts: Floats, scales: Floats, counts: Floats, level: float, log: bool
) -> Floats:
    """Put an interval round each forecast: Student's t times the scale, (rows, 2).

    After Hyndman & Athanasopoulos 2021, "Forecasting: Principles and Practice", 5.5, with t for
    the normal distribution because the scale is estimated from so few errors.
    """
    half = student.ppf((1 + level) / 2, np.maximum(counts, 1)) * scales
    if log:
        return np.stack([forecasts * np.exp(-half), forecasts * np.exp(half)], axis=1)
    return np.stack([forecasts - half, forecasts + half], axis=1)


def coverage_interval(hits: float, count: int, confidence: float) -> Interval:
    """Interval of a share by Clopper & Pearson 1934; errors of near times make it too narrow."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, hits, count - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, count - hits)) if hits < count else 1.0
    return Interval(low, high)
