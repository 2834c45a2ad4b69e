"""Learning-rate schedules as factors of the highest rate.

In: the share of all steps that is done, from 0 to 1. Out: a factor from 1 down. The warm-up is
applied by the classifier on top.
"""

import math
from collections.abc import Callable
from typing import Literal

ScheduleName = Literal["constant", "linear", "cosine"]

_FLOOR = 0.02


def _linear(done: float) -> float:
    return max(_FLOOR, 1 - done)


def _cosine(done: float) -> float:
    """Loshchilov & Hutter 2017, equation 5, without restarts."""
    return _FLOOR + (1 - _FLOOR) * 0.5 * (1 + math.cos(math.pi * done))


SCHEDULES: dict[ScheduleName, Callable[[float], float]] = {
    "constant": lambda _done: 1.0,
    "linear": _linear,
    "cosine": _cosine,
}
