"""Files of installed wheels that bring data: texts, dictionaries, vectors, models.

In: a wheel's name and a file's. Out: where the file lies. The wheel's own code is never imported.
"""

from importlib import metadata
from pathlib import Path

from sluice.errors import ResourceError


def find_in_wheel(name: str, ending: str, advice: str) -> Path:
    """Find a file of an installed wheel.

    Args:
        name: of the wheel.
        ending: of the file's path.
        advice: what to do if it is not there.

    Raises:
        ResourceError: the wheel is not installed, or does not hold the file.
    """
    try:
        wheel = metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise ResourceError(f"the wheel {name} is not installed: {advice}") from error
    for file in wheel.files or []:
        path = Path(str(file.locate()))
        if str(file).endswith(ending) and path.is_file():
            return path
    raise ResourceError(f"the wheel {name} {wheel.version} has no file {ending}: {advice}")
