"""Report: scores and curves in, figures, one HTML page and a table in Markdown out.

A figure that is missing fails it. It computes no score: that is `evaluate`.
"""

from pathlib import Path

import pandas as pd

from sluice.command import run_stage
from sluice.files import read_json, staged
from sluice.params import read_settings
from sluice.reporting.canvas import save_figures, style
from sluice.tagging.charts import draw_all
from sluice.tagging.pages import write_html, write_markdown
from sluice.tagging.settings import Baselines, Training
from sluice.tagging.summary import NETWORK


def report(
    facts: Path,
    metrics: Path,
    curves: Path,
    found: Path,
    template: Path,
    figures: Path,
    page: Path,
    text: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Draw and write the report."""
    summary, corpus = read_json(metrics), read_json(facts)
    seeds = read_settings(params, "train", Training).seeds
    traces = {seed: pd.read_csv(curves / f"{seed}.csv") for seed in seeds}
    names = [f"{NETWORK}-{seed}" for seed in seeds]
    names += read_settings(params, "baseline", Baselines).names
    known = {name: read_json(found / f"{name}.json") for name in names}
    with staged(figures, page, text) as parts:
        parts[0].mkdir()
        with style():
            pictures = save_figures(draw_all(summary, traces), parts[0])
        written = write_html(template.read_text(encoding="utf-8"), summary, corpus, known, pictures)
        parts[1].write_text(written, encoding="utf-8")
        parts[2].write_text(write_markdown(summary), encoding="utf-8")


if __name__ == "__main__":
    run_stage(report)
