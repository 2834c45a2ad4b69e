"""Scores by hand: parts, RMSE, intervals that know only the past, coverage, the bootstrap."""

import numpy as np
import pandas as pd
import pytest

from sluice.errors import DataError
from sluice.forecasting.scores import (
    coverage_interval,
    make_bounds,
    make_intervals,
    ratio_interval,
    rmse_by,
    running_scales,
    tabulate,
)
from sluice.forecasting.series import Series
from sluice.forecasting.settings import Evaluation, Parts, Published
from sluice.forecasting.summary import summarise, tabulate_summary


def series(count: int = 20, gap: int | None = None) -> Series:
    filled = np.zeros(count, bool)
    if gap is not None:
        filled[gap] = True
    labels = tuple(str(one) for one in range(count))
    return Series(labels, np.arange(1.0, count + 1), filled, "Y", 1, 1)


def last(values, origins, horizon):
    return np.repeat(values[origins][:, np.newaxis], horizon, axis=1)


def test_the_split_is_the_seeds() -> None:
    bounds = make_bounds(144, Parts())
    assert (bounds.first, bounds.train, bounds.end) == (72, 96, 144)


def test_forecasts_are_tabulated_by_origin_and_gaps_are_not_scored() -> None:
    table = tabulate(series(gap=16), last, "test", 15, 20, 3)
    assert len(table) == 5 + 4 + 3
    assert table["horizon"].value_counts().to_dict() == {1: 5, 2: 4, 3: 3}
    assert set(table["origin"]) == {14, 15, 16, 17, 18}
    gone = table[table["time"] == "16"]
    assert gone["actual"].isna().all()
    assert len(gone) == 2
    rest = table[table["time"] != "16"]
    assert (rest["actual"] - rest["forecast"] == rest["horizon"]).all()
    assert rmse_by(table, "horizon").tolist() == [1, 2, 3]


def test_a_forecaster_is_not_shown_what_is_behind_the_part() -> None:
    def roll(values, origins, horizon):
        assert len(values) == 15
        return last(values, origins, horizon)

    assert len(tabulate(series(), roll, "validation", 12, 15, 1)) == 3


def errors_table() -> pd.DataFrame:
    """One step ahead of the times 5 to 9: errors 1, 2, 3, 4, 5."""
    origin = np.arange(4, 9)
    return pd.DataFrame(
        {"origin": origin, "horizon": 1, "actual": 10.0, "forecast": 10.0 - np.arange(1, 6)}
    )


def test_scales_know_what_had_happened_and_no_more() -> None:
    scales, counts = running_scales(errors_table(), log=False)
    assert counts.tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(scales[0])
    expected = [np.sqrt(np.mean(np.arange(1, n + 1) ** 2)) for n in range(1, 5)]
    assert np.allclose(scales[1:], expected)
    later = errors_table().assign(horizon=3)
    assert running_scales(later, log=False)[1].tolist() == [0, 0, 0, 1, 2]
    gap = errors_table()
    gap.loc[1, "actual"] = np.nan
    assert running_scales(gap, log=False)[1].tolist() == [0, 1, 1, 2, 3]


def test_intervals_cover_what_they_promise_where_errors_are_normal() -> None:
    generator = np.random.default_rng(0)
    actual = 100 * np.exp(generator.normal(0, 0.1, (400, 40)))
    hits = {0.8: [], 0.95: []}
    for values in actual:
        rows = pd.DataFrame(
            {"origin": np.arange(40), "horizon": 1, "actual": values, "forecast": 100.0}
        )
        scales, counts = running_scales(rows, log=True)
        for level, found in hits.items():
            low, high = make_intervals(rows["forecast"].to_numpy(), scales, counts, level, True).T
            found.append((low[8] <= values[8]) & (values[8] <= high[8]))
    assert abs(np.mean(hits[0.8]) - 0.8) < 0.05
    assert abs(np.mean(hits[0.95]) - 0.95) < 0.03


def test_coverage_interval_at_its_ends() -> None:
    assert coverage_interval(0, 10, 0.95).low == 0
    assert coverage_interval(10, 10, 0.95).high == 1
    low, high = coverage_interval(8, 10, 0.95)  # Clopper & Pearson by any table
    assert low == pytest.approx(0.4439, abs=1e-4)
    assert high == pytest.approx(0.9748, abs=1e-4)


def test_the_ratio_of_a_forecast_to_itself_is_one_and_pairs_are_kept() -> None:
    squares = np.random.default_rng(1).exponential(size=48)
    params = Evaluation(resamples=200)
    assert ratio_interval(squares, squares, 12, params) == (1, 1)
    assert np.allclose(ratio_interval(4 * squares, squares, 12, params), 2)
    low, high = ratio_interval(squares, squares[::-1], 12, params)
    assert low < 1 < high


def candidate(name: str, seed: int, offsets: dict[str, float]) -> pd.DataFrame:
    """Forecasts that miss each part by a constant."""
    ends = {"train": (2, 10), "validation": (7, 10), "test": (10, 20)}
    parts = [
        tabulate(series(), lambda v, o, h, by=by: v[o][:, None] + 1 + by + np.arange(h), part,
                 *ends[part], 1 if part == "train" else 2)
        for part, by in offsets.items()
    ]  # fmt: skip
    return pd.concat(parts).assign(candidate=name, seed=seed)


def forecasts() -> pd.DataFrame:
    return pd.concat(
        [
            candidate("sarima", -1, {"train": 0.2, "validation": 0.3, "test": 0.4}),
            candidate("naive", -1, {"train": 1, "validation": 0.1, "test": 1}),
            candidate("window", 0, {"train": 0.1, "validation": 0.2, "test": 0.8}),
            candidate("window", 1, {"train": 0.1, "validation": 0.2, "test": 1.0}),
            candidate("seasonal", 0, {"train": 0.1, "validation": 0.5, "test": 0.1}),
        ],
        ignore_index=True,
    )


def test_the_summary_by_hand() -> None:
    facts = {name: {"says": name} for name in ("sarima", "naive", "window", "seasonal")}
    printed = {"window": Published(train=1.0, test=2.0, skipped=3)}
    summary, bounded = summarise(forecasts(), facts, printed, 2, Evaluation(resamples=100))
    known = summary["candidates"]
    assert summary["reference"] == "sarima"
    assert summary["best"] == "window"  # by validation; seasonal is better on the test part
    assert known["window"]["test_rmse"] == pytest.approx(0.9)
    assert known["window"]["test_sd"] == pytest.approx(np.std([0.8, 1.0], ddof=1), abs=1e-6)
    assert known["window"]["published"]["ours_on_its_months"] == pytest.approx(0.9)
    assert known["naive"]["ratio"] == pytest.approx(2.5)
    assert known["naive"]["ratio_interval"] == pytest.approx([2.5, 2.5])
    assert known["seasonal"]["horizons"] == pytest.approx([0.1, 0.1])
    assert set(bounded["part"]) == {"test"}
    assert (bounded["low_80"] < bounded["high_80"]).all()
    assert (bounded["low_95"] < bounded["low_80"]).all()
    assert tabulate_summary(summary)["candidate"].tolist()[0] == "seasonal"


def test_forecasts_that_are_not_finite_and_runs_without_baselines_are_refused() -> None:
    broken = forecasts()
    broken.loc[len(broken) - 1, "forecast"] = np.nan
    with pytest.raises(DataError, match="forecasts of seasonal are not finite"):
        summarise(broken, {}, {}, 2, Evaluation())
    exact = forecasts()
    own = exact["candidate"] == "sarima"
    exact.loc[own, "forecast"] = exact.loc[own, "actual"]
    with pytest.raises(DataError, match="is the series constant"):
        summarise(exact, {"sarima": {"says": ""}}, {}, 2, Evaluation())
    table = forecasts()
    with pytest.raises(DataError, match="no baseline"):
        summarise(table[table["seed"] >= 0], {}, {}, 2, Evaluation())
