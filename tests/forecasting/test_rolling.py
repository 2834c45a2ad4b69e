"""Framings and rolling origins: no look ahead, one step in many ways the same, back and forth."""

import numpy as np
import pytest
import torch

from sluice.errors import DataError, ModelError
from sluice.forecasting.baselines import BASELINES, fit_baseline
from sluice.forecasting.fitting import choose, fit_framing, make_blocks, make_examples
from sluice.forecasting.framings import FRAMINGS, fit_scaler, make_features
from sluice.forecasting.network import Forecaster, ForecastNetwork
from sluice.forecasting.rolling import Combined, Fitted, last_origins, one_step_rmse
from sluice.forecasting.settings import Choice, Grid, Sarima, Training
from sluice.forecasting.storage import load_forecaster, make_network, save_forecaster
from sluice.models.training import quiet_lightning

SEASON = 4
TINY = Training(
    seeds=(0,), choosing_seeds=(0,), max_epochs=4, check_every=2, chunk=5, batch_size=8,
    grid=Grid(scale=("log",), target=("change",), hidden_size=(3,)),
)  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Lightning's on loader workers


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet_lightning()


def wave(count: int = 48) -> np.ndarray:
    places = np.arange(count)
    noise = np.random.default_rng(3).normal(0, 0.05, count)
    return np.exp(3 + 0.02 * places + 0.3 * np.sin(2 * np.pi * places / SEASON) + noise)


def choice(name: str, **changes) -> Choice:
    first = {"scale": "log", "target": "change", "hidden_size": 3}
    return Choice(**first | {"window": FRAMINGS[name].windows[-1]} | changes)


def untrained(name: str, **changes) -> Fitted:
    """A network with random weights in all its layers."""
    torch.manual_seed(5)
    made = choice(name, **changes)
    network = make_network(name, made).eval()
    torch.nn.init.normal_(network.output.weight)
    return Fitted(network, FRAMINGS[name], made, fit_scaler(wave(), FRAMINGS[name], made, SEASON))


@pytest.mark.parametrize("target", ["value", "change"])
@pytest.mark.parametrize("scale", ["level", "log"])
@pytest.mark.parametrize("name", FRAMINGS)
def test_no_forecast_looks_ahead(name: str, scale: str, target: str) -> None:
    model = untrained(name, scale=scale, target=target)
    origins = np.array([20, 21, 30])
    seen = model.roll(wave(), origins, 3)
    for row, origin in enumerate(origins):
        other = wave()
        other[origin + 1 :] *= 7
        assert np.allclose(model.roll(other, origins[[row]], 3), seen[[row]], rtol=1e-5)
        other[origin] *= 1.3
        assert not np.allclose(model.roll(other, origins[[row]], 3), seen[[row]], rtol=1e-5)


@pytest.mark.parametrize("name", FRAMINGS)
def test_the_second_step_is_the_first_after_the_forecast_came_true(name: str) -> None:
    model, values = untrained(name), wave()
    two = model.roll(values, np.array([25]), 2)[0]
    values[26] = two[0]
    assert np.isclose(model.roll(values, np.array([26]), 1)[0, 0], two[1], rtol=1e-5)


@pytest.mark.parametrize("name", FRAMINGS)
def test_the_first_origin_is_the_reach_and_not_earlier(name: str) -> None:
    model = untrained(name)
    found = model.roll(wave(), last_origins(model.reach, 48), 1)
    assert found.shape == (48 - model.reach, 1)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", ["stateful", "stacked"])
def test_memory_reaches_farther_than_any_window(name: str) -> None:
    model, values = untrained(name), wave()
    before = model.roll(values, np.array([10]), 1)
    values[0] *= 2
    assert not np.allclose(model.roll(values, np.array([10]), 1), before, rtol=1e-6)


def test_the_state_goes_from_batch_to_batch_and_starts_anew_with_each_epoch() -> None:
    network = ForecastNetwork(1, 3, 1, change=False)
    module = Forecaster(network, TINY, memory=True)
    inputs, targets = torch.randn(1, 6, 1), torch.randn(1, 6)
    module.on_train_epoch_start()
    cut = [module.training_step((inputs[:, part], targets[:, part])) for part in _halves()]
    module.on_train_epoch_start()
    whole = module.training_step((inputs, targets))
    assert torch.allclose((cut[0] + cut[1]) / 2, whole)
    forgetful = Forecaster(network, TINY, memory=False)
    apart = [forgetful.training_step((inputs[:, part], targets[:, part])) for part in _halves()]
    assert torch.allclose(cut[0], apart[0])
    assert not torch.allclose(cut[1], apart[1])


def _halves() -> tuple[slice, slice]:
    return slice(0, 3), slice(3, 6)


def test_features_and_targets_stand_one_step_apart() -> None:
    features = make_features(np.arange(5.0), 3)
    assert features.tolist() == [[2, 1, 0], [3, 2, 1], [4, 3, 2]]
    made = choice("time_steps", scale="level")
    scaler = fit_scaler(wave(), FRAMINGS["time_steps"], made, SEASON)
    inputs, targets = make_examples(wave(), FRAMINGS["time_steps"], made, scaler)
    assert inputs.shape == (45, 3, 1)
    assert torch.equal(inputs[1:, -1, 0], targets[:-1, 0])
    memory = choice("stateful", scale="level")
    inputs, targets = make_examples(wave(), FRAMINGS["stateful"], memory, scaler)
    assert inputs.shape == (1, 47, 1)
    assert torch.equal(inputs[0, 1:, 0], targets[0, :-1])


@pytest.mark.parametrize("name", FRAMINGS)
def test_scaling_is_undone(name: str) -> None:
    made = choice(name)
    scaler = fit_scaler(wave()[:30], FRAMINGS[name], made, SEASON)
    known = scaler.transform(wave())
    scaled = scaler.scale(known)
    assert np.isclose(scaled[: 30 - scaler.lag].mean(), 0)  # of the training part alone
    assert np.isclose(scaled[: 30 - scaler.lag].std(), 1)
    behind = known[: len(scaled)]
    assert np.allclose(scaler.invert(scaler.unscale(scaled, behind)), wave()[scaler.lag :])


def test_a_constant_series_is_forecast_as_it_is() -> None:
    flat = np.full(40, 5.0)
    for name in ("regression", "stateful", "seasonal"):
        made = choice(name)
        model = fit_framing(flat, FRAMINGS[name], made, SEASON, TINY, 0, 2)
        assert np.allclose(model.roll(flat, np.array([39]), 3), 5.0, rtol=1e-2)


def test_training_is_deterministic_and_learns() -> None:
    params = TINY.model_copy(update={"learning_rate": 0.02})
    made = choice("stateful", target="value", hidden_size=8)
    fits = [
        fit_framing(wave()[:40], FRAMINGS["stateful"], made, SEASON, params, 1, epochs)
        for epochs in (40, 40, 1)
    ]
    scores = [one_step_rmse(one.roll, wave(), 5, 40) for one in fits]
    assert scores[0] == scores[1]
    assert scores[0] < 0.7 * scores[2]


def test_choices_see_nothing_behind_the_training_part() -> None:
    tried = choose(wave()[:40], 30, FRAMINGS["seasonal"], SEASON, TINY)
    assert [one.choice.window for one in tried] != []
    assert {one.choice.window for one in tried} == {1, 2, 3}
    assert [one.rmse for one in tried] == sorted(one.rmse for one in tried)
    assert all(one.epochs in (2, 4) for one in tried)
    negative = wave()[:40] - 60
    levels = choose(
        negative, 30, FRAMINGS["regression"], SEASON,
        TINY.model_copy(update={"grid": Grid(hidden_size=(3,))}),
    )  # fmt: skip
    assert {one.choice.scale for one in levels} == {"level"}


def test_blocks_part_the_validation_rows_without_a_gap() -> None:
    assert make_blocks(10, 20, 3) == [(10, 14), (14, 17), (17, 20)]
    assert make_blocks(10, 12, 5) == [(10, 11), (11, 12)]


def test_a_part_that_is_too_short_is_refused() -> None:
    with pytest.raises(DataError, match="fewer than 8 examples"):
        fit_framing(wave(12), FRAMINGS["seasonal"], choice("seasonal"), SEASON, TINY, 0, 1)
    with pytest.raises(DataError, match="too few for a season of 12"):
        fit_scaler(wave(12), FRAMINGS["seasonal"], choice("seasonal"), 12)


def test_a_stored_forecaster_forecasts_the_same(tmp_path) -> None:
    model = Combined((untrained("stacked"), untrained("stacked", target="value")))
    paths = tmp_path / "model.safetensors", tmp_path / "config.json"
    save_forecaster("stacked", model, *paths)
    origins = np.array([20, 40])
    again = load_forecaster(*paths).roll(wave(), origins, 3)
    assert np.array_equal(again, model.roll(wave(), origins, 3))
    members = [one.roll(wave(), origins, 3) for one in model.members]
    assert np.allclose(again, np.mean(members, axis=0))
    paths[0].write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="train it again"):
        load_forecaster(*paths)


@pytest.mark.parametrize("name", BASELINES)
def test_no_baseline_looks_ahead(name: str) -> None:
    fitted = fit_baseline(name, wave()[:36], SEASON, Sarima())
    origins = np.array([36, 40])
    other = wave()
    other[41:] *= 5
    seen = fitted.roll(wave(), origins, 3)
    assert seen.shape == (2, 3)
    assert np.allclose(fitted.roll(other, origins, 3), seen)


def test_simple_baselines_by_hand() -> None:
    values = np.array([1.0, 2, 3, 4, 2, 4, 6, 8] * 3)
    origins = np.array([21])  # value 4 of the last round; then 6, 8
    fitted = {name: fit_baseline(name, values, SEASON, Sarima()) for name in list(BASELINES)[:3]}
    rolled = {name: one.roll(values, origins, 6)[0].tolist() for name, one in fitted.items()}
    assert rolled["naive"] == [4] * 6
    assert rolled["seasonal_naive"] == [3, 4, 2, 4, 3, 4]
    growth = 4 / 2  # of the last value over a season
    assert np.allclose(rolled["seasonal_growth"][:4], np.array([3, 4, 2, 4]) * growth)
    assert np.allclose(rolled["seasonal_growth"][4:], np.array([3, 4]) * growth**2)


def test_a_baseline_needs_two_seasons() -> None:
    with pytest.raises(DataError, match="need 32 for a season of 12"):
        fit_baseline("naive", wave(20), 12, Sarima())
