"""Read: a text of rhymes in, rhymes with their parts and what is known of them out.

Rhymes that share a line stay on one side. Tokens are made where a vocabulary is learnt.
"""

import hashlib
from pathlib import Path

from sluice.command import run_stage
from sluice.files import staged, write_json, write_parquet
from sluice.params import read_settings
from sluice.rhyming.corpus import part_rhymes, read_rhymes
from sluice.rhyming.settings import Corpus


def read(source: Path, rhymes: Path, facts: Path, params: Path = Path("params.yaml")) -> None:
    """Read the rhymes of SOURCE."""
    table = part_rhymes(read_rhymes(source), read_settings(params, "corpus", Corpus))
    known = {
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "rhymes": len(table),
        "clusters": int(table["cluster"].nunique()),
        "parts": {str(part): int(count) for part, count in table["part"].value_counts().items()},
    }
    with staged(rhymes, facts) as parts:
        write_parquet(table, parts[0])
        write_json(known, parts[1])


if __name__ == "__main__":
    run_stage(read)
