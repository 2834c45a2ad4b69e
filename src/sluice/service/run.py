"""A service on its socket: bound before anything is said, drained when it is told to end.

In: address, limits, a model. Out: nothing; it returns when the service has ended. SIGTERM and
SIGINT end it: no new calls are taken, those that are there are answered.
"""

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import uvicorn

from sluice.errors import ParamsError, ResourceError
from sluice.service.app import Service
from sluice.service.limits import Limits

TOKEN = "SLUICE_TOKEN"  # noqa: S105 - the name of a variable
SHORTEST_TOKEN = 16


class Address(NamedTuple):
    """Where a service listens."""

    host: str
    port: int


def read_token() -> str | None:
    """The bearer token of the environment; None asks for none.

    Raises:
        ParamsError: it is too short to be one, or holds what no header can.
    """
    token = os.environ.get(TOKEN)
    if token is None:
        return None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise ParamsError(f"{TOKEN} must have {SHORTEST_TOKEN} printable ASCII characters or more")
    return token


def bind(address: Address) -> socket.socket:
    """Take a port.

    Raises:
        ResourceError: it is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server(tuple(address), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ResourceError(
            f"{address.host} port {address.port} cannot be listened on ({reason}): name another "
            "by --host and --port"
        ) from error


class _Server(uvicorn.Server):
    """Ends with status 0 after a signal, and says at once that it drains."""

    service: Service

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def end(number: int, _frame: object) -> None:
            self.service.app.state.draining = True
            self.handle_exit(signal.Signals(number), None)

        old = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def serve_model(
    root: Path, folder: Path | None, address: Address, limits: Limits, log_texts: bool
) -> None:
    """Serve until a signal ends it.

    Raises:
        ResourceError: the port is taken.
        RegistryError, ModelError: there is no model, or it is damaged.
    """
    token = read_token()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with bind(address) as listening:
        service = Service(root, folder, limits, token, log_texts)
        config = uvicorn.Config(
            service.guarded,
            log_config=None,
            access_log=False,
            log_level="warning",
            lifespan="on",
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=max(1, round(limits.drain_seconds)),
            h11_max_incomplete_event_size=65_536,
        )
        server = _Server(config)
        server.service = service
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        logging.getLogger("sluice.serve").info(
            "%s on http://%s:%d, %s", service.live.chosen.name, shown, port,
            "with a token" if token else "without a token",
        )  # fmt: skip
        server.run(sockets=[listening])
