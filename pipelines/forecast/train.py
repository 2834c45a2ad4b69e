"""Train: the series in, one framing's choices, weights and forecasts out.

Choices are made on the last part of the training series; the test part is forecast by networks
that never saw it. It scores nothing: that is `evaluate`.
"""

from pathlib import Path

from sluice.command import run_stage
from sluice.errors import ParamsError
from sluice.files import staged, write_json, write_parquet
from sluice.forecasting.framings import FRAMINGS
from sluice.forecasting.running import run_framing
from sluice.forecasting.scores import make_bounds
from sluice.forecasting.settings import Evaluation, Parts, Training
from sluice.forecasting.storage import save_forecaster
from sluice.forecasting.tables import load_series
from sluice.models.training import quiet_lightning
from sluice.params import read_settings


def train(
    name: str,
    rows: Path,
    facts: Path,
    models: Path,
    forecasts: Path,
    found: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Train the framing NAME with every seed, and forecast every part of the series."""
    if name not in FRAMINGS:
        raise ParamsError(f"unknown framing {name}; framings: {', '.join(FRAMINGS)}")
    quiet_lightning()
    settings = read_settings(params, "train", Training)
    horizon = read_settings(params, "evaluate", Evaluation).horizon
    series = load_series(rows, facts)
    bounds = make_bounds(len(series.values), read_settings(params, "parts", Parts))
    run = run_framing(name, series, bounds, settings, horizon)
    with staged(models, forecasts, found) as parts:
        for seed, model in run.models.items():
            folder = parts[0] / str(seed)
            folder.mkdir(parents=True)
            save_forecaster(name, model, folder / "model.safetensors", folder / "config.json")
        write_parquet(run.forecasts, parts[1])
        write_json(run.facts, parts[2])


if __name__ == "__main__":
    run_stage(train)
