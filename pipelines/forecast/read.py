"""Read: a CSV with times and values in, a regular series and what is known of it out.

Gaps are refused or carried over, as section `series` says. Nothing is parted or scaled here.
"""

from pathlib import Path

from sluice.command import run_stage
from sluice.files import staged
from sluice.forecasting.settings import Reading
from sluice.forecasting.tables import read_source, write_series
from sluice.params import read_settings


def read(source: Path, rows: Path, facts: Path, params: Path = Path("params.yaml")) -> None:
    """Read the series of SOURCE."""
    series = read_source(read_settings(params, "series", Reading), source)
    with staged(rows, facts) as parts:
        write_series(series, *parts)


if __name__ == "__main__":
    run_stage(read)
