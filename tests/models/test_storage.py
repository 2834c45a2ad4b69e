"""Networks stored as data."""

import json

import pytest
import torch

from sluice.errors import ModelError
from sluice.models.config import FORMAT, NetworkConfig, read_config
from sluice.models.settings import NetworkParams
from sluice.models.storage import (
    count_parameters,
    load_network,
    round_weights,
    save_weights,
)


@pytest.fixture
def config() -> NetworkConfig:
    return NetworkConfig(
        format=FORMAT,
        name="bilstm",
        seed=0,
        labels=("no", "yes"),
        vocabulary_size=20,
        ngram_features=8,
        network=NetworkParams(embedding_size=4, hidden_size=3),
    )


def test_weights_come_back_bit_for_bit(config, tmp_path) -> None:
    network = config.build()
    save_weights(network.state_dict(), tmp_path / "w.safetensors")
    again = load_network(
        read_config(config.model_dump_json(), tmp_path), tmp_path / "w.safetensors"
    )
    assert not again.training
    for name, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)


def test_equal_weights_give_equal_bytes(config, tmp_path) -> None:
    weights = config.build().state_dict()
    save_weights(weights, tmp_path / "a")
    save_weights(dict(reversed(weights.items())), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_rounded_weights_take_half_and_are_computed_with_in_full(config, tmp_path) -> None:
    weights = config.build().state_dict()
    rounded = round_weights(weights)
    save_weights(weights, tmp_path / "whole")
    save_weights(rounded, tmp_path / "half")
    whole, half = ((tmp_path / name).stat().st_size for name in ("whole", "half"))
    numbers = sum(value.numel() for value in weights.values())
    assert whole - half >= 2 * numbers
    loaded = load_network(config, tmp_path / "half").state_dict()
    for name, value in rounded.items():
        assert loaded[name].dtype == torch.float32
        assert torch.equal(loaded[name], value.float())
        torch.testing.assert_close(loaded[name], weights[name], rtol=1e-3, atol=1e-7)


def test_what_16_bits_cannot_hold_is_not_rounded() -> None:
    weights = {"large": torch.tensor([1e6]), "count": torch.tensor(7), "small": torch.tensor([0.1])}
    rounded = round_weights(weights)
    assert torch.equal(rounded["large"], weights["large"])
    assert torch.equal(rounded["count"], weights["count"])
    assert rounded["small"].dtype == torch.float16


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"\xff" * 100])
def test_corrupt_weights_are_refused(config, tmp_path, content) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(ModelError, match="train the model again"):
        load_network(config, tmp_path / "w")


def test_missing_weights_are_refused(config, tmp_path) -> None:
    with pytest.raises(ModelError, match="train the model again"):
        load_network(config, tmp_path / "none")


def test_weights_of_another_shape_are_refused(config, tmp_path) -> None:
    other = config.model_copy(update={"vocabulary_size": 21}).build()
    save_weights(other.state_dict(), tmp_path / "w")
    with pytest.raises(ModelError, match="size mismatch"):
        load_network(config, tmp_path / "w")


@pytest.mark.parametrize("content", ["{}", "[]", "no json", '{"format": 99}'])
def test_a_config_of_another_form_is_refused(content, tmp_path) -> None:
    with pytest.raises(ModelError, match="train the model again"):
        read_config(content, tmp_path / "config.json")


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_divides_nothing_is_refused(config, tmp_path, temperature) -> None:
    assert read_config(config.model_dump_json(), tmp_path / "config.json").temperature == 1.0
    content = {**json.loads(config.model_dump_json()), "temperature": temperature}
    with pytest.raises(ModelError, match=r"config\.json: temperature"):
        read_config(json.dumps(content), tmp_path / "config.json")


def test_count_parameters_by_hand() -> None:
    assert count_parameters(torch.nn.Linear(3, 2)) == 8
