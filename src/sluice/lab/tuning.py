"""Tunes section `train` of params.yaml within the ranges of a file, for `sluice tune`.

In: ranges, parameters, and the module of stage `train`, which the command line hands over. Out:
words on the terminal, and the best values in params.yaml where asked for. The search itself is in
`sluice.lab.search`.
"""

from pathlib import Path
from typing import Any

import typer
from pytorch_lightning.callbacks import Callback

from sluice.errors import SourceError
from sluice.lab.ranges import Tuning, check_ranges, write_values
from sluice.lab.search import Search, import_optuna, run_search
from sluice.params import parse_section, read_yaml

ROWS = (
    Path("data/augmented/train.parquet"),
    Path("data/split/validation.parquet"),
    Path("data/raw/provenance.json"),
)
"""What trainings read, as dvc.yaml has it; test rows are not among them."""


def tune_section(stage: Any, ranges: Path, params: Path, trials: int | None, write: bool) -> None:
    """Tune section `train` and print what is found; write it back if asked to.

    Args:
        stage: the module of stage `train`, whose `Train` and `rehearse` are used.
        ranges: the file of ranges.
        params: the file whose keys are tuned.
        trials: trials in all, instead of those of the file.
        write: whether the best values go into `params`.

    Raises:
        SluiceError: bad ranges, absent rows, no Optuna, a search that is running already.
    """
    import_optuna()
    tuning = parse_section(read_yaml(ranges), Tuning, str(ranges))
    if trials is not None:
        tuning = tuning.model_copy(update={"trials": trials})
    content = check_ranges(tuning, params, stage.Train, ranges)
    for path in ROWS:
        if not path.is_file():
            raise SourceError(
                f"{path} is missing: run the stage that writes it (dvc repro augment)"
            )

    def train(settings: Any, callbacks: list[Callback]) -> float:
        return float(stage.rehearse(tuning.model, tuning.seed, settings, ROWS, callbacks))

    best = run_search(Search(tuning, content, stage.Train, params, ranges, ROWS, train), typer.echo)
    typer.echo(f"best: trial {best.number}, validation macro-F1 {best.score:.4f}")
    for key, value in best.values.items():
        typer.echo(f"  {key}: {value}")
    typer.echo(f"  {best.command}")
    if write:
        write_values(params, best.values)
        typer.echo(f"written to {params}: run dvc repro")
