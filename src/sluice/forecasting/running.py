"""What one candidate does: chosen, fitted, and rolled over all parts of a series.

In: a series, a candidate, parameters. Out: its forecasts as a table, and facts. Reading and
writing are for scripts and commands.
"""

from typing import Any, NamedTuple

import pandas as pd

from sluice.errors import DataError
from sluice.forecasting.baselines import fit_baseline
from sluice.forecasting.fitting import Chosen, choose, fit_chosen
from sluice.forecasting.framings import FRAMINGS
from sluice.forecasting.rolling import Combined, Roll
from sluice.forecasting.scores import BASELINE_SEED, COLUMNS, Bounds, tabulate
from sluice.forecasting.series import Series
from sluice.forecasting.settings import BaselineName, FramingName, Sarima, Training


class Run(NamedTuple):
    """What a candidate leaves."""

    forecasts: pd.DataFrame
    """Columns of `sluice.forecasting.scores.COLUMNS`."""
    facts: dict[str, Any]
    """What was chosen or fitted, as JSON."""
    models: dict[int, Combined]
    """Trained networks by seed; none of a baseline."""
    chosen: list[Chosen]
    """The choices whose forecasts are averaged; none of a baseline."""


def check_length(series: Series, bounds: Bounds) -> None:
    """See that each part has something in it.

    Raises:
        DataError: the series is shorter than two seasons and a few values, or a part is empty.
    """
    need = 2 * series.season + 8
    if bounds.first < need or bounds.train >= bounds.end:
        raise DataError(
            f"the series has {bounds.end} values, of which {bounds.first} stand before the part "
            f"that choices are made on: {need} are needed there for a season of {series.season}; "
            "give a longer series, set the season, or change section parts"
        )


def _parts(
    series: Series, bounds: Bounds, early: tuple[Roll, int], final: tuple[Roll, int], horizon: int
) -> pd.DataFrame:
    """Forecast all parts: `early` has not seen the validation part, `final` not the test part."""
    return pd.concat(
        [
            tabulate(series, early[0], "validation", bounds.first, bounds.train, horizon),
            tabulate(series, final[0], "train", final[1], bounds.train, 1),
            tabulate(series, final[0], "test", bounds.train, bounds.end, horizon),
        ]
    )


def _label(table: pd.DataFrame, name: str, seed: int) -> pd.DataFrame:
    return table.assign(candidate=name, seed=seed)[list(COLUMNS)]


def _describe(chosen: list[Chosen]) -> list[dict[str, Any]]:
    return [
        one.choice.model_dump(mode="json") | {"epochs": one.epochs, "rmse": round(one.rmse, 6)}
        for one in chosen
    ]


def run_framing(
    name: FramingName, series: Series, bounds: Bounds, params: Training, horizon: int
) -> Run:
    """Choose on the last part of the training series, train with every seed, forecast.

    Raises:
        DataError: the series is too short.
    """
    check_length(series, bounds)
    framing, train = FRAMINGS[name], series.values[: bounds.train]
    tried = choose(train, bounds.first, framing, series.season, params)
    best = tried[: params.combined]
    tables, models = [], {}
    for seed in params.seeds:
        early = fit_chosen(train[: bounds.first], best, framing, series.season, params, seed)
        final = fit_chosen(train, best, framing, series.season, params, seed)
        rolls = (early.roll, early.reach), (final.roll, final.reach)
        tables.append(_label(_parts(series, bounds, *rolls, horizon), name, seed))
        models[seed] = final
    facts = {"says": framing.says, "tried": _describe(tried), "combined": len(best)}
    return Run(pd.concat(tables, ignore_index=True), facts, models, best)


def run_baseline(
    name: BaselineName, series: Series, bounds: Bounds, sarima: Sarima, horizon: int
) -> Run:
    """Fit a baseline before the validation part and before the test part, and forecast.

    Raises:
        DataError: the series is too short.
    """
    check_length(series, bounds)
    ends = (bounds.first, bounds.train)
    fits = [fit_baseline(name, series.values[:end], series.season, sarima) for end in ends]
    rolls = [(one.roll, one.reach) for one in fits]
    table = _parts(series, bounds, rolls[0], rolls[1], horizon)
    facts = {"says": fits[1].says}
    return Run(_label(table, name, BASELINE_SEED).reset_index(drop=True), facts, {}, [])
