"""What a retraining need not judge again: this very challenger against this very champion."""

from pathlib import Path

import pytest
from judged_project import write_challenger, write_params, write_project

from flows.gate import find_judgement
from flows.retrain import Outcome, _decide
from sluice.registry.decisions import Record
from sluice.registry.judging import judge_challenger
from sluice.registry.promotion import promote
from sluice.registry.records import read_records

WORSE = range(90)


@pytest.fixture(scope="module")
def refused(tmp_path_factory) -> tuple[Path, Record]:
    """A project whose challenger has been judged, and was not good enough."""
    root = write_project(tmp_path_factory.mktemp("refused") / "project")
    promote(root, judge_challenger(root))
    write_challenger(root, WORSE, hidden=9)
    return root, promote(root, judge_challenger(root))


def test_a_schedule_adds_no_record_for_a_challenger_that_was_judged(refused) -> None:
    root, record = refused
    assert record.action == "kept"
    assert find_judgement(root) == record
    said = "kept champion: decision 2 was on this very challenger (new data)"
    assert _decide(root, "new data", 0) == Outcome("nothing new", said)
    assert len(read_records(root)) == 2


def test_another_threshold_or_another_challenger_is_judged(refused) -> None:
    root, record = refused
    write_params(root, floor=0.1)
    assert find_judgement(root) is None
    write_params(root)
    assert find_judgement(root) == record
    write_challenger(root, range(60), hidden=10)
    assert find_judgement(root) is None
    write_challenger(root, WORSE, hidden=9)
    assert find_judgement(root) == record
