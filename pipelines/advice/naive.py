"""Naive: training rows in; the same, each joined by a copy with its words exchanged, out.

This is synonym replacement as it is commonly shown, made here to measure what it is worth: every
word that WordNet knows, whatever it means in its place. Only this pipeline uses it.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from sluice.command import run_stage
from sluice.files import read_parquet, staged, write_json, write_parquet
from sluice.params import read_section
from sluice.stages.augment import Augment
from sluice.text.resampling import check_classes
from sluice.text.synthesis import join_rows, operation_generator, original_rows, synthetic_rows
from sluice.text.wordnet import find_wordnet

OPERATION = "naive"


@cache
def first_names(word: str) -> tuple[str, ...]:
    """The first lemma of every sense of a word, phrases with spaces; () where it has no sense."""
    names = (sense.lemma_names()[0] for sense in find_wordnet().synsets(word))
    return tuple(name.replace("_", " ").lower() for name in names)


def exchange_words(text: str, generator: np.random.Generator) -> str:
    """Put the name of a random sense in the place of every word that has one."""
    words = []
    for word in text.split():
        names = first_names(word)
        words.append(names[int(generator.integers(len(names)))] if names else word)
    return " ".join(words)


def add_exchanged(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Give the rows, then an exchanged copy of each that some word of it changes in."""
    generator = operation_generator(seed, OPERATION)
    texts = [exchange_words(text, generator) for text in frame["cleaned"]]
    changed = np.flatnonzero(frame["cleaned"].to_numpy() != np.array(texts, dtype=object))
    children = synthetic_rows(frame, changed, OPERATION, [texts[place] for place in changed])
    return join_rows([original_rows(frame), children]).assign(weight=1.0)


def naive(train: Path, augmented: Path, metrics: Path, params: Path = Path("params.yaml")) -> None:
    """Add a copy of each row of TRAIN with every word exchanged that WordNet knows."""
    section = read_section(params, "augment", Augment)
    rows = read_parquet(train)
    check_classes(rows["label"])
    result = add_exchanged(rows, section.seed)
    counts = {"before": len(rows), "after": len(result), "synthetic": len(result) - len(rows)}
    with staged(augmented, metrics) as parts:
        write_parquet(result, parts[0])
        write_json({"rows": counts}, parts[1])


if __name__ == "__main__":
    run_stage(naive)
