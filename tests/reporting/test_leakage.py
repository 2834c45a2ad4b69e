"""The eight kinds of leakage: each answer follows the facts of the run."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from finished_run import change_json, paths, write_run

from sluice.files import write_parquet
from sluice.reporting.contents import Contents
from sluice.reporting.leakage import answer_leakage
from sluice.reporting.texts import to_markdown
from sluice.reporting.traces import Traces, trace_rows
from sluice.stages.report import gather

KINDS = ["L1.1", "L1.2", "L1.3", "L1.4", "L2", "L3.1", "L3.2", "L3.3"]


def contents_of(folder: Path) -> Contents:
    return gather(*paths(folder)[:6], folder / "params.yaml")


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    return contents_of(write_run(tmp_path_factory.mktemp("run") / "a"))


def answers(contents: Contents) -> dict[str, tuple[str, str]]:
    found = answer_leakage(contents, to_markdown)
    assert [one.kind for one in found] == KINDS
    return {one.kind: (one.verdict, str(one.reason)) for one in found}


def test_a_plain_run_leaves_open_what_its_rows_do_not_say(contents: Contents) -> None:
    found = answers(contents)
    assert [verdict for verdict, _ in found.values()] == [
        "ruled out", "ruled out", "ruled out", "ruled out", "open", "open", "open", "open",
    ]  # fmt: skip
    assert "60 test rows stand apart from 180 training and 60 validation rows" in found["L1.1"][1]
    assert "180 training rows alone, which became 191 (11 synthetic)" in found["L1.2"][1]
    assert "a random split would have 12.4 of 60 (20.7%)" in found["L1.4"][1]
    assert "no time, so the split (`stratified`)" in found["L3.1"][1]
    assert "31 rows in 11 groups" in found["L3.2"][1]
    assert "less 7 rejected rows, 0 exact copies and 5 rows with contested" in found["L3.3"][1]


def test_leaked_duplicates_are_found(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    change_json(folder / "metrics/leaks.json", "leaked", value=3)
    change_json(folder / "metrics/augment.json", "rows", "before", value=240)
    found = answers(contents_of(folder))
    assert found["L1.4"][0] == "found"
    assert found["L1.4"][1].startswith("3 test rows")
    assert found["L1.2"][0] == "found"  # more rows were augmented than training had


@pytest.mark.parametrize(
    ("traces", "verdicts"),
    [
        (Traces((), 60, 0, 60, 0), ("ruled out", "ruled out")),
        (Traces((), 60, 4, 60, 2), ("found", "found")),
        (Traces((), None, 0, None, 0), ("open", "open")),
    ],
)
def test_times_and_groups_decide(
    contents: Contents, traces: Traces, verdicts: tuple[str, str]
) -> None:
    found = answers(replace(contents, traces=traces))
    assert (found["L3.1"][0], found["L3.2"][0]) == verdicts
    if traces.older:
        assert "4 of 60 dated test rows" in found["L3.1"][1]
        assert "2 of 60 test rows with a group" in found["L3.2"][1]


def test_other_columns_are_named_and_escaped(contents: Contents) -> None:
    found = answers(replace(contents, traces=Traces(("platform", "<b>|"), None, 0, None, 0)))
    assert "Of the other columns (`platform`, <code>" in found["L2"][1]
    assert "<b>" not in found["L2"][1]


def test_traces_are_counted_from_the_rows() -> None:
    days = pd.to_datetime(["2020-01-01", "2020-01-05", None, "2020-01-09"])
    train = pd.DataFrame({"time": days, "group": ["a", "b", None, "c"]})
    later = pd.to_datetime(["2020-01-09", "2020-01-08", None])
    test = pd.DataFrame({"time": later, "group": ["b", None, "z"]})
    found = trace_rows(train, test, ["id", "text", "time", "group", "platform"])
    assert found == Traces(("platform",), dated=2, older=1, grouped=2, shared=1)
    nothing = trace_rows(train.drop(columns=["time", "group"]), test, ["id"])
    assert (nothing.dated, nothing.older, nothing.shared) == (None, 0, 0)
    bare = pd.DataFrame({"id": ["1"]})
    assert trace_rows(bare, bare, ["id"]) == Traces((), None, 0, None, 0)


def test_the_split_itself_is_read(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    for name, day in (("train", "2020-01-01"), ("test", "2020-02-01")):
        path = folder / f"split/{name}.parquet"
        frame = pd.read_parquet(path).assign(time=pd.Timestamp(day), country="x")
        write_parquet(frame, path)
    traces = contents_of(folder).traces
    assert traces == Traces(("country",), dated=60, older=0, grouped=None, shared=0)
