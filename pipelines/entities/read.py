"""Read: tagged sentences in, a corpus of three parts and what is known of it out.

Section `data` says where they are and how they are written. Nothing is learnt here.
"""

from pathlib import Path

from sluice.command import run_stage
from sluice.files import staged, write_json, write_parquet
from sluice.params import read_settings
from sluice.tagging.corpus import describe_corpus, make_corpus, to_table
from sluice.tagging.settings import Reading
from sluice.tagging.sources import read_source


def read(folder: Path, tokens: Path, facts: Path, params: Path = Path("params.yaml")) -> None:
    """Read the sentences of FOLDER, or those of the wheel."""
    reading = read_settings(params, "data", Reading)
    found = read_source(reading, folder)
    corpus = make_corpus(found.sentences, found.places, reading)
    with staged(tokens, facts) as parts:
        write_parquet(to_table(corpus), parts[0])
        write_json(describe_corpus(corpus) | {"origin": found.origin}, parts[1])


if __name__ == "__main__":
    run_stage(read)
