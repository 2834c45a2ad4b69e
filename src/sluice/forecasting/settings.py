"""The parameters of a forecast: which series, how it is parted, what is tried, what is reported.

In: sections of a params file of `pipelines/forecast`. Out: frozen objects. Nothing is read from
data and nothing is trained here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sluice.params import Section

Scale = Literal["level", "log"]
Target = Literal["value", "change"]
FramingName = Literal["regression", "window", "time_steps", "stateful", "stacked", "seasonal"]
BaselineName = Literal["naive", "seasonal_naive", "seasonal_growth", "ets", "sarima"]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Order = Annotated[int, Field(ge=0, le=5)]


class Reading(Section):
    """Section `series`: where the series is, and what a gap in it means."""

    path: Path = Path("data/airline-passengers.csv")
    """The CSV, from the pipeline's folder; its dvc.yaml takes the path from here."""
    time: str = Field(default="month", min_length=1)
    """Column of the times; any form that pandas reads without being told."""
    value: str = Field(default="passengers", min_length=1)
    """Column of the values."""
    unit: str = Field(default="thousands of passengers", max_length=80)
    """What a value counts: for tables and figures."""
    season: int | None = Field(default=None, ge=1, le=400)
    """Steps after which the pattern repeats; null takes it from the frequency (12 of months)."""
    gaps: Literal["refuse", "carry"] = "refuse"
    """A missing time is an error, or the last value is carried over it and never scored."""


class Parts(Section):
    """Section `parts`: how the series is parted in time."""

    train_share: Share = 0.67
    """The first share of the series is trained on, the rest is for the test."""
    validation_share: Share = 0.25
    """The last share of the training part, on which every choice is made."""


class Choice(Section):
    """What is chosen for a framing, on the last part of the training series."""

    scale: Scale
    """Values as they are, or their logarithms."""
    target: Target
    """The network's output is the next scaled value, or what is added to the last one."""
    hidden_size: int = Field(ge=1, le=512)
    """Features of each LSTM layer."""
    window: int = Field(ge=1, le=400)
    """Lags that stand side by side as features of one step."""


class Grid(Section):
    """Values that are tried in all combinations; the window's are the framing's."""

    scale: tuple[Scale, ...] = Field(default=("level", "log"), min_length=1)
    """Scales; the logarithm is passed over where a value is not positive."""
    target: tuple[Target, ...] = Field(default=("value", "change"), min_length=1)
    """Targets."""
    hidden_size: tuple[Annotated[int, Field(ge=1, le=512)], ...] = Field(
        default=(4, 16), min_length=1
    )
    """Sizes."""

    def choices(self, windows: tuple[int, ...], positive: bool) -> Iterator[Choice]:
        """Give every combination; without logarithms of a series that has none."""
        for scale in self.scale if positive else ("level",):
            for target in self.target:
                for size in self.hidden_size:
                    for window in windows:
                        yield Choice(scale=scale, target=target, hidden_size=size, window=window)


class Training(Section):
    """Section `train`: framings, seeds, and the optimisation that they share."""

    framings: tuple[FramingName, ...] = Field(default=("seasonal",), min_length=1)
    """Framings to train; see `sluice.forecasting.framings.FRAMINGS`."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(0, 1, 2, 3, 4), min_length=1)
    """Seeds of the trainings whose scores are reported."""
    choosing_seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(100, 101), min_length=1
    )
    """Seeds of the trainings that choose; a choice is made by the mean of their scores."""
    grid: Grid = Grid()
    """What is chosen from."""
    max_epochs: int = Field(default=400, ge=1, le=100_000)
    """Epochs at most; the number that is best on the last part of the training series is taken."""
    check_every: int = Field(default=10, ge=1)
    """Epochs between two looks at that part."""
    combined: int = Field(default=3, ge=1, le=20)
    """How many of the best choices are trained; their forecasts are averaged."""
    patience: int = Field(default=15, ge=1)
    """Looks without a better one after which a choosing training ends."""
    blocks: int = Field(default=1, ge=1)
    """Blocks of that part; each is forecast by networks that saw all that comes before it."""
    learning_rate: float = Field(default=0.003, gt=0.0, le=1.0)
    """Of Adam with decoupled weight decay."""
    weight_decay: float = Field(default=0.0, ge=0.0)
    """Of the same."""
    gradient_clip: float = Field(default=1.0, ge=0.0)
    """Largest norm of a gradient; 0 leaves gradients alone."""
    batch_size: int = Field(default=128, ge=1)
    """Windows in a batch, for framings without memory."""
    chunk: int = Field(default=12, ge=1)
    """Steps in a batch of a framing with memory: how far back gradients reach."""
    threads: int = Field(default=1, ge=1, le=256)
    """Threads of torch."""

    @model_validator(mode="after")
    def _looks_at_least_once(self) -> "Training":
        if self.check_every > self.max_epochs:
            raise ValueError("check_every must not be above max_epochs")
        return self


class Sarima(Section):
    """Orders of the model: Box & Jenkins' airline model unless told otherwise."""

    order: tuple[Order, Order, Order] = (0, 1, 1)
    """Autoregressions, differences, moving averages."""
    seasonal_order: tuple[Order, Order, Order] = (0, 1, 1)
    """The same at the seasonal lag."""


class Baselines(Section):
    """Section `baseline`."""

    names: tuple[BaselineName, ...] = Field(default=("seasonal_naive", "sarima"), min_length=1)
    """Baselines; see `sluice.forecasting.baselines.BASELINES`."""
    sarima: Sarima = Sarima()
    """Orders of SARIMA."""


class Evaluation(Section):
    """Section `evaluate`: horizons, intervals, and the bootstrap."""

    horizon: int = Field(default=12, ge=1, le=400)
    """Steps ahead that are forecast from every origin."""
    levels: tuple[Share, ...] = Field(default=(0.8, 0.95), min_length=1)
    """Share of values that a prediction interval is made to hold."""
    confidence: Share = 0.95
    """Of intervals of RMSE and of coverage."""
    resamples: int = Field(default=2000, ge=100)
    """Bootstrap resamples."""
    seed: int = Field(default=0, ge=0)
    """Of the bootstrap."""


class Published(Section):
    """An entry of published.yaml: figures that are printed elsewhere."""

    train: float = Field(gt=0.0)
    """RMSE on the training part."""
    test: float = Field(gt=0.0)
    """RMSE on the test part."""
    skipped: int = Field(ge=0)
    """Values at the start of the test part that it does not forecast; nor does it the last one."""
