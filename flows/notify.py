"""Tells people what a flow has decided, by the channel that `flows.notify` names.

In: a title and lines. Out: a message through Apprise or a Prefect block, or a warning in the log:
a message that cannot be sent never fails a run. The channel's address is a secret: it is read from
the environment or a block when it is needed, and never logged, not even in part.
"""

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Any

from prefect import get_run_logger
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block

from flows.errors import FlowError
from sluice.flow_settings import Event, Notify

MOST_CHARACTERS = 4000
"""Of a message: channels cut longer ones, each elsewhere."""


@contextlib.contextmanager
def _without_logs() -> Iterator[None]:
    """Keep Apprise's own log lines to itself: they hold addresses."""
    logger = logging.getLogger("apprise")
    disabled = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = disabled


def _send_by_apprise(addresses: str, title: str, body: str, where: str) -> None:
    from apprise import Apprise, AppriseAsset, NotifyFormat

    channel = Apprise(asset=AppriseAsset(app_id="Sluice", app_url=""))
    if not channel.add(addresses):
        raise FlowError(f"{where} holds no address that Apprise understands (json://, mailto://)")
    if not channel.notify(body=body, title=title, body_format=NotifyFormat.TEXT):
        raise FlowError(f"the address in {where} did not take the message")


def _read_environment(name: str) -> str:
    address = os.environ.get(name, "").strip()
    if not address:
        raise FlowError(f"the environment variable {name}, which flows.notify names, is not set")
    return address


def _send_by_block(name: str, title: str, body: str) -> None:
    block: Any = Block.load(name)
    if isinstance(block, NotificationBlock):
        sender: Any = block  # typed as what it is in an async flow
        with sender.raise_on_failure():
            sender.notify(body, title)
        return
    value = block.get() if hasattr(block, "get") else None
    if not isinstance(value, str):
        raise FlowError(f"the block {name} is neither a notification block nor a secret")
    _send_by_apprise(value, title, body, f"the block {name}")


def send(settings: Notify, title: str, body: str) -> bool:
    """Send a message; give whether there is a channel.

    Raises:
        FlowError: it was not sent; the message says why, without the channel's address.
    """
    if not (settings.environment or settings.block):
        return False
    where = settings.environment or f"the block {settings.block}"
    try:
        with _without_logs():
            if settings.environment:
                address = _read_environment(settings.environment)
                _send_by_apprise(address, title, body, settings.environment)
            else:
                _send_by_block(str(settings.block), title, body)
    except FlowError:
        raise
    except Exception as error:  # whatever a library or a block raises may hold the address
        raise FlowError(f"{where} failed with {type(error).__name__}") from None
    return True


def notify(settings: Notify, event: Event, title: str, lines: list[str]) -> None:
    """Tell of an event, if it is one that is told; what stands in the way is logged."""
    if event not in settings.events:
        return
    logger = get_run_logger()
    body = "\n".join(lines)[:MOST_CHARACTERS]
    try:
        if send(settings, title, body):
            logger.info("told %s of it", settings.environment or settings.block)
    except FlowError as error:
        logger.warning("nobody was told: %s", error)
