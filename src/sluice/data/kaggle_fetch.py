"""One try to fetch a file of a Kaggle data set through kagglehub, in a process of its own.

In: the set's handle, a file name and a time limit. Out: the file's place in kagglehub's cache, or
the kind of problem. The process can be stopped when the network hangs, and nothing that kagglehub
prints or raises, a token among it, gets further than this module.
"""

import errno
import json
import subprocess
import sys
from typing import Any


def _seconds(text: str) -> float:
    """Retry-After in seconds; a date, or nonsense, counts as nothing said (RFC 9110, 10.2.3)."""
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _problem(error: Exception) -> dict[str, Any]:
    """Describe an error without its message, which may hold a token."""
    import requests
    from kagglehub.exceptions import DataCorruptionError

    response = getattr(error, "response", None)
    if response is not None:
        step = "file" if "DownloadDataset" in response.url else "set"
        after = _seconds(response.headers.get("Retry-After", ""))
        return {"problem": "http", "status": response.status_code, "step": step, "after": after}
    if isinstance(error, requests.exceptions.SSLError):
        return {"problem": "certificate"}
    if isinstance(error, requests.exceptions.ChunkedEncodingError | DataCorruptionError):
        return {"problem": "truncated"}
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


def fetch_apart(handle: str, file: str, seconds: float) -> dict[str, Any]:
    """Run one try in a child process whose output goes nowhere but into the answer.

    Returns:
        `path`, or `problem` (http, connection, truncated, timeout, certificate, credentials,
        system, other) with what belongs to it.
    """
    command = [sys.executable, "-m", __spec__.name, handle, file]
    try:
        done = subprocess.run(  # noqa: S603  # our own module; the slug's and file's forms are checked
            command, capture_output=True, check=False, timeout=seconds
        )
        return dict(json.loads(done.stdout.decode("utf-8", "replace").splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return {"problem": "timeout"}
    except (IndexError, json.JSONDecodeError):
        return {"problem": "other", "type": f"exit status {done.returncode}"}


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(_fetch(*sys.argv[1:3])) + "\n")
