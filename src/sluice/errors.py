"""The errors a user can cause, and nothing else.

    SluiceError
    ├── ParamsError     params.yaml or a preset: an unknown key, a wrong type, a bad combination
    ├── SourceError     data that cannot be read: missing file, wrong encoding, no network
    ├── DataError       data that was read and breaks its contract
    ├── ModelError      a checkpoint or a stored model that cannot be used
    ├── RegistryError   the registry cannot do what was asked: no such version, held by another
    └── ResourceError   something the machine lacks: a dictionary, a package, disk space

Every message says what was wrong, where (file, row, column, key) and what to do about it.
A stage prints it without a traceback and exits with status 1; see `sluice.command`.
"""


class SluiceError(Exception):
    """Something a user can mend. Base of the tree above."""


class ParamsError(SluiceError):
    """A key or a value of `params.yaml` or of a preset is not usable."""


class SourceError(SluiceError):
    """A data source cannot be fetched or read."""


class DataError(SluiceError):
    """Data was read, and breaks its contract."""


class ModelError(SluiceError):
    """A checkpoint or a stored model is missing, corrupt or of another schema."""


class RegistryError(SluiceError):
    """The registry of models cannot do what was asked of it."""


class ResourceError(SluiceError):
    """The machine lacks something that the stage needs."""
