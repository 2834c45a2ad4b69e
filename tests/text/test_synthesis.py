"""Synthetic rows: whose children they are, how many there are, and what they hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.errors import DataError
from sluice.text.augmentation import edit_rows
from sluice.text.synthesis import (
    join_rows,
    make_children,
    operation_generator,
    original_rows,
    synthetic_rows,
)

FRAME = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "text": ["One!", "Two?", "Three."],
        "label": ["x", "y", "x"],
        "cleaned": ["one !", "two ?", "three ."],
        "cluster": ["1", "2", "1"],
        "confidence": [0.5, None, 1.0],
        "time": pd.to_datetime(["2015-02-17", None, "2015-02-18"], utc=True),
    }
)


def longer(rows, generator):
    """An operation that gives a row another word, drawn from nine."""
    return [[*row, f"new{generator.integers(9)}"] for row in rows]


def table(cleaned: list[str], texts: list[str] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"cleaned": cleaned, "text": texts or cleaned}, dtype="str")


def positions(count: int) -> np.ndarray:
    return np.arange(count)


def test_rows_are_chosen_at_random_and_each_once_before_any_twice() -> None:
    texts = [f"row {number}" for number in range(50)]
    made = make_children(table(texts), positions(50), 60, longer, np.random.default_rng(0))
    counts = np.bincount(made.parents)
    assert len(made.parents) == 60
    assert counts.min() == 1
    assert counts.max() == 2
    few = make_children(table(texts), positions(50), 5, longer, np.random.default_rng(0))
    assert len(set(few.parents)) == 5
    assert few.parents.tolist() != list(range(5))
    assert all(texts[parent] in child for parent, child in zip(*made, strict=True))


def test_another_row_is_taken_where_one_cannot_be_changed() -> None:
    texts = ["one", "two", "three four", "five six"]
    swap = edit_rows("swap", 0.1)
    made = make_children(table(texts), positions(4), 2, swap, np.random.default_rng(0))
    assert made.parents.tolist() == [2, 3]
    assert made.cleaned == ["four three", "six five"]


def test_what_falls_short_is_not_faked() -> None:
    texts = ["one", "three four", "four three", "five six"]
    swap = edit_rows("swap", 0.1)
    made = make_children(table(texts), positions(4), 100, swap, np.random.default_rng(0))
    assert made.cleaned == ["six five"]  # the others cannot change, or would double a row
    assert made.parents.tolist() == [3]


def test_a_taken_text_is_not_made_again() -> None:
    texts, swap = ["one two", "three four"], edit_rows("swap", 0.1)
    generator = np.random.default_rng(0)
    made = make_children(table(texts), positions(2), 2, swap, generator, {"two one"})
    assert made.cleaned == ["four three"]


def test_words_of_a_hashtag_stay_where_cleaning_has_taken_its_sign() -> None:
    rows = table(["not fair this big match day"], ["#NotFair this #bigMatch day"])
    swap = edit_rows("swap", 1.0)
    made = make_children(rows, positions(1), 9, swap, np.random.default_rng(0))
    assert made.cleaned == ["not fair day big match this"]


@settings(deadline=None)  # the first example loads libraries
@given(st.lists(st.sampled_from(["a", "a b", "c d e", "<url>", ""]), min_size=1), st.integers(0, 9))
def test_it_ends_and_never_repeats_a_text(texts: list[str], asked: int) -> None:
    made = make_children(
        table(texts), positions(len(texts)), asked, longer, np.random.default_rng(1)
    )
    assert len(made.cleaned) <= asked
    assert len(set(made.cleaned) | set(texts)) == len(made.cleaned) + len(set(texts))


def test_each_operation_draws_for_itself() -> None:
    first, other = operation_generator(0, "swap"), operation_generator(0, "delete")
    draws = first.integers(1 << 60)
    assert draws != other.integers(1 << 60)
    assert draws == operation_generator(0, "swap").integers(1 << 60)


def test_a_child_holds_its_parents_columns_and_the_edited_text_twice() -> None:
    rows = synthetic_rows(FRAME, np.array([0, 2, 2]), "swap", ["! one", ". three", "three ,"])
    assert rows["id"].tolist() == ["a~swap~1", "c~swap~1", "c~swap~2"]
    assert rows["parent_id"].tolist() == ["a", "c", "c"]
    assert rows["cluster"].tolist() == ["1", "1", "1"]
    assert rows["label"].tolist() == ["x", "x", "x"]
    assert rows["text"].tolist() == rows["cleaned"].tolist() == ["! one", ". three", "three ,"]
    assert set(rows["operation"]) == {"swap"}


def test_a_copy_holds_its_parents_texts() -> None:
    rows = synthetic_rows(FRAME, np.array([1]), "over")
    assert rows.loc[0, ["id", "text", "cleaned"]].tolist() == ["b~over~1", "Two?", "two ?"]


def test_types_survive_and_the_callers_frame_does_not_change() -> None:
    before = FRAME.copy()
    parts = [original_rows(FRAME), synthetic_rows(FRAME, np.array([1]), "over")]
    rows = join_rows(parts)
    pd.testing.assert_frame_equal(FRAME, before)
    assert rows.dtypes[FRAME.columns].equals(FRAME.dtypes)
    assert rows["operation"].isna().tolist() == [True, True, True, False]
    empty = join_rows([original_rows(FRAME), synthetic_rows(FRAME, positions(0), "swap", [])])
    assert empty.dtypes.equals(rows.dtypes)


def test_an_original_named_like_a_child_is_refused() -> None:
    frame = FRAME.assign(id=["a", "a~over~1", "c"])
    parts = [original_rows(frame), synthetic_rows(frame, np.array([0]), "over")]
    with pytest.raises(DataError, match="the id 'a~over~1' is there twice"):
        join_rows(parts)
