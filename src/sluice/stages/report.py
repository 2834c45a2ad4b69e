"""Report: what all stages have left in, one HTML report, one Markdown summary and the figures out.

Models and baselines are those of evaluation.json; other files in the folders are of older runs and
are passed over. It computes no score: that is `evaluate`.
"""

import hashlib
from pathlib import Path

import pandas as pd
from pydantic import Field

from sluice.command import run_stage
from sluice.errors import DataError, SourceError
from sluice.files import open_parquet, read_json, read_parquet, staged
from sluice.params import Section, read_section, read_yaml
from sluice.reporting.behaviour import Behaviour, Shortcuts
from sluice.reporting.calibration import Calibration
from sluice.reporting.card import INTENDED_USE
from sluice.reporting.contents import (
    SPLITS,
    Contents,
    Version,
    check_curves,
    check_same_run,
    hash_sections,
    pick_mistakes,
)
from sluice.reporting.explanations import Explanations, find_sources
from sluice.reporting.facts import Model, check_facts
from sluice.reporting.folds import Folds
from sluice.reporting.html import render_html
from sluice.reporting.markdown import render_card, render_markdown
from sluice.reporting.origins import Augmentation, Leaks, Provenance
from sluice.reporting.pairs import Pairs
from sluice.reporting.plots import draw_figures, read_figures
from sluice.reporting.scores import Evaluation, Training
from sluice.reporting.slices import Slices
from sluice.reporting.suspects import LabelErrors, find_texts
from sluice.reporting.traces import COLUMNS, Traces, trace_rows


class Report(Section):
    """Section `report` of params.yaml."""

    title: str = Field(default="Text classification", min_length=1, max_length=200)
    """Heading of the report."""
    worst_errors: int = Field(default=30, ge=0, le=1000)
    """How many of the worst errors are shown with their texts."""
    few_test_rows: int = Field(default=50, ge=0)
    """A label with fewer test rows than this is named as a weakness."""
    intended_use: str = Field(default=INTENDED_USE, min_length=20, max_length=2000)
    """What the model is for and what it is not for, in sentences of yours: for the model card."""


def _read_facts(path: Path, model: type[Model]) -> Model:
    return check_facts(read_json(path), model, str(path))


def _read_curves(path: Path) -> pd.DataFrame:
    try:
        return check_curves(pd.read_csv(path), str(path))
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing: run the stage that writes it (dvc repro)") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} is not CSV ({error}): delete it and run dvc repro") from error


def _read_lengths(path: Path) -> pd.Series:
    texts = read_parquet(path, ["cleaned"])["cleaned"]
    if texts.empty:
        raise DataError(f"{path} has no rows: check the shares of section split")
    return texts.map(lambda text: len(text.split()))


def _read_traces(split: Path) -> Traces:
    with open_parquet(split / "test.parquet") as file:
        columns = list(file.schema_arrow.names)
    present = [name for name in COLUMNS if name in columns]
    train, test = (read_parquet(split / f"{name}.parquet", present) for name in ("train", "test"))
    return trace_rows(train, test, columns)


def _hash_file(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def gather(
    provenance: Path,
    split: Path,
    metrics: Path,
    curves: Path,
    errors: Path,
    explanations: Path,
    params: Path,
) -> Contents:
    """Read and check everything that the report tells.

    Raises:
        SluiceError: a file is missing or broken, a number is missing or not finite.
    """
    section = read_section(params, "report", Report)
    evaluation = _read_facts(metrics / "evaluation.json", Evaluation)
    trained = [key for key, model in evaluation.models.items() if model.kind == "model"]
    source = _read_facts(provenance, Provenance)
    train = split / "train.parquet"
    ranked = read_parquet(errors)
    reasons = _read_facts(explanations, Explanations)
    doubts = _read_facts(metrics / "label_errors.json", LabelErrors)
    files = [*(split / f"{name}.parquet" for name in SPLITS), metrics / "evaluation.json", errors]
    return Contents(
        title=section.title,
        provenance=source,
        leaks=_read_facts(metrics / "leaks.json", Leaks),
        augmentation=_read_facts(metrics / "augment.json", Augmentation),
        evaluation=evaluation,
        training={key: _read_facts(metrics / f"train/{key}.json", Training) for key in trained},
        curves={key: _read_curves(curves / f"{key}.csv") for key in trained},
        lengths={name: _read_lengths(split / f"{name}.parquet") for name in SPLITS},
        mistakes=pick_mistakes(ranked, section.worst_errors, str(errors)),
        reasons=find_sources(reasons, ranked, str(errors)),
        slices=_read_facts(metrics / "slices.json", Slices),
        behaviour=_read_facts(metrics / "behaviour.json", Behaviour),
        shortcuts=_read_facts(metrics / "shortcuts.json", Shortcuts),
        pairs=_read_facts(metrics / "pairs.json", Pairs),
        folds=_read_facts(metrics / "folds.json", Folds),
        calibration=_read_facts(metrics / "calibration.json", Calibration),
        traces=_read_traces(split),
        intended_use=section.intended_use,
        doubts=find_texts(doubts, read_parquet(train, ["id", "text"]), str(train)),
        data_versions=[Version(path.name, _hash_file(path)) for path in files],
        params_versions=hash_sections(read_yaml(params)),
        few_rows=section.few_test_rows,
    )


def report(
    provenance: Path,
    split: Path,
    metrics: Path,
    curves: Path,
    errors: Path,
    explanations: Path,
    html: Path,
    markdown: Path,
    plots: Path,
    card: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Write the report of one run; a missing figure or number fails it."""
    contents = check_same_run(
        gather(provenance, split, metrics, curves, errors, explanations, params)
    )
    with staged(html, markdown, plots, card) as (html_part, markdown_part, plots_part, card_part):
        plots_part.mkdir()
        draw_figures(contents, plots_part)
        figures = read_figures(contents, plots_part)
        html_part.write_text(render_html(contents, figures), encoding="utf-8")
        summary = render_markdown(contents, figures, plots.name)
        markdown_part.write_text(summary, encoding="utf-8")
        card_part.write_text(render_card(contents), encoding="utf-8")


if __name__ == "__main__":
    run_stage(report)
