"""What stands before the routes: token, kind and size of the body, time, headers, one log line.

In: ASGI calls. Out: the same calls, or an answer that says why not. No text is ever logged here.
"""

import asyncio
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sluice.service.limits import Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
LOG = logging.getLogger("sluice.serve")
OPEN = ("/", "/health", "/ready", "/openapi.json")
"""Paths that need no token: they tell nothing of the texts."""
KNOWN = (*OPEN, "/predict", "/explain", "/metrics")
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
]


class Refused(Exception):  # noqa: N818 - an answer, not a mistake
    """A call gets this status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def _header(scope: Message, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def is_allowed(given: bytes, token: str) -> bool:
    """Whether a call's Authorization is the bearer token, compared in constant time."""
    return hmac.compare_digest(given, b"Bearer " + token.encode())


class Guard:
    """Wraps an application; `note` is told path, status and seconds of each call."""

    def __init__(
        self, app: App, limits: Limits, token: str | None, note: Callable[[str, int, float], None]
    ) -> None:
        self._app, self._limits, self._token, self._note = app, limits, token, note

    def _check(self, scope: Message) -> None:
        closed = scope["path"] not in OPEN and self._token is not None
        if closed and not is_allowed(_header(scope, b"authorization"), self._token or ""):
            raise Refused(401, "send the header Authorization: Bearer and the service's token")
        if scope["method"] != "POST":
            return
        kind = _header(scope, b"content-type").partition(b";")[0].strip().lower()
        if kind != b"application/json":
            raise Refused(415, "send JSON, with the header Content-Type: application/json")
        length = _header(scope, b"content-length")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            raise Refused(413, f"a body has at most {self._limits.body_bytes:,} bytes")

    async def _read(self, receive: Receive) -> bytes:
        """The whole body, within its size and time."""
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._limits.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refused(400, "the body ended early")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._limits.body_bytes:
                        raise Refused(413, f"a body has at most {self._limits.body_bytes:,} bytes")
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError as error:
            raise Refused(408, f"the body took longer than {self._limits.seconds} s") from error

    async def _pass(self, scope: Message, receive: Receive, send: Send) -> None:
        self._check(scope)
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        first: list[Message] = [{"type": "http.request", "body": await self._read(receive)}]

        async def again() -> Message:
            return first.pop() if first else await receive()

        await self._app(scope, again, send)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {key for key, _ in message["headers"]}
                more = [pair for pair in HEADERS if pair[0] not in given]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        try:
            await self._pass(scope, receive, told)
        except Refused as refused:
            await _answer(told, refused)
        finally:
            path = scope["path"] if scope["path"] in KNOWN else "other"
            seconds = time.perf_counter() - started
            self._note(path, status, seconds)
            LOG.info("%s %s %d %.1f ms", scope["method"][:10], path, status, 1000 * seconds)


async def _answer(send: Send, refused: Refused) -> None:
    body = json.dumps({"detail": refused.reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
