import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.errors import ParamsError
from sluice.models.baselines import BASELINES, VADER_SCORES, run_baseline, score_polarity
from sluice.models.linear import LinearParams
from sluice.models.outcomes import Tables

LABELS = ("negative", "neutral", "positive")


def part(**labels_by_text: str) -> pd.DataFrame:
    texts = [text.replace("_", " ") for text in labels_by_text]
    return pd.DataFrame({"text": texts, "cleaned": texts, "label": list(labels_by_text.values())})


@pytest.fixture
def tables() -> Tables:
    train = part(a="neutral", b="neutral", c="negative", d="positive")
    other = part(I_love_it="positive", I_hate_it="negative", It_is_a_chair="neutral")
    return Tables(train, other, other, LABELS)


def test_majority_predicts_the_shares_of_train(tables: Tables) -> None:
    outcome = run_baseline("majority", tables, LinearParams())
    np.testing.assert_array_equal(outcome.test, np.tile([0.25, 0.5, 0.25], (3, 1)))
    assert outcome.facts == {"majority": "neutral"}


def test_majority_counts_original_rows_only(tables: Tables) -> None:
    copies = pd.concat([part(c="negative").assign(parent_id="c")] * 9)
    train = pd.concat([tables.train.assign(parent_id=None), copies], ignore_index=True)
    outcome = run_baseline("majority", tables._replace(train=train), LinearParams())
    np.testing.assert_array_equal(outcome.test[0], [0.25, 0.5, 0.25])


def test_vader_gives_the_compounds_that_its_authors_publish() -> None:
    # From the README of vaderSentiment.
    texts = pd.Series(["VADER is smart, handsome, and funny.", "The book was good.", "Today SUX!"])
    scores = score_polarity(texts, LABELS)
    assert scores[:, 2].tolist() == [0.8316, 0.4404, -0.5461]
    assert scores[:, 0].tolist() == [-0.8316, -0.4404, 0.5461]
    assert scores.argmax(axis=1).tolist() == [2, 2, 0]


@given(st.integers(-10_000, 10_000))
def test_the_largest_score_is_the_label_by_vaders_thresholds(steps: int) -> None:
    compound = steps / 10_000
    expected = "positive" if compound >= 0.05 else "negative" if compound <= -0.05 else "neutral"
    scores = {name: score(np.array([compound]))[0] for name, score in VADER_SCORES.items()}
    assert max(scores, key=scores.__getitem__) == expected


def test_vader_predicts_texts_in_the_order_of_the_labels(tables: Tables) -> None:
    outcome = run_baseline("vader", tables, LinearParams())
    assert outcome.test.argmax(axis=1).tolist() == [2, 0, 1]
    np.testing.assert_allclose(outcome.test.sum(axis=1), 1.0)


@pytest.mark.parametrize("labels", [("joy", "anger"), (*LABELS, "mixed"), ("neutral", "positive")])
def test_vader_needs_polarity_labels(tables: Tables, labels: tuple[str, ...]) -> None:
    with pytest.raises(ParamsError, match=r"baseline\.names: vader knows the labels"):
        run_baseline("vader", tables._replace(label_names=labels), LinearParams())


def test_an_unknown_name_lists_the_valid_ones(tables: Tables) -> None:
    with pytest.raises(ParamsError, match=r"'svm'; valid: majority, vader, tfidf_svm, tfidf_log"):
        run_baseline("svm", tables, LinearParams())


def test_no_baseline_changes_the_tables() -> None:
    labels = ["negative", "neutral", "positive"] * 4
    texts = ["bad awful", "table chair", "good fine"] * 4
    frame = pd.DataFrame({"text": texts, "cleaned": texts, "label": labels})
    given = Tables(frame, frame.copy(), frame.copy(), LABELS)
    before = frame.copy()
    for name in BASELINES:
        run_baseline(name, given, LinearParams(min_rows=1))
        for table in given[:3]:
            pd.testing.assert_frame_equal(table, before)
