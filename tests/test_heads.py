"""Every head over every encoder that makes sense: one step of its own optimiser moves each weight.

A class for a text needs any encoder; a tag for each token one that keeps tokens apart. A language
model and a forecaster carry a state to the next batch, and have LSTMs of their own for that.
"""

from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from sluice.data.batches import LabelledRows
from sluice.forecasting.framings import FRAMINGS
from sluice.forecasting.network import Forecaster, ForecastNetwork
from sluice.forecasting.settings import FramingName
from sluice.forecasting.settings import Training as Forecasts
from sluice.models.classifier import Classifier, Lesson
from sluice.models.network import ENCODERS, TextNetwork
from sluice.models.settings import EncoderName, NetworkParams, OptimisationParams
from sluice.models.training import quiet_lightning
from sluice.rhyming.network import LanguageModel, RhymeNetwork
from sluice.rhyming.settings import Network
from sluice.rhyming.settings import Training as Rhymes
from sluice.tagging.batches import make_batch
from sluice.tagging.lexicon import make_lexicon
from sluice.tagging.module import Tagger
from sluice.tagging.network import TagNetwork
from sluice.tagging.schemes import all_tags
from sluice.tagging.settings import EncoderName as TokenEncoderName
from sluice.tagging.settings import Optimisation, Shape, Words
from sluice.tokens import TaughtRows, token_rows

ROWS = [["Ada", "met", "Bob"], ["Ada", "x"], ["met", "Ada", "in", "1984", "!"]]
TAGS = [["B-a", "O", "B-a"], ["B-a", "I-a"], ["O", "B-a", "O", "O", "O"]]
Made = tuple[pl.LightningModule, object]
"""A head over an encoder, and one batch of what it reads."""


def classification(encoder: EncoderName) -> Made:
    layers = 2 if encoder == "stacked_bilstm" else 1
    shape = NetworkParams(
        encoder=encoder, embedding_size=4, hidden_size=4, layers=layers, attention_heads=2
    )
    tokens = token_rows([2, 3, 4, 2, 5, 3, 4, 2, 5, 6], np.array([3, 2, 5]), 5)
    taught = TaughtRows(np.ones((2, 3), np.float32), np.array([1, -1, 0]))
    rows = LabelledRows(tokens, np.array([0, 1, 1]), np.ones(3, np.float32), taught=taught)
    network, lesson = TextNetwork(shape, 9, 2), Lesson(3, 0.5)
    return Classifier(network, OptimisationParams(), 2, 0, lesson), rows.batch(np.arange(3))


def tagging(encoder: TokenEncoderName) -> Made:
    words = Words(size=4, characters=4, character_hidden=3, minimum=1)
    layers = 2 if encoder == "stacked_bilstm" else 1
    shape = Shape(words=words, encoder=encoder, hidden_size=4, layers=layers, attention_heads=2)
    lexicon = make_lexicon(ROWS, all_tags(["a"], "iob2"), words)
    network = TagNetwork(shape, "entities", lexicon, 0)
    batch = make_batch(lexicon.encode(ROWS, words, TAGS), np.arange(3))
    return Tagger(network, Optimisation(), "entities", lexicon.tags, seed=0), batch


def forecasting(name: FramingName) -> Made:
    framing = FRAMINGS[name]
    network = ForecastNetwork(framing.windows[-1], 4, framing.layers, change=False)
    inputs = torch.linspace(-1, 1, 2 * 3 * framing.windows[-1]).reshape(2, 3, -1)
    return Forecaster(network, Forecasts(), framing.memory), (inputs, inputs[..., 0])


def language_model(layers: int) -> Made:
    network = Network(embedding_size=4, hidden_size=6, layers=layers)
    model = LanguageModel(RhymeNetwork(8, network), Rhymes(network=network), seed=0)
    return model, torch.tensor([[0, 4, 5, 6, 1], [7, 5, 4, 1, 6]])


CASES: list[tuple[Callable[..., Made], object]] = [
    *((classification, encoder) for encoder in get_args(EncoderName)),
    *((tagging, encoder) for encoder in get_args(TokenEncoderName)),
    *((forecasting, framing) for framing in FRAMINGS),
    *((language_model, layers) for layers in (1, 2)),
]


@pytest.mark.filterwarnings("ignore")  # Lightning has views on loaders
@pytest.mark.parametrize(("make", "what"), CASES, ids=lambda one: getattr(one, "__name__", one))
def test_one_step_moves_every_weight(make: Callable[..., Made], what: object) -> None:
    quiet_lightning()
    torch.manual_seed(0)
    module, batch = make(what)
    before = {name: weight.detach().clone() for name, weight in module.named_parameters()}
    trainer = pl.Trainer(
        accelerator="cpu", max_steps=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0,
    )  # fmt: skip
    trainer.fit(module, DataLoader([batch], batch_size=None))
    assert trainer.global_step == 1
    after = dict(module.named_parameters())
    assert all(torch.isfinite(weight).all() for weight in after.values())
    assert not [name for name, weight in before.items() if torch.equal(weight, after[name])]


def test_what_tags_tokens_is_an_encoder_that_keeps_them_apart() -> None:
    pooled = set(ENCODERS) - set(get_args(TokenEncoderName))
    assert pooled == {"cnn", "cnn_lstm"}
    with pytest.raises(ValueError, match="encoder"):
        Shape.model_validate({"encoder": "cnn"})
