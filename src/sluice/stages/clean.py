"""Clean: rows with texts as they came in, the same rows with a column `cleaned` out.

It works on batches of rows, here or on a Dask cluster (`SLUICE_DASK`), so that memory does not grow
with their number, and stops before any row is dropped, joined or parted: the original text stays.
"""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from pydantic import Field

from sluice.command import run_stage
from sluice.errors import DataError
from sluice.files import open_parquet, staged, write_batches
from sluice.params import Section, read_section
from sluice.partitions import ADDRESS, map_parts
from sluice.text.cleaning import Steps, clean_texts
from sluice.text.marks import EMPTY


class Clean(Section):
    """Section `clean` of params.yaml."""

    steps: Steps = Field(default_factory=Steps)
    """The steps, in the order in which they run."""
    batch_rows: int = Field(default=50_000, ge=1)
    """Rows in memory at a time; the result does not hang on it."""


def clean_table(table: pa.Table, steps: Steps) -> pa.Table:
    """Add the column `cleaned` to a table with a column `text`; see `clean_texts`."""
    texts = pl.from_arrow(table.column("text").combine_chunks())
    cleaned = clean_texts(pl.Series("cleaned", texts, dtype=pl.String), steps)
    return table.append_column("cleaned", cleaned.to_arrow().cast(pa.large_string()))


def _clean_batches(source: pq.ParquetFile, section: Clean) -> Iterator[pa.Table]:
    batches = (pa.Table.from_batches([one]) for one in source.iter_batches(section.batch_rows))
    work = partial(clean_table, steps=section.steps)
    address = os.environ.get(ADDRESS)
    many = source.metadata.num_rows > section.batch_rows
    if address and many:
        return map_parts(work, batches, address, section.steps.normalise_words == "lemmatise")
    return map(work, batches)


def clean(rows: Path, cleaned: Path, params: Path = Path("params.yaml")) -> None:
    """Write every row of `rows` with its cleaned text beside it."""
    section = read_section(params, "clean", Clean)
    with open_parquet(rows) as source, staged(cleaned) as (part,):
        if "text" not in source.schema_arrow.names:
            raise DataError(f"{rows} has no column text: run ingest again (dvc repro)")
        empty = 0
        for table in write_batches(_clean_batches(source, section), part):
            empty += table.column("cleaned").to_pylist().count(EMPTY)
        count = source.metadata.num_rows
    note = f", {empty} of them empty after cleaning" if empty else ""
    typer.echo(f"{count} rows cleaned{note}")


if __name__ == "__main__":
    run_stage(clean)
