"""Framings: how a series becomes what an LSTM reads, and its answer a forecast.

In: values, a framing, a choice. Out: scaled values and features; and back. The scaler is fitted on
the training part only. No network is built here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sluice.errors import DataError
from sluice.forecasting.series import Floats
from sluice.forecasting.settings import Choice, FramingName


@dataclass(frozen=True)
class Framing:
    """What the network sees of the past."""

    says: str
    """In words."""
    windows: tuple[int, ...] = (1,)
    """Lags side by side as features of one step; several are chosen from."""
    steps: int = 1
    """Steps that the LSTM reads from an empty state for each forecast; without memory only."""
    memory: bool = False
    """The state is carried from batch to batch through the whole series."""
    layers: int = 1
    """LSTM layers."""
    seasonal: bool = False
    """Values are differences at the seasonal lag."""


FRAMINGS: dict[FramingName, Framing] = {
    "regression": Framing("the last value, one step"),
    "window": Framing("the last three values as features of one step", windows=(3,)),
    "time_steps": Framing("the last three values as three steps", steps=3),
    "stateful": Framing("one value at a time, the state kept between batches", memory=True),
    "stacked": Framing("the same with two layers", memory=True, layers=2),
    "seasonal": Framing(
        "differences at the seasonal lag, the last few as features", (1, 2, 3), seasonal=True
    ),
}


@dataclass(frozen=True)
class Scaler:
    """Logarithm, difference at a lag, standardisation: what was fitted on the training part."""

    log: bool
    lag: int
    """Steps between the two values of a difference; 0 for none."""
    mean: float
    deviation: float

    def transform(self, values: Floats) -> Floats:
        """Logarithms or values, (n,) -> (n,)."""
        return np.log(values) if self.log else values

    def invert(self, transformed: Floats) -> Floats:
        """The values again."""
        return np.exp(transformed) if self.log else transformed

    def scale(self, transformed: Floats) -> Floats:
        """Difference and standardise along the last axis, (..., n) -> (..., n - lag)."""
        ahead = transformed[..., self.lag :]
        behind = transformed[..., : transformed.shape[-1] - self.lag]
        differences = ahead - behind if self.lag else transformed
        return (differences - self.mean) / self.deviation

    def unscale(self, scaled: Floats, behind: Floats) -> Floats:
        """Next transformed value from a scaled one and the transformed one a lag before it."""
        differences = scaled * self.deviation + self.mean
        return differences + behind if self.lag else differences


def fit_scaler(train: Floats, framing: Framing, choice: Choice, season: int) -> Scaler:
    """Fit mean and standard deviation on the training part, (n,), and on nothing else.

    Raises:
        DataError: the part is not longer than the seasonal lag.
    """
    lag = season if framing.seasonal else 0
    if len(train) <= lag + 1:
        raise DataError(
            f"the training part has {len(train)} values, too few for a season of {season}: "
            "give a longer series or set the season"
        )
    raw = Scaler(choice.scale == "log", lag, 0.0, 1.0)
    differences = raw.scale(raw.transform(train))
    deviation = float(differences.std())
    return Scaler(raw.log, lag, float(differences.mean()), deviation or 1.0)


def make_features(scaled: Floats, window: int) -> Floats:
    """Put each value beside the ones before it: (..., n) -> (..., n - window + 1, window).

    The last value is the first feature, the one before it the second.
    """
    return np.lib.stride_tricks.sliding_window_view(scaled, window, axis=-1)[..., ::-1]


def reach(framing: Framing, choice: Choice, scaler: Scaler) -> int:
    """Count the values that must be known before the first forecast."""
    return scaler.lag + choice.window + framing.steps - 1


def describe_choice(choice: Choice) -> dict[str, Any]:
    """Give a choice as JSON."""
    return choice.model_dump(mode="json")
