"""Dynamic batches: texts of calls that come at the same time are answered together.

In: texts of single calls. Out: their answers. What waits is bounded; what is beyond the bound is
refused at once, and a call that nobody waits for any more is not worked on. HTTP is not known here.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from sluice.registry.chosen import Chosen
from sluice.service.limits import Limits
from sluice.serving.bundle import Answers

Result = TypeVar("Result")


class Busy(Exception):  # noqa: N818 - a state, not a mistake
    """More would wait than may."""


class Reply(NamedTuple):
    """What a call gets."""

    answers: Answers
    chosen: Chosen
    """The model that answered, whatever it is replaced by meanwhile."""


class _Call(NamedTuple):
    texts: list[str]
    reply: "asyncio.Future[Reply]"


class Batcher:
    """A queue of calls, and one thread that answers them in batches."""

    def __init__(
        self, current: Callable[[], Chosen], limits: Limits, watch: Callable[[int], None]
    ) -> None:
        self._current, self._limits, self._watch = current, limits, watch
        self._calls: asyncio.Queue[_Call] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "answers")
        self._task: asyncio.Task[None] | None = None
        self.waiting = 0
        """Texts in the queue or being answered."""

    def start(self) -> None:
        """Begin to answer; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """End; whoever waits is told by cancellation."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown(wait=False)

    async def _held(self, count: int, work: Callable[[], "asyncio.Future[Result]"]) -> Result:
        if self.waiting + count > self._limits.queue:
            raise Busy
        self.waiting += count
        try:
            return await work()
        finally:
            self.waiting -= count

    async def ask(self, texts: Sequence[str]) -> Reply:
        """Have texts answered.

        Raises:
            Busy: the queue is full.
        """

        def enter() -> "asyncio.Future[Reply]":
            reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            self._calls.put_nowait(_Call(list(texts), reply))
            return reply

        return await self._held(len(texts), enter)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Have other work done between two batches; it counts as one text.

        Raises:
            Busy: the queue is full.
        """
        loop = asyncio.get_running_loop()
        return await self._held(1, lambda: loop.run_in_executor(self._thread, work))

    async def _gather(self) -> list[_Call]:
        """The next calls: as many as make a batch, or as come within the wait."""
        calls = [await self._calls.get()]
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limits.wait_seconds
        while sum(len(call.texts) for call in calls) < self._limits.batch:
            # Nobody else is on the way: waiting would only cost time.
            if self._calls.empty() and self.waiting <= sum(len(call.texts) for call in calls):
                break
            try:
                async with asyncio.timeout_at(end):
                    calls.append(await self._calls.get())
            except TimeoutError:
                break
        return [call for call in calls if not call.reply.done()]

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            calls = await self._gather()
            texts = [text for call in calls for text in call.texts]
            if not texts:
                continue
            self._watch(len(texts))
            chosen = self._current()
            try:
                found = await loop.run_in_executor(self._thread, chosen.bundle.answer, texts)
            except Exception as error:  # a defect of the model must not end the service
                for call in calls:
                    if not call.reply.done():
                        call.reply.set_exception(error)
                continue
            self._deal_out(calls, found, chosen)

    def _deal_out(self, calls: list[_Call], found: Answers, chosen: Chosen) -> None:
        place = 0
        for call in calls:
            part = slice(place, place + len(call.texts))
            place = part.stop
            said = Answers(found.probabilities[part], found.labels[part], found.abstained[part])
            if not call.reply.done():
                call.reply.set_result(Reply(said, chosen))
