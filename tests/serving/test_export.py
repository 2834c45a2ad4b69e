"""Exports: every network answers in ONNX as in PyTorch, and one that does not is refused."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from stored_model import write_model
from typer.testing import CliRunner

from sluice.cli import app
from sluice.errors import ModelError, ParamsError
from sluice.models.network import ENCODERS
from sluice.models.settings import NetworkParams
from sluice.models.storage import round_weights
from sluice.serving import export, onnx_encoders
from sluice.serving.bundle import load_bundle, open_model
from sluice.serving.contents import Thresholds, write_bundle
from sluice.serving.export import TEXTS, TOLERANCE, compare, export_folder, export_network
from sluice.serving.linear_part import LinearPart
from sluice.serving.model import Model, load_model
from sluice.serving.onnx_graph import narrowed
from sluice.serving.portable import PortableModel, open_session

POOLINGS = ("last", "mean", "max", "attention", "combined")
NETWORKS = [
    *({"encoder": name, "pooling": "combined"} for name in ENCODERS),
    *({"encoder": "bilstm", "pooling": name} for name in POOLINGS),
    {"encoder": "gru", "bidirectional": True, "layers": 2, "pooling": "last"},
    {"encoder": "rnn", "pooling": "attention", "normalisation": "batch"},
    {"encoder": "cnn", "pooling": "max", "normalisation": "layer", "kernel_sizes": [1, 2, 6]},
    {"encoder": "cnn_lstm", "pooling": "last", "pool_stride": 3, "bidirectional": True},
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(write_model(tmp_path_factory.mktemp("models") / "plain"))


def rebuilt(model: Model, settings: dict[str, object], wide: bool = True) -> Model:
    """The same reader with another network of random weights."""
    sizes = {"embedding_size": 6, "hidden_size": 8, "attention_heads": 2}
    layers = {"layers": 2} if settings["encoder"] == "stacked_bilstm" else {}
    params = NetworkParams.model_validate_json(json.dumps(sizes | layers | settings))
    features = model.config.ngram_features if wide else 0
    config = model.config.model_copy(update={"network": params, "ngram_features": features})
    torch.manual_seed(1)
    network = config.build().eval()
    if isinstance(network.normalisation, torch.nn.BatchNorm1d):
        assert network.normalisation.running_mean is not None
        network.normalisation.running_mean.uniform_(-1, 1)
    if network.wide is not None:
        torch.nn.init.normal_(network.wide.weight)
    reader = model.reader if wide else model.reader._replace(ngrams=None)
    return model._replace(config=config, network=network, reader=reader)


def ported(model: Model, folder: Path) -> PortableModel:
    path = folder / "model.onnx"
    path.write_bytes(export_network(model.network).SerializeToString(deterministic=True))
    wide = None
    if model.network.wide is not None and model.reader.ngrams is not None:
        wide = LinearPart(model.reader.ngrams, model.network.wide.weight.detach().numpy())
    return PortableModel(model.config, model.steps, model.reader, open_session(path), wide)


@pytest.mark.parametrize("settings", NETWORKS, ids=str)
@pytest.mark.parametrize("wide", [True, False])
def test_every_network_answers_as_in_pytorch(
    settings: dict[str, object], wide: bool, model: Model, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(export, "LENGTHS", (1, 2, 5, 64, 512))
    monkeypatch.setattr(export, "BATCHES", (1, 3, 8) if wide else (3,))
    monkeypatch.setattr(export, "DRAWN", 20)
    monkeypatch.setattr(onnx_encoders, "FEW", 2)  # so that there are few rows and many
    made = rebuilt(model, settings, wide)
    found = compare(made, ported(made, tmp_path))
    assert found.largest <= TOLERANCE
    assert found.labels == 0
    assert found.rows == len(TEXTS) + 20 + 5 * (12 if wide else 3)


def test_a_large_vocabulary_goes_without_products(model: Model, monkeypatch) -> None:
    made = rebuilt(model, {"encoder": "bilstm"})
    products = made.config.vocabulary_size * 2 * 4 * made.config.network.hidden_size
    for most, loops in ((products, 2), (products - 1, 0)):
        monkeypatch.setattr(onnx_encoders, "MOST_PRODUCTS", most)
        text = onnx.printer.to_text(export_network(made.network))
        assert text.count("Scan") == loops


def test_tables_of_16_bits_stay_so_and_answer_alike(model: Model, tmp_path: Path) -> None:
    whole = rebuilt(model, {"encoder": "bilstm", "embedding_size": 64})
    sizes = [len(export_network(whole.network).SerializeToString())]
    whole.network.load_state_dict(round_weights(whole.network.state_dict()))
    network = export_network(whole.network)
    sizes.append(len(network.SerializeToString()))
    assert whole.network.wide is not None
    assert sizes[0] - sizes[1] > 1.9 * whole.network.embedding.weight.numel()
    assert narrowed(whole.network.wide.weight).dtype == torch.float16
    assert narrowed(torch.tensor([0.1])).dtype == torch.float32
    found = compare(whole, ported(whole, tmp_path))
    assert found.largest < TOLERANCE
    assert not found.labels


@pytest.mark.parametrize("few", [0, 48])
def test_padding_is_read_in_neither_direction(
    model: Model, tmp_path: Path, monkeypatch, few: int
) -> None:
    monkeypatch.setattr(onnx_encoders, "FEW", few)
    made = ported(rebuilt(model, {"encoder": "bilstm", "pooling": "last"}, False), tmp_path)
    tokens, lengths = np.array([[5, 6, 7]]), np.array([3])
    alone = made.session.run(["logits"], {"tokens": tokens, "lengths": lengths})[0]
    wider = np.pad(tokens, ((0, 0), (0, 9)), constant_values=9)  # behind the end, not padding
    padded = made.session.run(["logits"], {"tokens": wider, "lengths": lengths})[0]
    assert padded == pytest.approx(alone, abs=1e-6)
    longer = made.session.run(["logits"], {"tokens": wider, "lengths": lengths + 9})[0]
    assert abs(longer - alone).max() > 1e-3


def test_equal_models_give_equal_files(model: Model) -> None:
    first, second = (
        export_network(model.network).SerializeToString(deterministic=True) for _ in "12"
    )
    assert first == second
    onnx.checker.check_model(onnx.load_from_string(first), full_check=True)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = write_model(tmp_path / "bundle")
    thresholds = Thresholds(error_rate=0.1, labels={"bad": 0.0, "good": None})
    write_bundle(folder, thresholds, {"labels": ["bad", "good"], "source": "x"}, "# A card\n")
    return folder


def test_an_exported_bundle_answers_as_its_source(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "small"
    found = export_folder(bundle, target)
    assert 0 <= found.largest <= TOLERANCE
    mine, other = load_bundle(bundle), load_bundle(target)
    texts = [*TEXTS, "what a lovely day", "I do not like it :("] * 20
    one, two = mine.answer(texts), other.answer(texts)
    assert two.labels == one.labels
    assert two.abstained.tolist() == one.abstained.tolist()
    assert two.probabilities == pytest.approx(one.probabilities, abs=TOLERANCE)
    assert not (target / "model.safetensors").exists()
    for name in ("config.json", "vocabulary.json", "provenance.json", "model-card.md"):
        assert (target / name).read_bytes() == (bundle / name).read_bytes(), name
    export_folder(bundle, target)  # once more over the old one
    (target / "model.onnx").write_bytes(b"\x08\x09")
    with pytest.raises(ModelError, match=r"model\.onnx has changed"):
        open_model(target)


def test_a_network_that_answers_otherwise_is_refused(
    bundle: Path, tmp_path: Path, monkeypatch
) -> None:
    whole = export.export_network

    def wrong(network: torch.nn.Module) -> onnx.ModelProto:
        with torch.no_grad():
            network.output.bias += 0.01
        made = whole(network)
        with torch.no_grad():
            network.output.bias -= 0.01
        return made

    monkeypatch.setattr(export, "export_network", wrong)
    with pytest.raises(ModelError, match=r"differs from PyTorch by 0\.01 .*nothing was written"):
        export_folder(bundle, tmp_path / "small")
    assert not (tmp_path / "small").exists()


def test_what_must_not_be_written_over_is_not(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(ModelError, match="no exported bundle"):
        export_folder(bundle, tmp_path / "mine")
    assert (tmp_path / "mine/letter.txt").exists()
    export_folder(bundle, tmp_path / "small")
    with pytest.raises(ModelError, match="exported already"):
        export_folder(tmp_path / "small", tmp_path / "smaller")


def test_the_command_says_what_it_did(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "small"
    done = CliRunner().invoke(app, ["export", "--model", str(bundle), "--to", str(target)])
    assert done.exit_code == 0, done.output
    assert "in no label" in done.output
    assert load_bundle(target).labels == ("bad", "good")
    asked = CliRunner().invoke(app, ["export", "--model", str(bundle)])
    assert isinstance(asked.exception, ParamsError)
    assert "--model needs --to" in str(asked.exception)
