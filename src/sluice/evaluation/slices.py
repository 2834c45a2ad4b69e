"""Which parts of the test rows are looked at: by declared columns, length, traits, confidence.

In: the test rows and the traits of their texts. Out: named slices. How a candidate scores on them
is in `sluice.evaluation.slice_scores`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from sluice.errors import ParamsError
from sluice.params import Section

Booleans = npt.NDArray[np.bool_]
MAX_VALUES = 50
"""Values of a column that are looked at, those with the most rows first."""


class SliceParams(Section):
    """Which parts of the test rows are scored."""

    columns: tuple[str, ...] = ()
    """Columns of the test rows to slice by, beside those of `ingest.slices`."""
    min_rows: int = Field(default=50, ge=2)
    """A slice with fewer test rows is listed as too small and not scored."""
    length_bins: int = Field(default=4, ge=1, le=20)
    """Slices by length, each with about the same number of rows."""
    confidence_from: tuple[float, ...] = (0.6, 0.8, 1.0)
    """Where a slice by the annotators' confidence begins; the first one lies below them all."""


@dataclass(frozen=True)
class Slice:
    """Some of the test rows, and why they are looked at."""

    dimension: str
    value: str
    mask: Booleans


def _by_length(tokens: pd.Series, bins: int) -> Iterator[Slice]:
    """Bins of about as many rows each; equal lengths stay together, so there may be fewer."""
    cuts = np.quantile(tokens, np.linspace(0, 1, bins + 1)[1:-1], method="lower")
    edges = np.unique([int(tokens.min()) - 1, *cuts.astype(int), int(tokens.max())])
    for low, high in pairwise(edges):
        name = f"{low + 1} to {high} tokens" if high > low + 1 else f"{high} tokens"
        yield Slice("length", name, ((tokens > low) & (tokens <= high)).to_numpy())


def _by_confidence(values: pd.Series, starts: Sequence[float]) -> Iterator[Slice]:
    edges = [-np.inf, *sorted(starts), np.inf]
    for low, high in pairwise(edges):
        name = f"below {high:g}" if np.isinf(low) else f"{low:g} to below {high:g}"
        name = f"{low:g} and above" if np.isinf(high) else name
        yield Slice("confidence", name, ((values >= low) & (values < high)).to_numpy())
    if values.isna().any():
        yield Slice("confidence", "not stated", values.isna().to_numpy())


def _by_column(rows: pd.DataFrame, column: str) -> Iterator[Slice]:
    values = rows[column].astype("string").fillna("not stated")
    counts = values.value_counts()
    order = sorted(counts.index, key=lambda value: (-counts[value], value))
    for value in order[:MAX_VALUES]:
        yield Slice(column, str(value), (values == value).to_numpy(dtype=bool))


def check_columns(rows: pd.DataFrame, columns: Sequence[str], key: str) -> None:
    """See that the columns are there.

    Raises:
        ParamsError: one is not; it names the key that asks for it.
    """
    for column in columns:
        if column not in rows:
            valid = ", ".join(map(str, rows.columns))
            raise ParamsError(f"{key}: the test rows have no column {column!r}; they have: {valid}")


def cut_slices(
    rows: pd.DataFrame, traits: pd.DataFrame, columns: Sequence[str], params: SliceParams
) -> list[Slice]:
    """Name the slices of the test rows: declared columns, length, traits of texts, confidence.

    Args:
        rows: the test rows; a column `confidence` may be empty or absent.
        traits: booleans by trait, and `tokens`; see `sluice.text.traits`.
        columns: names of columns of `rows`; see `check_columns`.
        params: bins.
    """
    found = [part for column in columns for part in _by_column(rows, column)]
    found += _by_length(traits["tokens"], params.length_bins)
    for name in traits.columns.drop("tokens"):
        mask = traits[name].to_numpy(dtype=bool)
        found += [Slice(name, f"with {name}", mask), Slice(name, f"without {name}", ~mask)]
    if "confidence" in rows and rows["confidence"].notna().any():
        found += _by_confidence(rows["confidence"], params.confidence_from)
    return [part for part in found if part.mask.any()]
