"""What can go wrong in a flow and is the user's, or the machine's, to mend."""

from sluice.errors import SluiceError


class FlowError(SluiceError):
    """A flow cannot start or go on; the message says why, and what to do."""
