"""Arrange: params.yaml and the advice in; a file of settings for each piece of advice out.

The main pipeline's stages read them in the place of params.yaml. It stops before any row is read;
what no stage would accept is refused here, before an hour of training.
"""

from pathlib import Path

from audit import read_audit, settings_of

from sluice.command import run_stage
from sluice.files import staged, write_json
from sluice.params import parse_section, read_yaml
from sluice.stages.augment import Augment
from sluice.stages.clean import Clean
from sluice.stages.train import Train


def arrange(advice: Path, settings: Path, params: Path = Path("params.yaml")) -> None:
    """Write `<name>.json` for each piece of ADVICE into the folder SETTINGS."""
    below = read_yaml(params)
    arranged = {one.name: settings_of(one, below) for one in read_audit(advice).advice}
    for name, found in arranged.items():
        parse_section(found["clean"], Clean, f"{advice}: {name}: clean")
        parse_section(found["augment"], Augment, f"{advice}: {name}: augment")
        parse_section(found["train"], Train, f"{advice}: {name}: train").settings(name)
    with staged(settings) as (folder,):
        folder.mkdir()
        for name, found in arranged.items():
            write_json(found, folder / f"{name}.json")


if __name__ == "__main__":
    run_stage(arrange)
