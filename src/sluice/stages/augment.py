"""Augment: training rows in; the same, resampled and joined by synthetic rows, with weights out.

Beside them the counts. It is given no validation or test rows, and so can touch none.
"""

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from sluice.command import run_stage
from sluice.errors import DataError
from sluice.files import read_parquet, staged, write_json, write_parquet
from sluice.params import Section, read_section, written_as
from sluice.partitions import ADDRESS, map_parts
from sluice.text.augmentation import EDITS, WITH_WORDNET, Operation, edit_rows
from sluice.text.resampling import Ints, Resampling, class_weights, resample
from sluice.text.synthesis import (
    ADDED,
    COPY,
    NO_CHILDREN,
    Spread,
    join_rows,
    make_children,
    operation_generator,
    original_rows,
    synthetic_rows,
)
from sluice.text.translation import Folders, back_translate

_NEEDED = ("id", "text", "label", "cleaned", "cluster")
Share = Annotated[float, Field(ge=0, le=4)]
Language = Annotated[str, written_as("[A-Za-z_]{2,12}", "a code of 2 to 12 letters, such as fr")]


class Operations(Section):
    """Children that each operation makes, as a share of the rows that resampling leaves."""

    synonyms: Share = 0.0
    """Exchange words for WordNet synonyms; never negations or words that carry sentiment."""
    swap: Share = 0.0
    """Exchange the places of two words on the same side of every negation."""
    delete: Share = 0.0
    """Leave out words that carry no sentiment."""
    insert: Share = 0.0
    """Put in synonyms of words of the row."""
    back_translate: Share = 0.0
    """Translate to `language` and back with the models of `translation`."""


class Augment(Section):
    """Section `augment` of params.yaml."""

    resampling: Resampling = "class_weights"
    """How classes are balanced: none, over, under, combined (to the mean size), class_weights."""
    operations: Operations = Operations()
    """Which synthetic rows are made, and how many."""
    share_of_tokens: float = Field(default=0.1, gt=0, le=1)
    """Share of a row's tokens that an operation changes, one token at least."""
    language: Language | None = None
    """Language through which back_translate goes, as the models name it, such as `fr`."""
    translation: Folders | None = None
    """Folders of the two Marian models of back_translate."""
    seed: int = Field(default=0, ge=0)
    """Seed of every random choice."""

    @model_validator(mode="after")
    def _translation_is_whole(self) -> "Augment":
        on = self.operations.back_translate > 0
        for name in ("language", "translation"):
            given = getattr(self, name) is not None
            if on and not given:
                raise ValueError(f"operations.back_translate is above 0 and {name} is null")
            if given and not on:
                raise ValueError(f"{name} is given and operations.back_translate is 0")
        return self


class Augmented(NamedTuple):
    """What the stage makes of a table."""

    rows: pd.DataFrame
    """Originals that resampling kept, its copies, then the children of each operation."""
    metrics: dict[str, Any]
    """Counts of rows, labels and children; weights of the classes."""


def _read_train(path: Path) -> pd.DataFrame:
    frame = read_parquet(path)
    absent = [name for name in _NEEDED if name not in frame]
    if absent:
        raise DataError(f"{path} has no column {', '.join(absent)}: run dvc repro")
    taken = [name for name in ADDED if name in frame]
    if taken:
        raise DataError(
            f"{path} has a column {', '.join(taken)} already, which augment adds: give the slice "
            "another name in ingest.slices"
        )
    if frame.empty:
        raise DataError(f"{path} has no rows: check the shares of section split in params.yaml")
    return frame


def _operation(name: str, section: Augment) -> Operation:
    if name == "back_translate" and section.translation and section.language:
        return back_translate(section.translation, section.language)
    return edit_rows(name, section.share_of_tokens)


def _place(name: str) -> Spread:
    """Where an operation edits its rows: on a Dask cluster if there is one, or here.

    Translations stay here: their last bits, and so their words, may differ between processors.
    """
    address = os.environ.get(ADDRESS)
    if not address or name not in EDITS:
        return map
    return partial(map_parts, address=address, wordnet=name in WITH_WORDNET)


def _synthetic_parts(
    frame: pd.DataFrame, positions: Ints, section: Augment
) -> dict[str, tuple[int, pd.DataFrame]]:
    """For each operation how many children were asked for, and those made."""
    parts = {}
    taken: set[str] = set()
    for name, share in section.operations.model_dump().items():
        asked = round(share * len(positions))
        children = NO_CHILDREN
        if asked:
            generator = operation_generator(section.seed, name)
            operation = _operation(name, section)
            spread = _place(name)
            children = make_children(frame, positions, asked, operation, generator, taken, spread)
            taken.update(children.cleaned)
        parts[name] = asked, synthetic_rows(frame, children.parents, name, children.cleaned)
    return parts


def _count_labels(frame: pd.DataFrame, names: list[str]) -> dict[str, int]:
    return {name: int((frame["label"] == name).sum()) for name in names}


def augment_rows(frame: pd.DataFrame, section: Augment) -> Augmented:
    """Resample rows, add synthetic ones and weigh all of them.

    Raises:
        DataError: one class only; ids that are not unique.
        ResourceError: an operation lacks WordNet or a translation model.
    """
    positions = resample(frame["label"], section.resampling, section.seed)
    kept = np.unique(positions)
    originals = original_rows(frame.iloc[kept])
    copies = synthetic_rows(frame, positions[len(kept) :], COPY)
    made = _synthetic_parts(frame, positions, section)
    rows = join_rows([originals, copies, *(part for _, part in made.values())])
    names = sorted(frame["label"].unique())
    balanced = section.resampling == "class_weights"
    weights = class_weights(rows["label"]) if balanced else dict.fromkeys(names, 1.0)
    before, after = _count_labels(frame, names), _count_labels(rows, names)
    metrics = {
        "resampling": section.resampling,
        "rows": {"before": len(frame), "after": len(rows), "synthetic": len(rows) - len(kept)},
        "label_counts": {"before": before, "after": after},
        "weights": weights,
        "operations": {
            name: {"asked": asked, "made": len(part)} for name, (asked, part) in made.items()
        },
    }
    return Augmented(rows.assign(weight=rows["label"].map(weights).astype("float64")), metrics)


def augment(
    train: Path, augmented: Path, metrics: Path, params: Path = Path("params.yaml")
) -> None:
    """Balance and augment the training rows of TRAIN."""
    section = read_section(params, "augment", Augment)
    result = augment_rows(_read_train(train), section)
    with staged(augmented, metrics) as parts:
        write_parquet(result.rows, parts[0])
        write_json(result.metrics, parts[1])


if __name__ == "__main__":
    run_stage(augment)
