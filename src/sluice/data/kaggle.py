"""Fetches one file of a public Kaggle data set through kagglehub, within a time limit.

In: slug, version and file name. Out: the file's place in kagglehub's cache and the set's version,
or an error in one line. kagglehub runs in a process of its own: it can be stopped when the network
hangs, and nothing it prints or raises, a token among it, gets further than this module.
"""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import Field, field_validator

from sluice.errors import SluiceError, SourceError
from sluice.params import Section, written_as

_UNREACHABLE = "ingest.kaggle.version pins a copy that was fetched before and needs no network"
_CREDENTIALS = "KAGGLE_API_TOKEN, KAGGLE_USERNAME and KAGGLE_KEY, or the files in ~/.kaggle"


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
    """Time that the download may take, in seconds."""

    @field_validator("file")
    @classmethod
    def _stays_inside(cls, file: str | None) -> str | None:
        path = PurePosixPath(file or "file")
        if path.is_absolute() or ".." in path.parts or file == "":
            raise ValueError("must name a file inside the data set")
        return file


def _problem(error: Exception) -> dict[str, Any]:
    """Describe an error without its message, which may hold a token."""
    import requests

    response = getattr(error, "response", None)
    if response is not None:
        step = "file" if "DownloadDataset" in response.url else "set"
        return {"problem": "http", "status": response.status_code, "step": step}
    if isinstance(error, requests.exceptions.SSLError):
        return {"problem": "certificate"}
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        return {"problem": "connection"}
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        return {"problem": "system", "errno": error.errno or errno.EIO}
    return {"problem": "other", "type": type(error).__name__}


def _fetch(handle: str, file: str) -> dict[str, Any]:
    import kagglehub
    from kagglehub.config import get_kaggle_credentials

    # The boundary of the child process: every failure gets a name, none keeps its message.
    try:
        credentials = get_kaggle_credentials()
    except Exception:
        return {"problem": "credentials"}
    try:
        return {"path": kagglehub.dataset_download(handle, path=file)}
    except Exception as error:
        if credentials and type(error) in (ValueError, UnicodeEncodeError):
            return {"problem": "credentials"}  # a token that a header of HTTP cannot hold
        return _problem(error)


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


def _run_apart(settings: Kaggle, handle: str) -> dict[str, Any]:
    """Run `_fetch` in a child process whose output goes nowhere but into the answer."""
    command = [sys.executable, "-m", __spec__.name, handle, str(settings.file)]
    try:
        done = subprocess.run(  # noqa: S603  # our own module; the slug's and file's forms are checked
            command, capture_output=True, check=False, timeout=settings.timeout_seconds
        )
        answer = json.loads(done.stdout.decode("utf-8", "replace").splitlines()[-1])
    except subprocess.TimeoutExpired:
        answer = None
    except (IndexError, json.JSONDecodeError):
        answer = {"problem": "other", "type": f"exit status {done.returncode}"}
    if answer is None:
        raise SourceError(
            f"Kaggle has not delivered '{settings.slug}' within "
            f"{settings.timeout_seconds:g} s: check the network, or raise "
            f"ingest.kaggle.timeout_seconds; {_UNREACHABLE}"
        )
    return dict(answer)


def download(settings: Kaggle) -> tuple[Path, str | None]:
    """Fetch the file, or find it in kagglehub's cache; give its path and the set's version.

    Raises:
        SourceError: no such set or file, no network, refused credentials, or out of time.
        OSError: the cache cannot be written.
    """
    pinned = f"/versions/{settings.version}" if settings.version else ""
    answer = _run_apart(settings, f"{settings.slug}{pinned}")
    if "problem" in answer:
        raise _explain(answer, settings)
    path = Path(answer["path"])
    version = re.search(r"/versions/(\d+)(?:/|$)", path.as_posix())
    return path, version[1] if version else None


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(_fetch(*sys.argv[1:3])) + "\n")
