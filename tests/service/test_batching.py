"""Batches: calls at the same time are answered together, each gets its own, no more than fit."""

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest

from sluice.registry.chosen import Chosen
from sluice.service.batching import Batcher, Busy, Reply
from sluice.service.limits import Limits
from sluice.serving.bundle import Answers


class Slow:
    """Stands for a bundle: answers with the texts themselves, once it may."""

    def __init__(self) -> None:
        self.may, self.sizes = threading.Event(), list[int]()
        self.may.set()

    def answer(self, texts: list[str]) -> Answers:
        self.may.wait(20)
        self.sizes.append(len(texts))
        if "break" in texts:
            raise RuntimeError("a defect")
        return Answers(np.arange(len(texts))[:, None] * 1.0, texts, np.zeros(len(texts), bool))


def make(limits: Limits) -> tuple[Slow, Batcher, list[int]]:
    slow, seen = Slow(), list[int]()
    chosen = Chosen(slow, Path(), "slow")  # type: ignore[arg-type]  # it has all that is called
    return slow, Batcher(lambda: chosen, limits, seen.append), seen


async def running(batcher: Batcher, calls: list[list[str]]) -> list[Reply | BaseException]:
    batcher.start()
    try:
        return await asyncio.gather(*map(batcher.ask, calls), return_exceptions=True)
    finally:
        await batcher.stop()


def test_calls_at_the_same_time_are_answered_together() -> None:
    slow, batcher, seen = make(Limits(batch=16, wait_seconds=0.5))
    calls = [[f"{call}-{place}" for place in range(1 + call % 3)] for call in range(20)]
    found = asyncio.run(running(batcher, calls))
    for call, reply in zip(calls, found, strict=True):
        assert isinstance(reply, Reply)
        assert reply.answers.labels == call
        assert len(reply.answers.probabilities) == len(reply.answers.abstained) == len(call)
    assert sum(seen) == sum(map(len, calls))
    assert seen == slow.sizes
    assert len(seen) <= 4
    assert batcher.waiting == 0


def test_what_is_beyond_the_queue_is_refused_at_once() -> None:
    async def go() -> None:
        slow, batcher, _ = make(Limits(queue=4, batch=2, wait_seconds=0))
        slow.may.clear()
        batcher.start()
        first = [asyncio.create_task(batcher.ask(["a", "b"])) for _ in "12"]
        await asyncio.sleep(0.05)
        with pytest.raises(Busy):
            await batcher.ask(["c"])
        with pytest.raises(Busy):
            await batcher.run(lambda: None)
        slow.may.set()
        assert [reply.answers.labels for reply in await asyncio.gather(*first)] == [["a", "b"]] * 2
        assert (await batcher.ask(["c"])).answers.labels == ["c"]
        await batcher.stop()

    asyncio.run(go())


def test_a_call_that_nobody_waits_for_is_not_worked_on() -> None:
    async def go() -> None:
        slow, batcher, _ = make(Limits(batch=1, wait_seconds=0))
        slow.may.clear()
        batcher.start()
        first = asyncio.create_task(batcher.ask(["a"]))
        await asyncio.sleep(0.05)
        gone = asyncio.create_task(batcher.ask(["gone"]))
        await asyncio.sleep(0.05)
        gone.cancel()
        last = asyncio.create_task(batcher.ask(["b"]))
        await asyncio.sleep(0.05)
        slow.may.set()
        await asyncio.gather(first, last)
        await batcher.stop()
        assert slow.sizes == [1, 1]
        assert batcher.waiting == 0

    asyncio.run(go())


def test_a_defect_ends_its_batch_and_not_the_service() -> None:
    async def go() -> None:
        _, batcher, _ = make(Limits(wait_seconds=0))
        batcher.start()
        with pytest.raises(RuntimeError, match="a defect"):
            await batcher.ask(["break"])
        assert (await batcher.ask(["a"])).answers.labels == ["a"]
        await batcher.stop()

    asyncio.run(go())
