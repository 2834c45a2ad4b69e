"""How long two models take to answer, as a ratio measured in one run.

In: two loaded models and texts. Out: the ratio of their median times with an interval. Seconds of
this machine mean nothing elsewhere and are not kept; no output of a stage holds a clock.
"""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
import torch

from sluice.evaluation.intervals import draw_times, percentile_interval
from sluice.registry.settings import Latency
from sluice.serving.answers import answer_texts
from sluice.serving.model import Model

RESAMPLES, SEED = 1000, 0


def _seconds(model: Model, texts: Sequence[str]) -> float:
    """Seconds for all texts, one at a time."""
    start = perf_counter()
    for text in texts:
        answer_texts(model, [text])
    return perf_counter() - start


def time_rounds(
    first: Model, second: Model, texts: Sequence[str], rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds of each round for both models, which take turns to go first.

    One thread is used, and a round goes before the first that is counted.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        pairs = []
        for number in range(rounds + 1):
            order = (first, second) if number % 2 else (second, first)
            taken = {id(model): _seconds(model, texts) for model in order}
            pairs.append((taken[id(first)], taken[id(second)]))
    finally:
        torch.set_num_threads(threads)
    return [one for one, _ in pairs[1:]], [two for _, two in pairs[1:]]


def ratio_of_medians(
    first: Sequence[float], second: Sequence[float], confidence: float
) -> dict[str, float]:
    """Give median(first) / median(second) with its bootstrap interval over rounds, paired.

    Efron & Tibshirani 1993, "An Introduction to the Bootstrap", equation 13.5. With few rounds the
    interval is rough; it says how restless the machine was.
    """
    times = np.vstack(list(draw_times(len(first), RESAMPLES, SEED))).astype(np.int64)
    drawn = [
        np.median(np.repeat(first, time)) / np.median(np.repeat(second, time)) for time in times
    ]
    value = float(np.median(first) / np.median(second))
    return {"value": value, **percentile_interval(np.array(drawn), confidence)._asdict()}


def compare_latency(
    challenger: Model, champion: Model, texts: Sequence[str], settings: Latency, confidence: float
) -> dict[str, float]:
    """Measure the challenger's median time as a multiple of the champion's, with its interval."""
    used = list(texts[: settings.texts])
    return ratio_of_medians(*time_rounds(challenger, champion, used, settings.rounds), confidence)
