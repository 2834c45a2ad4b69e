"""Evaluate: predictions of models and baselines in, their scores on the same test rows out.

The few numbers to compare from run to run are a DVC metrics file; beside it the whole evaluation,
one table, the selected model's confusion rows and its test rows by falling loss. It draws nothing.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from sluice.command import run_stage
from sluice.errors import DataError, ParamsError
from sluice.evaluation.abstention import AbstentionParams
from sluice.evaluation.answers import check_answers
from sluice.evaluation.audits import Probes, audit
from sluice.evaluation.calibration import CalibrationParams
from sluice.evaluation.candidates import (
    BootstrapParams,
    Candidate,
    Terms,
    candidate_key,
    check_labels_present,
    judge,
)
from sluice.evaluation.comparison import choose, headline, summarise, tabulate
from sluice.evaluation.metrics import polarity_values
from sluice.evaluation.mistakes import confusion_rows, rank_errors
from sluice.evaluation.pairs import compare_pairs, list_verdicts
from sluice.evaluation.predictions import (
    Integers,
    check_predictions,
    check_same_rows,
    of_split,
)
from sluice.evaluation.rounding import rounded
from sluice.evaluation.slice_scores import SliceTerms, slice_headline, summarise_slices
from sluice.evaluation.slices import SliceParams, check_columns, cut_slices
from sluice.evaluation.sureness import summarise_sureness, sureness_headline
from sluice.evaluation.wanted import Wanted, read_wanted
from sluice.files import read_json, read_parquet, staged, write_csv, write_json, write_parquet
from sluice.params import Section, read_section
from sluice.text.traits import find_traits


class Evaluate(Section):
    """Section `evaluate` of params.yaml."""

    polarity: dict[str, float] | None = None
    """Value of each label on the scale from negative to positive; null where there is none."""
    bootstrap: BootstrapParams = Field(default_factory=BootstrapParams)
    """How intervals are drawn."""
    calibration: CalibrationParams = Field(default_factory=CalibrationParams)
    """How sureness is measured."""
    abstention: AbstentionParams = Field(default_factory=AbstentionParams)
    """What a model that may leave rows to people has to keep to."""
    slices: SliceParams = Field(default_factory=SliceParams)
    """Which parts of the test rows are scored by themselves."""
    fairness_columns: tuple[str, ...] = ()
    """Columns of the test rows, among the slices, whose largest gap between groups is given."""


def _read_candidates(folder: Path, wanted: list[Wanted]) -> list[tuple[Path, Candidate]]:
    if not wanted:
        raise ParamsError("nothing to evaluate: name models in train.models or baseline.names")
    found = []
    for kind, name, seed in wanted:
        path = folder / f"{candidate_key(name, seed)}.parquet"
        found.append((path, Candidate(kind, name, seed, read_parquet(path))))
    return found


def _check_candidates(
    found: list[tuple[Path, Candidate]], test: pd.DataFrame, label_names: tuple[str, ...]
) -> None:
    """See that all candidates predict the same validation rows and exactly the test rows."""
    for path, candidate in found:
        check_predictions(candidate.predictions, label_names, str(path))
    first, candidate = found[0]
    validation = of_split(candidate.predictions, "validation")
    check_labels_present(validation, label_names, f"{first} (validation rows)")
    for path, candidate in found:
        check_same_rows(of_split(candidate.predictions, "test"), test, f"{path} (test rows)")
        rows = of_split(candidate.predictions, "validation")
        check_same_rows(rows, validation, f"{path} (validation rows, against {first.name})")


def _groups(test: pd.DataFrame, bootstrap: BootstrapParams, where: Path) -> Integers:
    if bootstrap.unit == "rows":
        return np.arange(len(test))
    if "cluster" not in test:
        raise DataError(
            f"{where} has no column cluster: set evaluate.bootstrap.unit to rows, or run split"
        )
    return pd.factorize(test["cluster"])[0].astype(np.int64)


def _slices(
    rows: pd.DataFrame,
    declared: list[str],
    section: Evaluate,
    candidates: list[Candidate],
    groups: Integers,
    label_names: tuple[str, ...],
) -> dict[str, Any]:
    """Score the test rows' slices by `ingest.slices`, those of this section, and their texts."""
    check_columns(rows, section.slices.columns, "evaluate.slices.columns")
    check_columns(rows, section.fairness_columns, "evaluate.fairness_columns")
    listed = [*section.fairness_columns, *declared, *section.slices.columns]
    columns = [name for name in dict.fromkeys(listed) if name in rows]
    traits = find_traits(rows["text"], rows["cleaned"])
    parts = cut_slices(rows, traits, columns, section.slices)
    draw = section.bootstrap
    terms = SliceTerms(
        candidates,
        label_names,
        groups,
        draw.resamples,
        draw.seed,
        draw.confidence,
        section.slices.min_rows,
    )
    return summarise_slices(parts, terms, section.fairness_columns)


def _read_probes(
    probes: Path, answers: Path, keys: list[str], label_names: tuple[str, ...]
) -> Probes:
    """Questions of stage probe, and what each candidate said to exactly these."""
    rows = read_parquet(probes / "probes.parquet")
    said = {}
    for key in keys:
        path = answers / f"{key}.parquet"
        said[key] = check_answers(read_parquet(path), rows["id"], label_names, str(path))
    return Probes(rows, read_json(probes / "facts.json"), said)


def evaluate(
    predictions: Path,
    test: Path,
    provenance: Path,
    probes: Path,
    answers: Path,
    evaluation: Path,
    scores: Path,
    table: Path,
    confusion: Path,
    errors: Path,
    slices: Path,
    pairs: Path,
    calibration: Path,
    behaviour: Path,
    shortcuts: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Judge every model with every seed, and every baseline, on exactly the same test rows."""
    section = read_section(params, "evaluate", Evaluate)
    facts = read_json(provenance)
    label_names, declared = tuple(facts["labels"]), facts.get("slices", [])
    terms = Terms(label_names, polarity_values(section.polarity, label_names), section.bootstrap)
    rows = read_parquet(test)
    check_labels_present(rows, label_names, str(test))
    found = _read_candidates(predictions, read_wanted(params))
    _check_candidates(found, rows, label_names)
    groups = _groups(rows, section.bootstrap, test)
    judged = judge([one for _, one in found], groups, terms)
    summary = rounded(summarise(judged, terms))
    paired = rounded(compare_pairs(judged, terms))
    sureness = summarise_sureness(judged, groups, terms, section.calibration, section.abstention)
    sureness = rounded(sureness)
    choice = choose(judged)
    shown = (choice.selected or choice.best_baseline or judged[0]).candidate
    beside = choice.best_baseline.candidate if choice.best_baseline else None
    compared = [shown, *([beside] if beside and beside is not shown else [])]
    sliced = rounded(_slices(rows, declared, section, compared, groups, label_names))
    asked = _read_probes(probes, answers, [one.candidate.key for one in judged], label_names)
    audits = audit(asked, judged, groups, terms, shown.key)
    numbers = headline(summary) | slice_headline(sliced) | rounded(audits.headline())
    first = (evaluation, scores, table, confusion, errors)
    with staged(*first, slices, pairs, calibration, behaviour, shortcuts) as parts:
        write_json(summary, parts[0])
        write_json(numbers | sureness_headline(sureness, shown.key), parts[1])
        verdicts = tabulate(summary).assign(verdict=list_verdicts(paired))
        write_csv(verdicts, parts[2], texts=("model", "name", "verdict"))
        write_csv(confusion_rows(shown, label_names), parts[3], texts=("actual", "predicted"))
        write_parquet(rank_errors(shown, rows["text"], label_names), parts[4])
        write_json(sliced, parts[5])
        write_json(paired, parts[6])
        write_json(sureness, parts[7])
        write_json(rounded(audits.behaviour), parts[8])
        write_json(rounded(audits.shortcuts), parts[9])


if __name__ == "__main__":
    run_stage(evaluate)
