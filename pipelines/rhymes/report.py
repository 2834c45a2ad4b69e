"""Report: scores, curves and written rhymes in, figures, one HTML page and tables in Markdown out.

A figure that is missing fails it. It computes no score: that is `evaluate`.
"""

from pathlib import Path

import pandas as pd

from sluice.command import run_stage
from sluice.files import read_json, read_parquet, staged
from sluice.params import read_settings
from sluice.reporting.canvas import save_figures, style
from sluice.rhyming.charts import draw_all
from sluice.rhyming.pages import write_html, write_markdown
from sluice.rhyming.settings import Training

SAMPLES = 3


def report(
    curves: Path,
    written: Path,
    metrics: Path,
    template: Path,
    figures: Path,
    page: Path,
    text: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Draw and write the report."""
    training = read_settings(params, "train", Training)
    summary = read_json(metrics)
    tables: dict[str, list[pd.DataFrame]] = {
        level: [pd.read_csv(curves / f"{level}-{seed}.csv") for seed in training.seeds]
        for level in training.levels
    }
    samples = {
        f"{level}, {sampler}": list(rows["text"][:SAMPLES])
        for level in training.levels
        for sampler, rows in read_parquet(written / f"{level}.parquet").groupby(
            "sampler", sort=False
        )
    }
    with staged(figures, page, text) as parts:
        parts[0].mkdir()
        with style():
            pictures = save_figures(draw_all(summary, tables), parts[0])
        html = write_html(template.read_text(encoding="utf-8"), summary, samples, pictures)
        parts[1].write_text(html, encoding="utf-8")
        parts[2].write_text(write_markdown(summary), encoding="utf-8")


if __name__ == "__main__":
    run_stage(report)
