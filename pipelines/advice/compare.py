"""Compare: every piece of advice against the default, on the same test rows, seed by seed.

In: predictions, counts and seconds of all trainings. Out: the table of gains as CSV and Markdown,
the chart, a page; the seconds in a file of their own. It trains and chooses nothing.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from audit import DEFAULT, read_audit
from figures import draw_gains
from gains import tabulate, weigh
from pages import Facts, write_html, write_markdown
from pydantic import BaseModel

from sluice.command import run_stage
from sluice.errors import ParamsError
from sluice.evaluation.candidates import Candidate, Judged, Terms, candidate_key, judge
from sluice.evaluation.comparison import MAIN
from sluice.evaluation.intervals import percentile_interval
from sluice.evaluation.predictions import check_predictions, check_same_rows, of_split
from sluice.files import read_json, read_parquet, staged, write_csv
from sluice.params import parse_section, read_section, read_yaml
from sluice.reporting.canvas import save_figure, style
from sluice.stages.evaluate import Evaluate


class _Seeds(BaseModel):
    """What of section `train` matters here."""

    seeds: tuple[int, ...]


class Cost(NamedTuple):
    """What a piece of advice costs; medians over seeds."""

    steps: float
    """Batches trained on, as a multiple of the default's."""
    seconds: float
    """Of training, its teacher's among them."""
    teacher_seconds: float
    ratio: float
    """All of them, as a multiple of the default's."""


def read_seeds(params: Path) -> tuple[int, ...]:
    section = read_yaml(params).get("train") or {}
    seeds = parse_section(section, _Seeds, f"{params}: train").seeds
    if len(set(seeds)) < 2:
        raise ParamsError(f"{params}: train.seeds must be two at least: one seed tells no spread")
    return seeds


def read_runs(
    folder: Path, names: list[str], seeds: tuple[int, ...], test: pd.DataFrame, terms: Terms
) -> dict[str, list[Judged]]:
    """Judge all trainings on the same rows and resamples, by advice and in the order of seeds.

    Raises:
        SluiceError: predictions are missing, broken, or for other rows.
    """
    candidates = []
    for name in names:
        for seed in seeds:
            path = folder / f"{candidate_key(name, seed)}.parquet"
            frame = check_predictions(read_parquet(path), terms.label_names, str(path))
            check_same_rows(of_split(frame, "test"), test, str(path))
            candidates.append(Candidate("model", name, seed, frame))
    judged = judge(candidates, pd.factorize(test["cluster"])[0], terms)
    return {name: [one for one in judged if one.candidate.name == name] for name in names}


def read_costs(reports: Path, names: list[str], seeds: tuple[int, ...]) -> dict[str, Cost]:
    """Steps and seconds of each piece of advice, the default's as 1."""

    def median(folder: str, key: str, name: str) -> float:
        keys = (candidate_key(name, seed) for seed in seeds)
        return float(np.median([read_json(reports / folder / f"{one}.json")[key] for one in keys]))

    steps = {name: median("metrics", "steps", name) for name in names}
    seconds = {name: median("timing", "seconds", name) for name in names}
    return {
        name: Cost(
            steps=steps[name] / steps[DEFAULT],
            seconds=seconds[name],
            teacher_seconds=median("timing", "teacher_seconds", name),
            ratio=seconds[name] / seconds[DEFAULT],
        )
        for name in names
    }


def _facts(defaults: list[Judged], test_rows: int, confidence: float) -> Facts:
    samples = np.mean([one.samples[MAIN] for one in defaults], axis=0)
    mean = float(np.mean([one.test[MAIN] for one in defaults]))
    bounds = percentile_interval(samples, confidence)
    return Facts(mean, bounds, len(defaults), test_rows, confidence)


def _clocks(costs: dict[str, Cost]) -> pd.DataFrame:
    rows = [(name, cost.seconds, cost.teacher_seconds, cost.ratio) for name, cost in costs.items()]
    return pd.DataFrame(rows, columns=["advice", "seconds", "teacher_seconds", "ratio"])


def _draw(table: pd.DataFrame, confidence: float, folder: Path) -> bytes:
    """Write the chart as PNG and SVG into a new folder; give the SVG."""
    folder.mkdir()
    with style():
        save_figure(draw_gains(table, confidence), folder / "gains")
    return (folder / "gains.svg").read_bytes()


def compare(
    advice: Path,
    reports: Path,
    test: Path,
    provenance: Path,
    template: Path,
    table: Path,
    text: Path,
    timing: Path,
    figures: Path,
    page: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Weigh each piece of ADVICE against the default."""
    bootstrap = read_section(params, "evaluate", Evaluate).bootstrap
    terms = Terms(tuple(read_json(provenance)["labels"]), None, bootstrap)
    entries, seeds, rows = read_audit(advice).advice, read_seeds(params), read_parquet(test)
    names = [one.name for one in entries]
    runs = read_runs(reports / "predictions", names, seeds, rows, terms)
    defaults = runs.pop(DEFAULT)
    gains = {name: weigh(one, defaults, bootstrap.confidence) for name, one in runs.items()}
    costs = read_costs(reports, names, seeds)
    found = tabulate(gains, bootstrap.confidence)
    found["work"] = [costs[name].steps for name in found["advice"]]
    facts = _facts(defaults, len(rows), bootstrap.confidence)
    with staged(table, text, timing, figures, page) as parts:
        write_csv(found, parts[0])
        parts[1].write_text(write_markdown(found, facts), encoding="utf-8")
        write_csv(_clocks(costs), parts[2])
        chart = _draw(found, bootstrap.confidence, parts[3])
        parts[4].write_text(write_html(template, found, facts, entries, chart), encoding="utf-8")


if __name__ == "__main__":
    run_stage(compare)
