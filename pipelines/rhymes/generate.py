"""Generate: the networks of a level in, rhymes of every sampler out.

The network of the first seed writes. What it has written is judged by `evaluate`.
"""

from pathlib import Path

import torch

from sluice.command import run_stage
from sluice.files import staged, write_parquet
from sluice.params import read_settings
from sluice.rhyming.running import run_generation
from sluice.rhyming.settings import Generation, Level, Training
from sluice.rhyming.storage import load_model


def generate(level: Level, models: Path, rhymes: Path, params: Path = Path("params.yaml")) -> None:
    """Write rhymes with the network of LEVEL."""
    training = read_settings(params, "train", Training)
    torch.set_num_threads(training.threads)
    network, vocabulary = load_model(models / str(training.seeds[0]))
    settings = read_settings(params, "generate", Generation)
    written = run_generation(network, vocabulary, level, settings)
    with staged(rhymes) as (part,):
        write_parquet(written, part)


if __name__ == "__main__":
    run_stage(generate)
