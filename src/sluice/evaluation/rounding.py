"""Rounds what goes into a file, so that its bytes do not hang on the order of a sum.

In: JSON-ready values of any depth. Out: the same with six digits behind the point. It stops there.
"""

from typing import Any

DIGITS = 6


def rounded(value: Any) -> Any:
    """Round every float within `value`; there is no -0.0 afterwards."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, DIGITS) + 0.0 if isinstance(value, float) else value
