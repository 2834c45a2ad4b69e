"""Times of two models as one ratio."""

import time
from collections.abc import Sequence

import pytest
import torch

from sluice.registry import latency


def test_the_ratio_of_medians_is_paired_by_text() -> None:
    """However much texts differ, a model that takes twice as long for each has the ratio 2."""
    second = [0.001, 0.5, 0.02, 3.0, 0.1]
    found = latency.ratio_of_medians([2 * one for one in second], second, 0.95)
    assert found == pytest.approx({"value": 2.0, "low": 2.0, "high": 2.0})


def test_each_text_is_timed_for_both_in_turns(monkeypatch) -> None:
    asked: list[tuple[str, str]] = []

    def answer(model: str, texts: Sequence[str]) -> None:
        asked.append((model, texts[0]))
        time.sleep(0.02 if model == "slow" else 0.005)

    monkeypatch.setattr(latency, "answer_texts", answer)
    before = torch.get_num_threads()
    slow, fast = latency.time_texts("slow", "fast", ["a", "b"], 3)
    assert torch.get_num_threads() == before
    assert len(asked) == 2 * 2 * (3 + 1)
    assert {asked[place][0] for place in range(0, len(asked), 2)} == {"slow", "fast"}
    assert all(one > other for one, other in zip(slow, fast, strict=True))
