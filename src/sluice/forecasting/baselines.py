"""Baselines: what a forecast costs nothing, and what statistics has had for fifty years.

In: the training values and a season. Out: a function from the whole series and origins to
forecasts; see `sluice.forecasting.rolling.Roll`. Parameters are fitted on the training part only.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from statsmodels.tools.sm_exceptions import ConvergenceWarning, ModelWarning
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.statespace.sarimax import SARIMAX

from sluice.errors import DataError
from sluice.forecasting.rolling import Origins, Roll
from sluice.forecasting.series import Floats
from sluice.forecasting.settings import BaselineName, Sarima


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline."""

    roll: Roll
    reach: int
    """Values that must be known before the first forecast."""
    says: str
    """In words, with what was fitted."""


def _ahead(values: Floats, origins: Origins, horizon: int, lag: int) -> Floats:
    """The value a whole number of lags before each target, the last that is known."""
    steps = np.arange(1, horizon + 1)
    back = -(-steps // lag) * lag
    return np.asarray(values[origins[:, np.newaxis] + steps - back])


def _naive(_train: Floats, _season: int, _sarima: Sarima) -> Baseline:
    return Baseline(lambda values, origins, n: _ahead(values, origins, n, 1), 1, "the last value")


def _seasonal_naive(_train: Floats, season: int, _sarima: Sarima) -> Baseline:
    def roll(values: Floats, origins: Origins, horizon: int) -> Floats:
        return _ahead(values, origins, horizon, season)

    return Baseline(roll, season, "the value a season before")


def _seasonal_growth(train: Floats, season: int, _sarima: Sarima) -> Baseline:
    """The value a season before, grown as the last one has; by difference if not all positive."""
    ratio = bool((train > 0).all())

    def roll(values: Floats, origins: Origins, horizon: int) -> Floats:
        known = np.log(values) if ratio else values
        seasons = -(-np.arange(1, horizon + 1) // season)
        growth = (known[origins] - known[origins - season])[:, np.newaxis] * seasons
        ahead = _ahead(known, origins, horizon, season) + growth
        return np.asarray(np.exp(ahead) if ratio else ahead)

    return Baseline(roll, season + 1, "the value a season before, grown as the last one has")


def _ets(train: Floats, season: int, _sarima: Sarima) -> Baseline:
    """Exponential smoothing in state space (Hyndman et al. 2008), the form of the least AIC."""
    kinds = ["add", "mul"] if (train > 0).all() else ["add"]
    forms = [
        {"error": kind, "trend": "add", "damped_trend": damped}
        | ({"seasonal": kind, "seasonal_periods": season} if season > 1 else {})
        for kind in kinds
        for damped in (False, True)
    ]
    fitted = [(ETSModel(train, **form).fit(disp=0), form) for form in forms]
    best, form = min(fitted, key=lambda pair: float(pair[0].aic))

    def roll(values: Floats, origins: Origins, horizon: int) -> Floats:
        smoothed = (ETSModel(values[: one + 1], **form).smooth(best.params) for one in origins)
        return np.stack([np.asarray(one.forecast(horizon)) for one in smoothed])

    damped = ", damped" if form["damped_trend"] else ""
    says = f"exponential smoothing, {form['error']} errors and seasons{damped}, by AIC"
    return Baseline(roll, max(10, 2 * season + 2), says)


def _sarima_model(train: Floats, season: int, sarima: Sarima) -> Baseline:
    """Seasonal ARIMA of logarithms where there are any (Box & Jenkins 1970)."""
    log = bool((train > 0).all())
    known = np.log(train) if log else train
    seasonal = (*sarima.seasonal_order, season) if season > 1 else (0, 0, 0, 0)
    best = SARIMAX(known, order=sarima.order, seasonal_order=seasonal).fit(disp=0)

    def roll(values: Floats, origins: Origins, horizon: int) -> Floats:
        whole = np.log(values) if log else values
        applied = (best.apply(whole[: one + 1]) for one in origins)
        ahead = np.stack([np.asarray(one.forecast(horizon)) for one in applied])
        return np.exp(ahead) if log else ahead

    where = " of logarithms" if log else ""
    return Baseline(roll, 2 * season + 2, f"SARIMA {sarima.order} {seasonal}{where}")


BASELINES: dict[BaselineName, Callable[[Floats, int, Sarima], Baseline]] = {
    "naive": _naive,
    "seasonal_naive": _seasonal_naive,
    "seasonal_growth": _seasonal_growth,
    "ets": _ets,
    "sarima": _sarima_model,
}


def fit_baseline(name: BaselineName, train: Floats, season: int, sarima: Sarima) -> Baseline:
    """Fit a baseline on the training values, (n,).

    Raises:
        DataError: there are fewer than two seasons and a few values more.
    """
    if len(train) < 2 * season + 8:
        raise DataError(
            f"the part to fit has {len(train)} values, and baselines need {2 * season + 8} for a "
            f"season of {season}: give a longer series or set the season"
        )
    with warnings.catch_warnings():
        # An optimiser that stops early leaves a worse baseline, not a wrong one.
        for kind in (ConvergenceWarning, ModelWarning, RuntimeWarning, UserWarning):
            warnings.simplefilter("ignore", kind)
        return BASELINES[name](train, season, sarima)
