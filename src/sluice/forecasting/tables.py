"""Reads the CSV of a series, and writes and reads the series that was made of it.

In: paths. Out: tables and a `Series`, or one error line. What cells mean is decided in
`sluice.forecasting.series`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from sluice.errors import SourceError
from sluice.files import read_json, read_parquet, write_json, write_parquet
from sluice.forecasting.series import Series, make_series
from sluice.forecasting.settings import Reading


def read_table(path: Path, time: str | None, value: str | None) -> pd.DataFrame:
    """Read two columns of a CSV as texts, named `time` and `value`.

    Args:
        path: the file.
        time: name of the column of times; None takes the first column.
        value: name of the column of values; None takes the second.

    Raises:
        SourceError: the file is missing, empty, no CSV in UTF-8, or lacks a column.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise SourceError(f"{path} is not there or is no file: check the path") from error
    except pd.errors.EmptyDataError as error:
        raise SourceError(f"{path} is empty: it must have a header and rows") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SourceError(f"{path} is no CSV in UTF-8 ({reason})") from error
    table = table.rename(columns=lambda name: str(name).strip())
    names = [*table.columns, "", ""]
    time, value = time or names[0], value or names[1]
    for key, name in (("time", time), ("value", value)):
        if list(table.columns).count(name) != 1:
            there = ", ".join(repr(str(one))[:40] for one in table.columns[:8])
            raise SourceError(
                f"{path}: no single column {name!r} for the {key}; the file has {there}"
            )
    return pd.DataFrame({"time": table[time].str.strip(), "value": table[value].str.strip()})


def read_source(reading: Reading, path: Path) -> Series:
    """Read the series that section `series` names.

    Raises:
        SluiceError: the file or what it holds is not usable.
    """
    table = read_table(path, reading.time, reading.value)
    return make_series(table, str(path), reading.season, reading.gaps == "carry")


def write_series(series: Series, rows: Path, facts: Path) -> None:
    """Write a series as Parquet, and what is known of it as JSON."""
    columns = {"time": series.labels, "value": series.values, "filled": series.filled}
    write_parquet(pd.DataFrame(columns), rows)
    known = {"season": series.season, "step": series.step, "unit": series.unit}
    gaps = [series.labels[int(one)] for one in np.flatnonzero(series.filled)]
    first, last = series.labels[0], series.labels[-1]
    total = {"sum": float(series.values.sum()), "values": len(series.values)}
    write_json(known | total | {"first": first, "last": last, "gaps": gaps}, facts)


def load_series(rows: Path, facts: Path) -> Series:
    """Read what `write_series` wrote.

    Raises:
        SourceError: a file is missing or of another form.
    """
    table, known = read_parquet(rows, ["time", "value", "filled"]), read_json(facts)
    return Series(
        tuple(table["time"]),
        table["value"].to_numpy(np.float64),
        table["filled"].to_numpy(np.bool_),
        known["unit"],
        known["step"],
        known["season"],
    )
