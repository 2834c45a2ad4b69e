"""Train: the corpus in, one tagger and the tags it gives out.

A training that was killed goes on where it was. It scores no test row: that is `evaluate`.
"""

import hashlib
import shutil
from pathlib import Path

import pandas as pd

from sluice.command import run_stage
from sluice.files import staged, write_csv, write_json, write_parquet
from sluice.models.storage import count_parameters
from sluice.models.training import quiet_lightning
from sluice.params import read_settings
from sluice.tagging.corpus import Part
from sluice.tagging.module import RECORDED
from sluice.tagging.running import find_more, train_tagger
from sluice.tagging.settings import Training
from sluice.tagging.storage import save_tagger
from sluice.tagging.tables import load_corpus, tabulate_given

SCRATCH = Path(".scratch")


def _scratch_key(seed: int, settings: Training, tokens: Path) -> str:
    """A name that only the same training on the same corpus has."""
    said = settings.model_dump_json(include={"model", "optimisation"}).encode()
    return f"{seed}-{hashlib.sha256(said + tokens.read_bytes()).hexdigest()[:16]}"


def train(
    seed: int,
    tokens: Path,
    facts: Path,
    folder: Path,
    curves: Path,
    given: Path,
    found: Path,
    timing: Path,
    params: Path = Path("params.yaml"),
) -> None:
    """Train with SEED, and tag the validation and test parts."""
    quiet_lightning()
    settings = read_settings(params, "train", Training)
    corpus = load_corpus(tokens, facts)
    scratch = SCRATCH / _scratch_key(seed, settings, tokens)
    model, fitted = train_tagger(corpus, settings, seed, scratch)
    bias = find_more(model, corpus, settings.outside_bias)
    judged: tuple[Part, ...] = ("validation", "test")
    tagged = {part: model.tag(corpus.tokens[part]) for part in judged}
    known = {
        "epoch": fitted.epoch,
        "outside_bias": bias,
        "parameters": count_parameters(model.network),
    }
    with staged(folder, curves, given, found, timing) as parts:
        save_tagger(model, parts[0])
        write_csv(pd.DataFrame(fitted.curves, columns=list(RECORDED.columns)), parts[1])
        write_parquet(tabulate_given(tagged, seed), parts[2])
        write_json(known, parts[3])
        write_json({"seconds": round(fitted.seconds, 3)}, parts[4])
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    run_stage(train)
