"""Fetch: brings the paper's data set into this pipeline's folder, byte by byte.

In: a copy beside the checkout where there is one, else Kaggle by the preset's slug. Out: the file.
It reads nothing of it: that is `ingest`.
"""

import shutil
from pathlib import Path

import typer

from sluice.command import run_stage
from sluice.data.kaggle import Kaggle
from sluice.data.sources import find_kaggle
from sluice.files import staged
from sluice.params import parse_section, read_yaml

PRESET = Path("../../presets/kaggle-social-media.yaml")
AT_HAND = Path("../../../shared/data/kaggle-social-media.csv")


def fetch(target: Path, preset: Path = PRESET, at_hand: Path = AT_HAND) -> None:
    """Copy the published file to TARGET."""
    found = at_hand
    if not found.is_file():
        content = read_yaml(preset)
        kaggle = parse_section(content["kaggle"], Kaggle, f"{preset}: kaggle")
        found = find_kaggle(kaggle, content["delimiter"], content["encoding"]).path
    with staged(target) as (part,):
        shutil.copyfile(found, part)
    typer.echo(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    run_stage(fetch)
