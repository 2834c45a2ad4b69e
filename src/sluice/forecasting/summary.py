"""Sums the forecasts of all candidates up: one entry for each, ready for JSON, table and report.

In: the table of forecasts, what each candidate says of itself. Out: plain values. The best network
is the one with the least error on the validation part; the test part decides nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sluice.errors import DataError
from sluice.forecasting.scores import (
    BASELINE_SEED,
    coverage_interval,
    make_intervals,
    ratio_interval,
    rmse_by,
    running_scales,
    spread,
)
from sluice.forecasting.series import Floats
from sluice.forecasting.settings import Evaluation, Published

REFERENCE = "sarima"
_DIGITS = 6


def _round(values: Any) -> list[float]:
    return [round(float(one), _DIGITS) for one in values]


def _one_step(table: pd.DataFrame, part: str) -> pd.DataFrame:
    return table[(table["part"] == part) & (table["horizon"] == 1)]


def _is_log(table: pd.DataFrame) -> bool:
    """Whether errors can be taken of logarithms: all is positive."""
    return bool((table[["actual", "forecast"]].min() > 0).all())


def add_intervals(table: pd.DataFrame, levels: tuple[float, ...]) -> pd.DataFrame:
    """Put intervals round the test forecasts of one candidate; each seed has its own.

    Returns:
        the test rows with columns `low_<percent>` and `high_<percent>` for each level.
    """
    later = table[table["part"] != "train"]
    log = _is_log(later)
    parts = []
    for _, own in later.groupby("seed"):
        rows = own.reset_index(drop=True)
        scales, counts = running_scales(rows, log)
        forecasts = rows["forecast"].to_numpy(np.float64)
        for level in levels:
            low, high = make_intervals(forecasts, scales, counts, level, log).T
            rows = rows.assign(**{f"low_{100 * level:g}": low, f"high_{100 * level:g}": high})
        parts.append(rows[rows["part"] == "test"])
    return pd.concat(parts, ignore_index=True)


def _coverage(bounded: pd.DataFrame, level: float, confidence: float) -> dict[str, Any]:
    """Share of test values inside, over all horizons and at each."""
    known = bounded.dropna(subset="actual")
    low, high = known[f"low_{100 * level:g}"], known[f"high_{100 * level:g}"]
    inside = (low <= known["actual"]) & (known["actual"] <= high)
    by_horizon = inside.groupby(known["horizon"]).mean()
    targets = int(known.loc[known["horizon"] == 1, "time"].nunique())
    bounds = coverage_interval(float(by_horizon.iloc[0]) * targets, targets, confidence)
    return {
        "share": round(float(inside.mean()), _DIGITS),
        "one_step": round(float(by_horizon.iloc[0]), _DIGITS),
        "one_step_interval": _round(bounds),
        "by_horizon": _round(by_horizon),
    }


def _squares(table: pd.DataFrame) -> "pd.Series[float]":
    """Squared test errors one step ahead by time, mean over seeds."""
    rows = _one_step(table, "test").dropna(subset="actual")
    return ((rows["forecast"] - rows["actual"]) ** 2).groupby(rows["time"]).mean()


def _beside(table: pd.DataFrame, published: Published) -> dict[str, float]:
    """RMSE on the months that the published figure is of, mean over seeds."""
    rows = _one_step(table, "test")
    first, last = rows["origin"].min() + published.skipped, rows["origin"].max() - 1
    kept = rows[rows["origin"].between(first, last)]
    ours = float(rmse_by(kept, "seed").mean())
    return {
        "train": published.train, "test": published.test, "ours_on_its_months": round(ours, _DIGITS)
    }  # fmt: skip


def _entry(table: pd.DataFrame, bounded: pd.DataFrame, params: Evaluation) -> dict[str, Any]:
    """What is measured of one candidate."""
    by_seed = {part: rmse_by(_one_step(table, part), "seed") for part in ("train", "validation")}
    by_seed["test"] = rmse_by(_one_step(table, "test"), "seed")
    test = table[table["part"] == "test"]
    horizons = rmse_by(test, "seed", "horizon").groupby(level="horizon").mean()
    return {
        **{f"{part}_rmse": round(float(one.mean()), _DIGITS) for part, one in by_seed.items()},
        "test_sd": round(spread(np.asarray(by_seed["test"], dtype=np.float64)), _DIGITS),
        "test_by_seed": _round(by_seed["test"]),
        "horizons": _round(horizons),
        "coverage": {
            f"{100 * level:g}": _coverage(bounded, level, params.confidence)
            for level in params.levels
        },
    }


def _ratio(
    squares: Floats, others: Floats, season: int, params: Evaluation, reference: str
) -> dict[str, Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.sqrt(squares.mean() / others.mean())
        bounds = ratio_interval(squares, others, season, params)
    if not np.isfinite([value, *bounds]).all():
        raise DataError(
            f"{reference} forecasts (nearly) all of the test part without error, so that nothing "
            "can be compared with it: is the series constant? Leave it out of baseline.names"
        )
    return {"ratio": round(float(value), _DIGITS), "ratio_interval": _round(bounds)}


def _choose_reference(table: pd.DataFrame) -> str:
    baselines = table[table["seed"] == BASELINE_SEED]
    if baselines.empty:
        raise DataError("no baseline: name at least one in baseline.names")
    if (baselines["candidate"] == REFERENCE).any():
        return REFERENCE
    return str(rmse_by(_one_step(baselines, "validation"), "candidate").idxmin())


def summarise(
    table: pd.DataFrame,
    facts: Mapping[str, dict[str, Any]],
    published: Mapping[str, Published],
    season: int,
    params: Evaluation,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Score all candidates.

    Args:
        table: forecasts; see `sluice.forecasting.scores`.
        facts: what each candidate says of itself.
        published: figures printed elsewhere, by candidate.
        season: steps in a season: the bootstrap's block.
        params: section `evaluate`.

    Returns:
        the summary, and the test forecasts with their intervals.

    Raises:
        DataError: there is no baseline, or a forecast is not finite.
    """
    if not np.isfinite(table["forecast"]).all():
        bad = table.loc[~np.isfinite(table["forecast"]), "candidate"].unique()
        raise DataError(f"forecasts of {', '.join(bad)} are not finite: lower train.learning_rate")
    tables = {str(name): own for name, own in table.groupby("candidate", sort=False)}
    bounded = {name: add_intervals(own, params.levels) for name, own in tables.items()}
    reference = _choose_reference(table)
    base = _squares(tables[reference])
    found: dict[str, Any] = {}
    for name, own in tables.items():
        squares = np.asarray(_squares(own).reindex(base.index), dtype=np.float64)
        others = np.asarray(base, dtype=np.float64)
        found[name] = _entry(own, bounded[name], params) | {
            "kind": "baseline" if own["seed"].iloc[0] == BASELINE_SEED else "network",
            "says": facts[name]["says"],
            **_ratio(squares, others, season, params, reference),
            "published": _beside(own, published[name]) if name in published else None,
        }
    networks = {name: one for name, one in found.items() if one["kind"] == "network"}
    best = min(networks, key=lambda name: networks[name]["validation_rmse"]) if networks else None
    summary = {"best": best, "reference": reference, "season": season, "candidates": found}
    return summary, pd.concat(bounded.values(), ignore_index=True)


def tabulate_summary(summary: Mapping[str, Any]) -> pd.DataFrame:
    """Give one row for each candidate, the least test error first."""
    rows = []
    for name, one in summary["candidates"].items():
        published = one["published"] or {}
        row = {key: one[key] for key in ("kind", "train_rmse", "validation_rmse", "test_rmse")}
        row |= {"test_sd": one["test_sd"], "ratio": one["ratio"]}
        row |= dict(zip(("ratio_low", "ratio_high"), one["ratio_interval"], strict=True))
        row |= {f"published_{part}": published.get(part) for part in ("train", "test")}
        row["ours_on_its_months"] = published.get("ours_on_its_months")
        rows.append({"candidate": name} | row)
    return pd.DataFrame(rows).sort_values("test_rmse", ignore_index=True)
