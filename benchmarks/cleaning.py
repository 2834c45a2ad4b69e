"""Cleaning against the tutorial's way, and its memory at 1.6 million rows; prints one JSON object.

The tutorial's way is `DataFrame.apply` with NLTK's `word_tokenize` and `WordNetLemmatizer`. Both
sides split into words and lemmatise the bundled tweets, in one process, by turns; medians of
repeats. The default steps, which do not lemmatise, stand beside them. The tutorial's side is
given every advantage: sentences are not parted first, and WordNet is loaded beforehand.

Memory is the peak of a process of its own that runs the stage on 1.6 million rows.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nltk.corpus
import numpy as np
import pandas as pd
import polars as pl
from nltk.stem import WordNetLemmatizer
from nltk.tokenize import word_tokenize
from tweets import make_rows
from watched import watch

from sluice.files import write_parquet
from sluice.text import words
from sluice.text.cleaning import Steps, clean_texts
from sluice.text.wordnet import find_wordnet

ROOT = Path(__file__).parents[1]
REPEATS = 5
TUTORIAL_ROWS = 3_000
MANY = 1_600_000


def rate(rows: int, work: Callable[[], object]) -> float:
    """Rows per second of one run."""
    started = time.perf_counter()
    work()
    return rows / (time.perf_counter() - started)


def compare(texts: pd.Series) -> dict[str, float]:
    """Rows per second of the tutorial's way and of ours, by turns."""
    # NLTK's lemmatiser looks its corpus up by this name; ours comes from the same files.
    nltk.corpus.wordnet = find_wordnet()
    lemmatiser = WordNetLemmatizer()
    table, column = texts.head(TUTORIAL_ROWS).to_frame("text"), pl.Series(texts.to_list())
    lemmas = Steps(normalise_words="lemmatise")

    def tutorial(row: pd.Series) -> str:
        tokens = word_tokenize(row["text"].lower(), preserve_line=True)
        return " ".join(lemmatiser.lemmatize(token) for token in tokens)

    def cold() -> None:
        words.lemmatise.cache_clear()
        clean_texts(column, lemmas)

    table.head(50).apply(tutorial, axis=1)
    clean_texts(column.head(50), lemmas)
    found: dict[str, list[float]] = {"tutorial": [], "lemmas": [], "lemmas_cold": [], "default": []}
    for _ in range(REPEATS):
        found["tutorial"].append(rate(len(table), lambda: table.apply(tutorial, axis=1)))
        found["lemmas_cold"].append(rate(len(column), cold))
        found["lemmas"].append(rate(len(column), lambda: clean_texts(column, lemmas)))
        found["default"].append(rate(len(column), lambda: clean_texts(column, Steps())))
    return {name: statistics.median(rates) for name, rates in found.items()}


def peak_memory(rows: pd.DataFrame, folder: Path) -> tuple[float, float]:
    """GiB at most, and seconds, of the stage on 1.6 million rows, all of them different."""
    repeats = -(-MANY // len(rows))
    many = pd.concat([rows] * repeats, ignore_index=True).head(MANY)
    many["text"] = many["text"] + " " + pd.Series(np.arange(MANY)).astype(str)
    many["id"] = pd.Series(np.arange(MANY)).astype(str)
    write_parquet(many, folder / "many.parquet")
    found = watch("sluice.stages.clean", folder / "many.parquet", folder / "cleaned.parquet")
    return found["gib"], found["seconds"]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = make_rows(folder).drop(columns="cleaned")
        rates = compare(rows["text"])
        memory, seconds = peak_memory(rows, folder)
    result = {
        "rows_per_second": rates,
        "ratio": rates["lemmas"] / rates["tutorial"],
        "ratio_first_time": rates["lemmas_cold"] / rates["tutorial"],
        "ratio_default_steps": rates["default"] / rates["tutorial"],
        "peak_memory_gib": memory,
        "seconds_for_1_600_000_rows": seconds,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
