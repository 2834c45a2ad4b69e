"""Parts of a split as a variant takes them.

In: files of cleaned texts with labels. Out: rows of tokens and n-grams; of the training part also
the reader that is learnt from it, and what a teacher makes of its texts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sluice.data.batches import LabelledRows
from sluice.data.labels import read_labels
from sluice.files import TextColumn
from sluice.teaching.lessons import Lessons
from sluice.teaching.reading import read_texts
from sluice.teaching.tuning import Exam
from sluice.text.reader import Reader, fit_and_read
from sluice.tokens import UNLABELLED, TaughtRows
from sluice.variants import Settings

_TEXTS = "cleaned"


class Part(NamedTuple):
    """A part of a split, read once: its ids and labels, and what a network takes of it."""

    table: pd.DataFrame
    rows: LabelledRows


class TrainingPart(NamedTuple):
    """The training part, and what was learnt from it before the network."""

    reader: Reader
    rows: LabelledRows
    """The training rows, and behind them those that are there for what the teacher tells."""
    lessons: Lessons | None
    """What the teacher made of their texts; None where nobody teaches."""


def read_rows(path: Path, reader: Reader, names: list[str], scratch: Path) -> Part:
    """Read a part that is judged on.

    Args:
        path: the part.
        reader: of the training rows.
        names: of the labels.
        scratch: folder for what does not fit into memory.

    Raises:
        DataError: the part lacks a column, or has a label that is no name.
    """
    frame, labels = read_labels(path, ["id", "label"], names)
    tokens, ngrams = reader.read_chunks(TextColumn(path, _TEXTS), scratch)
    return Part(frame, LabelledRows(tokens, labels, np.ones(len(frame), np.float32), ngrams))


def fit_rows(
    path: Path, settings: Settings, names: list[str], scratch: Path, teachers: Path
) -> TrainingPart:
    """Learn a reader from the training rows, read them, and have the teacher read them.

    Args:
        path: the part.
        settings: of the variant.
        names: of the labels.
        scratch: folder for what does not fit into memory.
        teachers: folder for what teachers made of texts.

    Raises:
        DataError: the part lacks a column, or has a label that is no name.
        ResourceError: the teacher is not installed.
    """
    texts = TextColumn(path, _TEXTS)
    weighed = settings.optimisation.row_weights and "weight" in texts.columns
    frame, labels = read_labels(path, ["label", "weight"] if weighed else ["label"], names)
    weights = frame["weight"].to_numpy(np.float32) if weighed else np.ones(len(frame), np.float32)
    lessons = None
    if settings.teacher is not None:
        exam = Exam(labels, weights, len(names))
        lessons = read_texts(settings.teacher, texts, exam, teachers)
    taught: TaughtRows | None = None
    beside: Sequence[str] = ()
    if settings.distillation is not None and lessons is not None:
        taught, beside = lessons.texts, lessons.noised
        labels = np.pad(labels, (0, len(beside)), constant_values=UNLABELLED)
        weights = np.pad(weights, (0, len(beside)), constant_values=1)
    reader, (tokens, ngrams) = fit_and_read(
        texts, settings.tokens, settings.ngrams, scratch, beside
    )
    return TrainingPart(reader, LabelledRows(tokens, labels, weights, ngrams, taught), lessons)
