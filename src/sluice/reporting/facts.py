"""What it means to read a JSON file of an earlier stage: typed, finite, nothing missing.

In: parsed JSON. Out: typed values, or one error that names file and key. Keys that the report does
not show are passed over. Which keys it shows is in `scores` and `origins`.
"""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sluice.errors import DataError

ADVICE = "run the stage that writes it again (dvc repro)"


class Facts(BaseModel):
    """Part of a JSON file: numbers finite and of their own type, other keys allowed."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, strict=True)


Model = TypeVar("Model", bound=Facts)


def check_facts(content: Any, model: type[Model], where: str) -> Model:
    """Check parsed JSON against what the report needs of it.

    Raises:
        DataError: a key is missing, a number is null, NaN or infinite; it names file and key.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        message = " ".join(first["msg"].removeprefix("Value error, ").split())
        raise DataError(f"{where}: {place or 'the file'}: {message}{more}: {ADVICE}") from error
