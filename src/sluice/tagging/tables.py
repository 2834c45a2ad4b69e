"""Reads and makes the tables between stages: the corpus, given tags, and the scores for people.

In: paths or results. Out: a `Corpus`, or tables. What a score is is decided in
`sluice.tagging.scores`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sluice.errors import DataError
from sluice.files import read_json, read_parquet
from sluice.tagging.corpus import COLUMNS, Corpus, Part, from_table

GIVEN = ("seed", "part", "sentence", "tag")
BASELINE_SEED = -1
"""Seed of what has none."""


def load_corpus(tokens: Path, facts: Path) -> Corpus:
    """Read what the stage `read` wrote.

    Raises:
        SourceError: a file is missing or of another form.
        DataError: the facts do not say what the tags are.
    """
    table, known = read_parquet(tokens, list(COLUMNS)), read_json(facts)
    if not isinstance(known, dict) or known.get("kind") not in {"entities", "tags"}:
        raise DataError(f"{facts} does not say what the tags are: delete it and run dvc repro")
    return from_table(table, known["kind"])


def tabulate_given(given: Mapping[Part, list[list[str]]], seed: int) -> pd.DataFrame:
    """Give a row for each token, with the columns `GIVEN`."""
    rows = [
        (seed, part, number, tag)
        for part, sentences in given.items()
        for number, tags in enumerate(sentences)
        for tag in tags
    ]
    return pd.DataFrame(rows, columns=list(GIVEN))


def tabulate_summary(summary: Mapping[str, Any]) -> pd.DataFrame:
    """Give a row for each candidate and score of the test part."""
    return pd.DataFrame(
        [
            {"candidate": name, "score": score}
            | {key: value[key] for key in ("value", "low", "high")}
            | {"seeds": len(value["by_seed"])}
            for name, one in summary["candidates"].items()
            for score, value in one["test"].items()
        ]
    )
