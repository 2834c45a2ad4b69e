"""Fetches one file of a public Kaggle data set through kagglehub, within limits.

In: slug, version and file name. Out: the file's place in kagglehub's cache and the set's version,
or an error in one line. What may pass is tried again; each try is one of `kaggle_fetch`.
"""

import logging
import os
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import Field, field_validator
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from sluice.data.kaggle_fetch import fetch_apart
from sluice.errors import SluiceError, SourceError
from sluice.params import Section, written_as

_UNREACHABLE = "ingest.kaggle.version pins a copy that was fetched before and needs no network"
_CREDENTIALS = "KAGGLE_API_TOKEN, KAGGLE_USERNAME and KAGGLE_KEY, or the files in ~/.kaggle"
LONGEST_DELAY = 60.0
"""Seconds that are waited at most before another try, whatever the server asks for."""

Slug = Annotated[
    str, written_as(r"\w[\w-]*/\w[\w-]*", "owner/name, each of letters, digits, - and _")
]


class Kaggle(Section):
    """Which file of which data set."""

    slug: Slug | None = None
    """`owner/name` as in the address kaggle.com/datasets/owner/name."""
    version: int | None = Field(default=None, ge=1)
    """Version of the data set; null takes the newest, which needs the network in every run."""
    file: str | None = None
    """Name of the CSV file inside the data set."""
    timeout_seconds: float = Field(default=300.0, gt=0)
    """Time that one try may take, in seconds."""
    tries: int = Field(default=3, ge=1, le=10)
    """How often the download is tried in all, where another try may help."""
    delay_seconds: float = Field(default=2.0, ge=0, le=60)
    """Delay before the second try; it doubles for each further one, up to a minute, with jitter."""

    @field_validator("file")
    @classmethod
    def _stays_inside(cls, file: str | None) -> str | None:
        path = PurePosixPath(file or "file")
        if path.is_absolute() or ".." in path.parts or file == "":
            raise ValueError("must name a file inside the data set")
        return file


def _explain_status(status: int, step: str, settings: Kaggle) -> SourceError:
    slug = settings.slug
    if status == 404 and step == "file":
        version = f" version {settings.version}" if settings.version else ""
        return SourceError(
            f"Kaggle: '{slug}'{version} has no file '{settings.file}' (HTTP 404): check "
            "ingest.kaggle.file and ingest.kaggle.version"
        )
    if status == 404:
        return SourceError(
            f"Kaggle: there is no data set '{slug}' (HTTP 404): check ingest.kaggle.slug"
        )
    if status == 401:
        return SourceError(
            f"Kaggle does not accept the credentials it was given (HTTP 401): renew or remove "
            f"{_CREDENTIALS}; a public data set needs none"
        )
    if status == 403:
        return SourceError(
            f"Kaggle does not give out '{slug}' (HTTP 403): it does not exist, is private, or asks "
            f"for consent on its page; check ingest.kaggle.slug and {_CREDENTIALS}"
        )
    return SourceError(f"Kaggle answers with HTTP {status} for '{slug}': try again later")


def _explain(answer: dict[str, Any], settings: Kaggle) -> SluiceError | OSError:
    match answer["problem"]:
        case "http":
            return _explain_status(answer["status"], answer["step"], settings)
        case "connection":
            return SourceError(
                f"Kaggle cannot be reached for '{settings.slug}': check the network and the proxy; "
                f"{_UNREACHABLE}"
            )
        case "truncated":
            return SourceError(
                f"Kaggle broke off in the middle of '{settings.file}' of '{settings.slug}': check "
                "the network and the proxy, or try again later; nothing of it is used"
            )
        case "timeout":
            return SourceError(
                f"Kaggle has not delivered '{settings.slug}' within "
                f"{settings.timeout_seconds:g} s: check the network, or raise "
                f"ingest.kaggle.timeout_seconds; {_UNREACHABLE}"
            )
        case "certificate":
            return SourceError(
                "Kaggle's certificate is not trusted here: check the proxy and REQUESTS_CA_BUNDLE"
            )
        case "credentials":
            return SourceError(f"Kaggle's credentials are malformed: mend or remove {_CREDENTIALS}")
        case "system":
            number = answer["errno"]
            return OSError(number, os.strerror(number), "kagglehub's cache")
        case _:
            return SourceError(
                f"Kaggle: '{settings.file}' of '{settings.slug}' cannot be fetched "
                f"({answer['type']}): try again, or download it by hand and use source: csv"
            )


def _is_passing(answer: dict[str, Any]) -> bool:
    """Whether another try may end otherwise."""
    status = answer.get("status", 0)
    return answer.get("problem") in ("connection", "truncated", "timeout") or (
        status in (408, 425, 429) or status >= 500
    )


def _wait(state: RetryCallState) -> float:
    """Seconds until the next try: what the server asks for, or a doubling delay with jitter."""
    outcome = state.outcome
    asked: float = outcome.result().get("after", 0.0) if outcome else 0.0
    first = state.kwargs["settings"].delay_seconds
    backoff = wait_exponential(multiplier=first, max=LONGEST_DELAY) + wait_random(0, first)
    return max(backoff(state), min(asked, LONGEST_DELAY))


def _say_again(state: RetryCallState) -> None:
    if state.outcome and state.next_action:
        logging.getLogger(__name__).warning(
            "%s; try %d of %d follows in %.0f s",
            _explain(state.outcome.result(), state.kwargs["settings"]),
            state.attempt_number + 1,
            state.kwargs["settings"].tries,
            state.next_action.sleep,
        )


def _last_answer(state: RetryCallState) -> dict[str, Any]:
    return dict(state.outcome.result()) if state.outcome else {}


def _fetch(*, settings: Kaggle) -> dict[str, Any]:
    pinned = f"/versions/{settings.version}" if settings.version else ""
    handle, file = f"{settings.slug}{pinned}", str(settings.file)
    return fetch_apart(handle, file, settings.timeout_seconds)


def download(settings: Kaggle) -> tuple[Path, str | None]:
    """Fetch the file, or find it in kagglehub's cache; give its path and the set's version.

    What passes by itself (no connection, HTTP 429 and 5xx, half a file, a network that hangs) is
    tried again after delays that double, with jitter, so that many who failed at once do not come
    back at once (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

    Raises:
        SourceError: no such set or file, no network, refused credentials, or out of time.
        OSError: the cache cannot be written.
    """
    retrying = Retrying(
        retry=retry_if_result(_is_passing),
        stop=stop_after_attempt(settings.tries),
        wait=_wait,
        before_sleep=_say_again,
        retry_error_callback=_last_answer,
    )
    answer = retrying(_fetch, settings=settings)
    if "problem" in answer:
        raise _explain(answer, settings)
    path = Path(answer["path"])
    version = re.search(r"/versions/(\d+)(?:/|$)", path.as_posix())
    return path, version[1] if version else None
