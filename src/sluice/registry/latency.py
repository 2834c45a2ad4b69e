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


def _seconds(model: Model, text: str) -> float:
    start = perf_counter()
    answer_texts(model, [text])
    return perf_counter() - start


def time_texts(
    first: Model, second: Model, texts: Sequence[str], rounds: int
) -> tuple[list[float], list[float]]:
    """Give each text's median seconds over the rounds for both models, (texts,) each.

    Text by text the two answer one after the other, and take turns to go first: what else the
    machine does slows both. One thread is used; a round goes before the first that is counted.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    taken = np.zeros((2, rounds + 1, len(texts)))
    try:
        for number in range(rounds + 1):
            for place, text in enumerate(texts):
                for which in (0, 1) if (number + place) % 2 else (1, 0):
                    taken[which, number, place] = _seconds((first, second)[which], text)
    finally:
        torch.set_num_threads(threads)
    medians = np.median(taken[:, 1:], axis=1)
    return medians[0].tolist(), medians[1].tolist()


def ratio_of_medians(
    first: Sequence[float], second: Sequence[float], confidence: float
) -> dict[str, float]:
    """Give median(first) / median(second) with its bootstrap interval over texts, paired.

    Efron & Tibshirani 1993, "An Introduction to the Bootstrap", equation 13.5.
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
    return ratio_of_medians(*time_texts(challenger, champion, used, settings.rounds), confidence)
