"""Train: rhymes in, the network of a level and a seed out, with its curves and its scores.

A training that is killed goes on from its last whole epoch. It judges nothing: that is `evaluate`.
"""

import hashlib
import shutil
from pathlib import Path

import pandas as pd
import torch

from sluice.command import run_stage
from sluice.files import read_parquet, staged, write_csv, write_parquet
from sluice.models.training import quiet_lightning
from sluice.params import read_settings
from sluice.rhyming import network
from sluice.rhyming.running import run_training
from sluice.rhyming.settings import Level, Tokens, Training
from sluice.rhyming.storage import save_model

SCRATCH = Path(".sluice/rhymes")


def scratch_key(level: str, seed: int, settings: Training, tokens: Tokens, rhymes: Path) -> str:
    """A name for what is trained from exactly these inputs by exactly this code."""
    digest = hashlib.sha256(f"{level} {seed} {torch.__version__}".encode())
    digest.update((settings.model_dump_json() + tokens.model_dump_json()).encode())
    for path in [rhymes, *sorted(Path(network.__file__).parent.glob("*.py"))]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{level}-{seed}-{digest.hexdigest()[:16]}"


def train(
    level: Level,
    seed: int,
    rhymes: Path,
    model: Path,
    curves: Path,
    scores: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Train the network of LEVEL with SEED."""
    quiet_lightning()
    settings = read_settings(params, "train", Training)
    tokens = read_settings(params, "tokens", Tokens)
    table = read_parquet(rhymes, ["rhyme", "cluster", "part", "text"])
    scratch = SCRATCH / scratch_key(level, seed, settings, tokens, rhymes)
    fitted, vocabulary, scored = run_training(table, level, seed, tokens, settings, scratch)
    with staged(model, curves, scores) as parts:
        parts[0].mkdir()
        save_model(fitted.network, settings.network, vocabulary, parts[0])
        best = [int(row["epoch"]) == fitted.epoch for row in fitted.curves]
        write_csv(pd.DataFrame(fitted.curves).assign(best=best), parts[1])
        write_parquet(scored, parts[2])
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    run_stage(train)
