"""The bundled tweets as the first stages leave them, for benchmarks that need rows."""

import contextlib
import os
import sys
from pathlib import Path

import pandas as pd

from sluice.files import read_parquet
from sluice.stages.clean import clean
from sluice.stages.ingest import ingest

ROOT = Path(__file__).parents[1]


def make_rows(folder: Path) -> pd.DataFrame:
    """Rows with text, label and cleaned text; the stages' files are left in the folder."""
    os.chdir(ROOT)
    rows, cleaned = folder / "rows.parquet", folder / "cleaned.parquet"
    with contextlib.redirect_stdout(sys.stderr):
        ingest(rows, folder / "rejected.csv", folder / "provenance.json")
        clean(rows, cleaned)
    return read_parquet(cleaned)
