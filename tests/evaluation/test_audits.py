"""Both audits of a small run: what hiding costs is what scikit-learn would say it costs."""

import numpy as np
import pandas as pd
import pytest
from finished_run import LABELS, ROWS, make_predictions
from sklearn.metrics import f1_score

from sluice.evaluation.audits import Probes, audit
from sluice.evaluation.candidates import BootstrapParams, Candidate, Terms, judge
from sluice.evaluation.predictions import of_split, probabilities_of

TERMS = Terms(LABELS, None, BootstrapParams(resamples=200))
GROUPS = np.arange(ROWS)
FACTS = {
    "tests": [
        {"key": "s/t", "capability": "praise", "name": "t", "type": "MFT", "cases": 1,
         "expect": ["positive"], "refuse": [], "label": None, "change": None, "margin": -0.1}
    ],
    "skipped": {"other": "needs the label joy"},
    "masked": {"words": ["good"], "rows": 12, "test_rows": ROWS},
    "tokens": [],
}  # fmt: skip


def probes(masked: list[str], answers: dict[str, np.ndarray]) -> Probes:
    rows = [("behaviour/s/t/0/before", "behaviour", "s/t", "before", None, "good")]
    rows += [(f"masked/{row}", "masked", None, None, row, "text") for row in masked]
    columns = ["id", "kind", "test", "role", "row", "text"]
    first = np.eye(3)[[2]]
    return Probes(
        pd.DataFrame(rows, columns=columns),
        FACTS,
        {key: np.vstack([first, said]) for key, said in answers.items()},
    )


def judged(**wrong: int):
    candidates = [
        Candidate("baseline", name, None, make_predictions(count, LABELS))
        for name, count in wrong.items()
    ]
    return judge(candidates, GROUPS, TERMS)


def test_the_drop_is_that_of_macro_f1_on_the_same_rows() -> None:
    masked = [f"test-{row}" for row in range(30, 42)]
    said = np.tile(np.eye(3)[0], (12, 1))
    found = audit(probes(masked, {"svm": said}), judged(svm=6), GROUPS, TERMS, "svm")
    scores = found.shortcuts["models"]["svm"]
    test = of_split(make_predictions(6, LABELS), "test")
    before = probabilities_of(test, LABELS).argmax(axis=1)
    after = before.copy()
    after[30:42] = 0
    true = test["label"].map(LABELS.index)
    assert scores["macro_f1"] == pytest.approx(f1_score(true, before, average="macro"))
    assert scores["masked_macro_f1"] == pytest.approx(f1_score(true, after, average="macro"))
    drop = scores["drop"]
    assert drop["value"] == pytest.approx(scores["macro_f1"] - scores["masked_macro_f1"])
    assert 0 < drop["low"] < drop["value"] < drop["high"]
    assert scores["changed_decisions"] == 8


def test_where_masking_changes_no_answer_the_drop_is_exactly_nothing() -> None:
    one = judged(svm=6, other=20)
    said = {}
    for each in one:
        test = of_split(each.candidate.predictions, "test")
        said[each.candidate.key] = probabilities_of(test, LABELS)[:2]
    found = audit(probes(["test-0", "test-1"], said), one, GROUPS, TERMS, "svm")
    for scores in found.shortcuts["models"].values():
        assert scores["drop"] == {"value": 0.0, "low": 0.0, "high": 0.0}
        assert scores["changed_decisions"] == 0


def test_the_headline_is_flat_and_of_the_shown_candidate() -> None:
    none = np.zeros((0, 3))
    found = audit(probes([], {"svm": none}), judged(svm=6), GROUPS, TERMS, "svm")
    assert found.headline() == {
        "behaviour_failures": 0.0,
        "behaviour_failures_praise": 0.0,
        "masked_drop_value": 0.0,
        "masked_drop_low": 0.0,
        "masked_drop_high": 0.0,
    }
    assert found.behaviour["skipped"] == FACTS["skipped"]
    assert found.shortcuts["masked"] == FACTS["masked"]
