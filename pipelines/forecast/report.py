"""Report: forecasts and scores in, figures, one HTML page and a table in Markdown out.

A figure that is missing fails it. It computes no score: that is `evaluate`.
"""

from pathlib import Path

import pandas as pd

from sluice.command import run_stage
from sluice.files import read_json, read_parquet, staged
from sluice.forecasting.charts import draw_all
from sluice.forecasting.pages import write_html, write_markdown
from sluice.forecasting.scores import COLUMNS, make_bounds
from sluice.forecasting.settings import Parts
from sluice.forecasting.tables import load_series
from sluice.params import read_settings
from sluice.reporting.canvas import save_figures, style


def report(
    rows: Path,
    facts: Path,
    forecasts: Path,
    found: Path,
    metrics: Path,
    intervals: Path,
    template: Path,
    figures: Path,
    page: Path,
    text: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Draw and write the report."""
    summary, series = read_json(metrics), load_series(rows, facts)
    bounds = make_bounds(len(series.values), read_settings(params, "parts", Parts))
    names = list(summary["candidates"])
    tables = [read_parquet(forecasts / f"{name}.parquet", list(COLUMNS)) for name in names]
    known = {name: read_json(found / f"{name}.json") for name in names}
    bounded = read_parquet(intervals)
    with staged(figures, page, text) as parts:
        parts[0].mkdir()
        with style():
            pictures = save_figures(
                draw_all(series, bounds, pd.concat(tables), bounded, summary), parts[0]
            )
        written = write_html(template.read_text(encoding="utf-8"), summary, known, pictures)
        parts[1].write_text(written, encoding="utf-8")
        parts[2].write_text(write_markdown(summary), encoding="utf-8")


if __name__ == "__main__":
    run_stage(report)
