"""Asks a Prefect server's API as its own clients do: one that is busy is asked again."""

import time
from typing import Any

import httpx

TRIES = 20
"""A server on SQLite answers 503 while its database is locked; its clients ask again."""


def call(server: str, path: str, **content: object) -> Any:
    """Post to the API; what it answers."""
    return _ask("POST", f"{server}/{path}", content)


def look(server: str, path: str) -> Any:
    """Get from the API; what it answers."""
    return _ask("GET", f"{server}/{path}", None)


def _ask(method: str, address: str, content: object) -> Any:
    for _ in range(TRIES):
        answer = httpx.request(method, address, json=content, timeout=20)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(0.5)
    answer.raise_for_status()
    return answer.json() if answer.content else None
