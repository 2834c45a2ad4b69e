"""Reads the rows of a leak lab: any CSV with a column of texts and one of labels.

In: a path or `bundled`, and which columns. Out: texts, labels, clusters of near duplicates, and
notes on what was left out. How rows are parted is in `sluice.lab.arms`.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from sluice.data.delimited import read_columns
from sluice.data.duplicates import Duplicates, find_duplicates
from sluice.data.encodings import check_encoding
from sluice.data.schema import Columns, check_rows, to_schema
from sluice.data.sources import Source, find_bundled, find_csv
from sluice.data.splitting import check_enough
from sluice.data.verdict import check_shares
from sluice.errors import ParamsError, SluiceError
from sluice.params import parse_section, read_yaml
from sluice.text.cleaning import Steps, clean_list

Integers = npt.NDArray[np.int64]

BUNDLED = "bundled"
MIN_GROUPS = 10
"""Groups of duplicates that a label needs: fewer cannot be trained, chosen and tested on."""
_MAX_CHARACTERS = 5000
_MAX_REJECTED = 0.01
# What readers advise to set in params.yaml is an option here.
_OPTIONS = {
    "ingest.columns": "--text and --label",
    "ingest.delimiter to": "--delimiter to",
    "ingest.encoding to": "--encoding to",
    "ingest.encoding": "--encoding",
    "ingest.path": "the path",
    "ingest.max_rejected": "leak-lab",
    "ingest.label_map": "the preset's label_map",
    "ingest.labels": "the preset's labels",
}


class Preset(BaseModel):
    """What is read of a preset of `ingest`."""

    columns: Columns = Columns()
    labels: tuple[str, ...] = ()
    label_map: dict[str, str] = {}


@dataclass(frozen=True)
class Request:
    """Which rows are wanted; a name that is null is the preset's or the default."""

    path: str
    text: str | None = None
    label: str | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    preset: Path | None = None
    rows: int | None = None


@dataclass(frozen=True)
class LabRows:
    """Rows with what is known of them; arrays are (rows,)."""

    name: str
    texts: list[str]
    """Cleaned: tokens parted by single spaces."""
    originals: list[str]
    labels: Integers
    label_names: tuple[str, ...]
    clusters: Integers
    notes: tuple[str, ...] = field(default=())


def _find(request: Request, preset: Preset) -> Source:
    named = {"text": request.text, "label": request.label}
    given = {name: column for name, column in named.items() if column}
    if request.path == BUNDLED:
        if given:
            raise ParamsError("the bundled tweets have their columns: leave out --text and --label")
        return find_bundled()
    if len(request.delimiter) != 1 or request.delimiter in '"\r\n':
        raise ParamsError("--delimiter: one character, not a quote or a line break")
    columns = Columns(
        text=given.get("text", preset.columns.text), label=given.get("label", preset.columns.label)
    )
    try:
        encoding = check_encoding(request.encoding)
    except ValueError as error:
        raise ParamsError(f"--encoding: {error}") from error
    return find_csv(Path(request.path), request.delimiter, encoding, columns)


def _read_table(request: Request) -> tuple[Source, pd.DataFrame, list[str]]:
    """The rows that keep the contract, and notes on the others."""
    content = read_yaml(request.preset) if request.preset else {}
    preset = parse_section(content, Preset, str(request.preset))
    source = _find(request, preset)
    columns = {"text": source.columns.text, "label": source.columns.label}
    table = read_columns(
        source.path, source.delimiter, source.encoding, columns, _MAX_CHARACTERS + 1
    )
    frame = to_schema(table, preset.label_map)
    labels = preset.labels or tuple(sorted(set(frame["label"]) - {""}))
    kept, rejected = check_rows(frame, labels, _MAX_CHARACTERS)
    check_shares(str(source.path), kept, rejected, labels, _MAX_REJECTED)
    notes = [f"{len(rejected)} rows break the contract of ingest"] if len(rejected) else []
    return source, kept, notes


def _drop_rare(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Leave out labels with fewer than `MIN_GROUPS` groups of duplicates."""
    groups = frame.groupby("label")["cluster"].nunique()
    rare = groups.index[groups < MIN_GROUPS]
    kept = frame[~frame["label"].isin(rare)]
    if len(rare):
        notes.append(
            f"{len(frame) - len(kept)} rows of {len(rare)} labels with fewer than {MIN_GROUPS} "
            "different texts are left out"
        )
    return kept if len(kept) else frame


def _take_sample(frame: pd.DataFrame, rows: int | None, notes: list[str]) -> pd.DataFrame:
    if rows is None or rows >= len(frame):
        return frame
    notes.append(f"{rows} of {len(frame)} rows, drawn at random: fewer duplicates find each other")
    chosen = np.random.default_rng(0).permutation(len(frame))[:rows]
    return frame.iloc[np.sort(chosen)]


def prepare_rows(frame: pd.DataFrame, name: str, notes: list[str]) -> LabRows:
    """Group and clean rows with the columns `text` and `label`.

    Raises:
        DataError: fewer than two labels have enough different texts.
    """
    grouped = frame.assign(cluster=find_duplicates(frame["text"], Duplicates()).cluster)
    kept = _drop_rare(grouped, notes).reset_index(drop=True)
    clusters = pd.factorize(kept["cluster"])[0].astype(np.int64)
    check_enough(kept["label"], clusters, MIN_GROUPS)
    codes, names = pd.factorize(kept["label"], sort=True)
    originals = kept["text"].to_list()
    cleaned = clean_list(originals, Steps())
    labels = codes.astype(np.int64)
    return LabRows(name, cleaned, originals, labels, tuple(names), clusters, tuple(notes))


def read_rows(request: Request) -> LabRows:
    """Read what is asked for.

    Raises:
        SluiceError: as `ingest`, with the options of the command line in the advice.
    """
    try:
        source, table, notes = _read_table(request)
        sample = _take_sample(table, request.rows, notes)
        return prepare_rows(sample[["text", "label"]], source.path.name, notes)
    except SluiceError as error:
        message = str(error)
        for key, option in _OPTIONS.items():
            message = message.replace(key, option)
        raise type(error)(message) from error
