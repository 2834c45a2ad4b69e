"""A series in time from a table of texts: frequency inferred, gaps found, errors with their rows.

In: two columns of strings. Out: values on a regular grid of times, or one `DataError`. What is
forecast from them is decided elsewhere.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sluice.errors import DataError

Floats = npt.NDArray[np.float64]

SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 52, "B": 5, "D": 7, "h": 24, "min": 1440}
"""Units of time from the coarsest to the finest, and the units in a season of each."""
LARGEST = 1e100
"""Largest size of a value: squares of larger ones are infinite."""
_WEEKEND = 5
_SHOWN = 5
_SPARSE = 3
"""A grid with this many times for each row is none."""


@dataclass(frozen=True)
class Series:
    """Values at regular times."""

    labels: tuple[str, ...]
    """Times as texts, without a gap, (n,)."""
    values: Floats
    """Finite values, (n,)."""
    filled: npt.NDArray[np.bool_]
    """Where the last value was carried over a gap, (n,)."""
    unit: str
    """Unit of time: a key of `SEASONS`."""
    step: int
    """Units between two times."""
    season: int
    """Steps in a season; 1 where there is none."""

    @property
    def positive(self) -> bool:
        """Whether logarithms can be taken."""
        return bool((self.values > 0).all())


def _row(mask: npt.ArrayLike) -> int:
    """Number of the first row that the mask holds, as a person counts beneath the header."""
    return int(np.argmax(np.asarray(mask))) + 1


def _parse_times(texts: "pd.Series[str]", where: str) -> "pd.Series[pd.Timestamp]":
    times = pd.to_datetime(texts, errors="coerce", format="ISO8601")
    if times.isna().all():  # other forms than ISO's: one form for all rows, guessed from the first
        times = pd.to_datetime(texts, errors="coerce")
    if times.isna().any():
        row = _row(times.isna())
        raise DataError(
            f"{where}: row {row}: {texts.iloc[row - 1][:40]!r} is not a time: "
            "write all times in one form, such as 1949-01-31"
        )
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    if times.duplicated().any():
        row = _row(times.duplicated())
        raise DataError(f"{where}: row {row}: the time {texts.iloc[row - 1]} stands there twice")
    return times


def _parse_values(texts: "pd.Series[str]", where: str) -> "pd.Series[float]":
    """Numbers; an empty cell is a gap and stays empty."""
    values = pd.to_numeric(texts, errors="coerce").astype("float64")
    bad = ~(values.abs() <= LARGEST).to_numpy() & (texts.str.strip() != "")
    if bad.any():
        row = _row(bad)
        raise DataError(
            f"{where}: row {row}: {texts.iloc[row - 1][:40]!r} is not a finite number (of at "
            f"most {LARGEST:g}): mend it, or leave the cell empty where nothing was measured"
        )
    return values


def infer_periods(times: "pd.Series[pd.Timestamp]") -> tuple[pd.PeriodIndex, str, int]:
    """Find the coarsest unit in which no two times fall together, and the usual steps between.

    Returns:
        the periods of the times, the unit (a key of `SEASONS`), and the steps, at least 1.

    Raises:
        DataError: times come closer than a minute.
    """
    stamps = pd.DatetimeIndex(times)
    for unit in SEASONS:
        if unit == "B" and (stamps.day_of_week >= _WEEKEND).any():
            continue
        if unit == "B" and stamps.normalize().nunique() < len(stamps):
            continue
        # pandas has no business periods any more: days, and weekends are taken out of the grid.
        periods = stamps.to_period("D" if unit == "B" else unit)
        if periods.is_unique:
            steps = np.diff(np.sort(periods.asi8))
            found, counts = np.unique(steps, return_counts=True)
            return periods, unit, 1 if unit == "B" else int(found[counts.argmax()])
    raise DataError("two times lie within one minute: add the values of a minute up first")


def _grid(periods: pd.PeriodIndex, unit: str, step: int, where: str) -> pd.PeriodIndex:
    """All times from the first to the last."""
    first, last = periods.asi8.min(), periods.asi8.max()
    if (last - first) // step >= _SPARSE * len(periods):
        raise DataError(
            f"{where}: {len(periods)} times lie on a grid of {(last - first) // step + 1:,} (every "
            f"{step} {unit} from {periods.min()}): times must be regular, with few gaps"
        )
    whole = pd.period_range(periods.min(), periods.max(), freq=periods.freq)
    whole = pd.PeriodIndex(whole[::step])
    if unit == "B":
        whole = pd.PeriodIndex(whole[whole.day_of_week < _WEEKEND])
    odd = periods[~periods.isin(whole)]
    if len(odd):
        raise DataError(
            f"{where}: {odd[0]} does not lie on the grid of {step} {unit} from {periods.min()}: "
            "times must be regular"
        )
    return whole


def _fill(values: "pd.Series[float]", where: str, carry: bool) -> "pd.Series[float]":
    missing = values.index[values.isna()]
    if not len(missing):
        return values
    named = ", ".join(str(time) for time in missing[:_SHOWN])
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    if not carry:
        raise DataError(
            f"{where}: {len(missing)} of {len(values)} times have no value: {named}{more}; add "
            "them, or let the last value be carried (series.gaps: carry, --carry)"
        )
    return values.ffill()  # the past only: nothing of the test part reaches back


def make_series(table: pd.DataFrame, where: str, season: int | None, carry: bool) -> Series:
    """Put a table of texts on a regular grid of times; rows may come in any order.

    Args:
        table: string columns `time` and `value`.
        where: what errors call the table.
        season: steps in a season; None takes the frequency's.
        carry: carry the last value over gaps instead of refusing them.

    Raises:
        DataError: fewer than two rows, a time or value that is none, a time that stands twice or
            off the grid, or a gap that is not to be carried over.
    """
    if len(table) < 2:
        raise DataError(f"{where}: {len(table)} row(s): a series needs at least two")
    periods, unit, step = infer_periods(_parse_times(table["time"], where))
    numbers = _parse_values(table["value"], where).set_axis(periods)
    grid = _grid(periods, unit, step, where)
    if np.isnan(numbers.reindex(grid).iloc[0]):
        raise DataError(f"{where}: the first time, {grid[0]}, has no value")
    values = numbers.reindex(grid)
    full = np.asarray(_fill(values, where, carry), dtype=np.float64)
    steps = season if season is not None else max(1, SEASONS[unit] // step)
    labels = tuple(str(time) for time in grid)
    return Series(labels, full, values.isna().to_numpy(), unit, step, steps)


def next_labels(series: Series, count: int) -> list[str]:
    """Name the times that come after a series."""
    time = pd.Period(series.labels[-1], freq="D" if series.unit == "B" else series.unit)
    found: list[str] = []
    while len(found) < count:
        time = time + series.step
        if series.unit != "B" or time.day_of_week < _WEEKEND:
            found.append(str(time))
    return found
