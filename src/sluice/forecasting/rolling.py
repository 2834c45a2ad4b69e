"""Rolling origins: from each of many points in time, forecasts of several steps ahead.

In: a trained network or the function of a baseline, the whole series, origins. Out: forecasts,
(origins, horizon). Each uses values up to its origin and no later ones; parameters stay as they
were fitted (Tashman 2000, "Out-of-sample tests of forecasting accuracy", fixed-fit rolling).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sluice.forecasting.framings import Framing, Scaler, make_features, reach
from sluice.forecasting.network import ForecastNetwork, State
from sluice.forecasting.series import Floats
from sluice.forecasting.settings import Choice

Origins = npt.NDArray[np.int64]
"""Index of the last value that is known."""
Roll = Callable[[Floats, Origins, int], Floats]
"""Whole series, origins and horizon to forecasts, (origins, horizon)."""


def last_origins(first_target: int, end: int) -> Origins:
    """Give the origins whose next value is in [first_target, end)."""
    return np.arange(first_target - 1, end - 1, dtype=np.int64)


def _to_tensor(values: Floats) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


@dataclass(frozen=True)
class Fitted:
    """A trained network with all that is needed to forecast."""

    network: ForecastNetwork
    framing: Framing
    choice: Choice
    scaler: Scaler

    @property
    def reach(self) -> int:
        """Values that must be known before the first forecast."""
        return reach(self.framing, self.choice, self.scaler)

    def _tails(self, transformed: Floats, origins: Origins) -> Floats:
        """What the next step reads of the past of each origin, (origins, reach)."""
        return np.stack([transformed[one + 1 - self.reach : one + 1] for one in origins])

    def _states(self, transformed: Floats, origins: Origins) -> State:
        """State of the network before the step at each origin, through all that came before."""
        features = make_features(self.scaler.scale(transformed), self.choice.window)
        steps = _to_tensor(features)[None]
        layers, size = self.network.lstm.num_layers, self.network.lstm.hidden_size
        empty = torch.zeros(layers, 1, size)
        state, kept = (empty, empty), []
        for place in range(steps.shape[1]):
            kept.append(state)
            state = self.network(steps[:, place : place + 1], state)[1]
        found = [kept[int(one) - self.scaler.lag - self.choice.window + 1] for one in origins]
        return torch.cat([one[0] for one in found], 1), torch.cat([one[1] for one in found], 1)

    @torch.no_grad()
    def roll(self, values: Floats, origins: Origins, horizon: int) -> Floats:
        """Forecast from each origin; later steps read the earlier ones' forecasts."""
        transformed = self.scaler.transform(values)
        tails = self._tails(transformed, origins)
        state = self._states(transformed, origins) if self.framing.memory else None
        found = []
        for _ in range(horizon):
            features = make_features(self.scaler.scale(tails), self.choice.window)
            answers, after = self.network(_to_tensor(features), state)
            state = after if self.framing.memory else None
            behind = tails[:, -self.scaler.lag] if self.scaler.lag else tails[:, -1]
            ahead = self.scaler.unscale(answers[:, -1].numpy().astype(np.float64), behind)
            found.append(self.scaler.invert(ahead))
            tails = np.concatenate([tails[:, 1:], ahead[:, np.newaxis]], axis=1)
        return np.stack(found, axis=1)


@dataclass(frozen=True)
class Combined:
    """Several fitted networks; their forecasts are averaged (Bates & Granger 1969)."""

    members: tuple[Fitted, ...]

    @property
    def reach(self) -> int:
        """Values that must be known before the first forecast."""
        return max(one.reach for one in self.members)

    def roll(self, values: Floats, origins: Origins, horizon: int) -> Floats:
        """Average what the members forecast from each origin, (origins, horizon)."""
        found = [one.roll(values, origins, horizon) for one in self.members]
        return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def rmse(errors: Floats) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.mean(np.square(errors))))


def one_step_rmse(roll: Roll, values: Floats, first: int, end: int) -> float:
    """RMSE of forecasts one step ahead of the values in [first, end)."""
    return rmse(roll(values, last_origins(first, end), 1)[:, 0] - values[first:end])
