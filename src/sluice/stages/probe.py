"""Probe: behaviour suites and a split in, texts that every model is to answer out.

Two kinds: cases of the suites, and test rows with label words and hashtags masked. Beside them what
is expected of the cases, and the tokens that a linear model leans on. It asks no model anything.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from pydantic import Field

from sluice.command import run_stage
from sluice.errors import ParamsError
from sluice.evaluation.leaning import leaned_on
from sluice.evaluation.masking import mask_texts, mask_words, show_masks
from sluice.evaluation.probes import behaviour_rows, masked_rows
from sluice.evaluation.suites import Suite, parse_suite, why_skipped
from sluice.files import read_json, read_parquet, staged, write_json, write_parquet
from sluice.params import Section, read_part, read_section, read_yaml
from sluice.text.cleaning import Steps, clean_list

DIGITS = 4

Word = Annotated[str, Field(min_length=1, max_length=60)]


class Probe(Section):
    """Section `probe` of params.yaml."""

    cases_per_test: int = Field(default=30, ge=1, le=10_000)
    """Cases of a behaviour test, at most; of more combinations so many are drawn."""
    masked_words: tuple[Word, ...] = ()
    """Synonyms of the labels, masked in the shortcut audit beside the words of their names."""
    tokens: int = Field(default=20, ge=0, le=1000)
    """Tokens in the table of what a linear model leans on."""


def read_suites(folder: Path) -> dict[str, Suite]:
    """Every suite of the folder by its file's name.

    Raises:
        ParamsError: no folder, or a file that is no suite.
    """
    if not folder.is_dir():
        raise ParamsError(f"{folder} is missing: it holds the behaviour suites; it may be empty")
    paths = sorted(folder.glob("*.yaml"))
    return {path.stem: parse_suite(read_yaml(path), str(path)) for path in paths}


def _choose(
    suites: dict[str, Suite], label_names: Sequence[str]
) -> tuple[dict[str, Suite], dict[str, str]]:
    """Suites that can run on these labels, and why the others cannot."""
    reasons = {name: why_skipped(suite, label_names) for name, suite in suites.items()}
    kept = {name: suite for name, suite in suites.items() if reasons[name] is None}
    return kept, {name: reason for name, reason in reasons.items() if reason is not None}


def _tokens(train: Path, test: pd.DataFrame, names: Sequence[str], limit: int) -> list[Any]:
    rows = read_parquet(train, ["cleaned", "label"])
    table = leaned_on(rows, test["cleaned"], names, limit) if limit else pd.DataFrame()
    return table.round(DIGITS).to_dict("records")


def probe(
    suites: Path,
    train: Path,
    test: Path,
    provenance: Path,
    probes: Path,
    facts: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Write the texts of SUITES and the masked rows of TEST as questions to every model."""
    section = read_section(params, "probe", Probe)
    steps = read_part(params, "clean.steps", Steps)  # probes are cleaned as the rows were
    label_names = list(read_json(provenance)["labels"])
    kept, skipped = _choose(read_suites(suites), label_names)
    asked = behaviour_rows(kept, section.cases_per_test)
    rows = read_parquet(test, ["id", "text", "cleaned"])
    words = mask_words(label_names, section.masked_words)
    hidden = masked_rows(rows, mask_texts(rows["text"], words))
    questions = pd.concat([asked.rows, hidden], ignore_index=True)
    cleaned = pd.Series(clean_list(questions["text"].to_list(), steps), dtype="str")
    questions = questions.assign(text=show_masks(questions["text"]), cleaned=show_masks(cleaned))
    found = {
        "tests": asked.tests,
        "skipped": skipped,
        "masked": {"words": words, "rows": len(hidden), "test_rows": len(rows)},
        "tokens": _tokens(train, rows, label_names, section.tokens),
    }
    with staged(probes, facts) as parts:
        write_parquet(questions, parts[0])
        write_json(found, parts[1])
    typer.echo(f"{len(asked.rows)} texts of behaviour tests, {len(hidden)} masked test rows")
    for name, reason in skipped.items():
        typer.echo(f"suite {name} is skipped: it {reason}")


if __name__ == "__main__":
    run_stage(probe)
