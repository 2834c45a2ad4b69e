"""Turns a stage's typed function into its command line, and its errors into one line each.

In: a function whose signature is annotated for typer. Out: a process exit status.
It stops at the process boundary: what a stage does is in `sluice.stages`.
"""

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from sluice.errors import SluiceError
from sluice.terminal import escape_controls

FAILURE = 1
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT)

# DVC and Prefect set these too where they are ours to start; a stage run by hand must be as quiet.
QUIET = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


def keep_quiet() -> None:
    """Tell libraries that phone home not to; what the user has set stays."""
    for key, value in QUIET.items():
        os.environ.setdefault(key, value)


def explain_os_error(error: OSError) -> str:
    """Say in one line what the operating system refused, and what to do."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in _FULL_DISK:
        return (
            f"the disk is full{where}: free some space and run the stage again; "
            "earlier outputs are untouched"
        )
    if error.errno == errno.EFBIG:
        return (
            f"a file would be larger than the system allows{where}: raise the limit (ulimit -f, or "
            "the file system's own) and run the stage again; earlier outputs are untouched"
        )
    return f"{' '.join(str(error.strerror or error).split())}{where}"


def run_app(app: typer.Typer) -> None:
    """Run a command line; exit 1 with one line on a user's error.

    A defect of Sluice itself (any other exception) keeps its traceback: it is ours to mend.
    """
    keep_quiet()
    try:
        app()
    except SluiceError as error:
        sys.exit(report(str(error)))
    except OSError as error:
        sys.exit(report(explain_os_error(error)))


def run_stage(stage: Callable[..., Any]) -> None:
    """Run the function of a stage with arguments from the command line; see `run_app`."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(stage)
    run_app(app)


def report(message: str) -> int:
    """Say on standard error what the user must mend; gives the exit status."""
    shown = escape_controls(message, kept="\n")
    sys.stderr.write(f"error: {shown}\n")
    return FAILURE
