"""The texts that every model answers beside validation and test rows, in one table.

In: behaviour suites, or the texts of test rows. Out: rows with ids, and for each test what is
expected. It stops at questions: the answers are read in `sluice.evaluation.behaviour` and
`sluice.evaluation.shortcuts`.

Columns: `id`, `kind` ("behaviour" or "masked"), `test` (suite/name), `role` ("before" or "after"),
`row` (id of the test row that was masked), `text`; `cleaned` is added by the stage.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from sluice.errors import ParamsError
from sluice.evaluation.suites import BehaviourTest, Suite
from sluice.evaluation.templates import expand

COLUMNS = ("id", "kind", "test", "role", "row", "text")
BEHAVIOUR, MASKED_ROW = "behaviour", "masked"


class Questions(NamedTuple):
    """Texts to answer, and the tests that they belong to."""

    rows: pd.DataFrame
    tests: list[dict[str, Any]]


def _describe(key: str, suite: Suite, test: BehaviourTest, cases: int) -> dict[str, Any]:
    kept = test.model_dump(
        mode="json", include={"name", "type", "expect", "refuse", "label", "change", "margin"}
    )
    return {"key": key, "capability": suite.capability, "cases": cases, **kept}


def _ask(name: str, suite: Suite, test: BehaviourTest, limit: int) -> Questions:
    key = f"{name}/{test.name}"
    try:
        cases = expand(test, suite.slots, limit)
    except ParamsError as error:
        raise ParamsError(f"suite {name}: {error}") from error
    rows = [
        (f"{BEHAVIOUR}/{key}/{number}/{role}", BEHAVIOUR, key, role, None, text)
        for role in ("before", "after")
        for number, case in enumerate(cases)
        if (text := getattr(case, role)) is not None
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")
    return Questions(table, [_describe(key, suite, test, len(cases))])


def behaviour_rows(suites: Mapping[str, Suite], limit: int) -> Questions:
    """Make the texts of all suites, by the names of their files.

    Args:
        suites: suites whose labels the data have.
        limit: cases of one test, at most.

    Raises:
        ParamsError: a test has too many combinations.
    """
    asked = [
        _ask(name, suite, test, limit) for name, suite in suites.items() for test in suite.tests
    ]
    empty = pd.DataFrame(columns=list(COLUMNS), dtype="str")
    rows = pd.concat([empty, *(one.rows for one in asked)], ignore_index=True)
    return Questions(rows, [test for one in asked for test in one.tests])


def masked_rows(test: pd.DataFrame, masked: pd.Series) -> pd.DataFrame:
    """Take the test rows that masking changes, with their masked texts."""
    changed = (masked != test["text"]).to_numpy()
    ids = test.loc[changed, "id"]
    return pd.DataFrame(
        {
            "id": MASKED_ROW + "/" + ids,
            "kind": MASKED_ROW,
            "test": None,
            "role": None,
            "row": ids,
            "text": masked[changed],
        },
        columns=list(COLUMNS),
        dtype="str",
    ).reset_index(drop=True)
