"""Stores a small network with random weights, as stage train stores one."""

import json
from pathlib import Path

import polars as pl
import torch

from sluice.files import write_json
from sluice.models.config import FORMAT, NetworkConfig
from sluice.models.settings import NetworkParams
from sluice.models.storage import save_weights
from sluice.text.cleaning import Steps, clean_texts
from sluice.text.ngrams import NgramParams
from sluice.text.reader import fit_reader
from sluice.text.vocabulary import TokenParams

TEXTS = ["I do not like it :(", "what a lovely day", "#GoodMorning @bob", "see http://t.co/x"] * 5
STEPS = Steps(emoji="drop")


def write_model(folder: Path, kind: str = "subwords", wide: bool = True) -> Path:
    """A small network with random weights, stored as stage train stores one."""
    folder.mkdir(parents=True)
    cleaned = clean_texts(pl.Series(TEXTS), STEPS).to_list()
    ngrams = NgramParams(words=(1, 2), characters=(3, 4), buckets=512) if wide else None
    tokens = TokenParams.model_validate({"kind": kind, "size": 80, "min_count": 1})
    reader = fit_reader(cleaned, tokens, ngrams)
    config = NetworkConfig(
        format=FORMAT,
        name="tiny",
        seed=0,
        labels=("bad", "good"),
        vocabulary_size=len(reader.vocabulary),
        ngram_features=0 if ngrams is None else ngrams.features,
        network=NetworkParams(embedding_size=8, hidden_size=8),
        temperature=2.0,
        cleaning=STEPS.model_dump(mode="json"),
    )
    torch.manual_seed(3)
    network = config.build()
    if network.wide is not None:
        torch.nn.init.normal_(network.wide.weight)
    save_weights(network.state_dict(), folder / "model.safetensors")
    write_json(json.loads(config.model_dump_json()), folder / "config.json")
    write_json(reader.describe(), folder / "vocabulary.json")
    return folder
