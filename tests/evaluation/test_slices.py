"""Slices: every row is in one slice of each kind, and bins are of about the same size."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.errors import ParamsError
from sluice.evaluation.slices import MAX_VALUES, SliceParams, check_columns, cut_slices


def cut(rows: pd.DataFrame, tokens: list[int], columns: tuple[str, ...] = (), **params: object):
    traits = pd.DataFrame({"url": [row % 2 == 0 for row in range(len(rows))], "tokens": tokens})
    return cut_slices(rows, traits, columns, SliceParams(**params))


def of(parts: list, dimension: str) -> dict[str, list[int]]:
    return {
        part.value: np.flatnonzero(part.mask).tolist()
        for part in parts
        if part.dimension == dimension
    }


def test_declared_columns_are_cut_by_value_the_largest_first() -> None:
    rows = pd.DataFrame({"country": ["b", "a", None, "b", "c"]})
    found = of(cut(rows, [1] * 5, ("country",)), "country")
    assert found == {"b": [0, 3], "a": [1], "c": [4], "not stated": [2]}
    assert list(found) == ["b", "a", "c", "not stated"]


def test_only_the_largest_values_of_a_column_are_looked_at() -> None:
    rows = pd.DataFrame({"user": [f"u{row}" for row in range(MAX_VALUES + 9)]})
    assert len(of(cut(rows, [1] * len(rows), ("user",)), "user")) == MAX_VALUES


def test_lengths_are_stated_in_tokens() -> None:
    found = of(cut(pd.DataFrame(index=range(8)), [1, 2, 3, 4, 5, 6, 7, 9], length_bins=4), "length")
    assert found == {
        "1 to 2 tokens": [0, 1],
        "3 to 4 tokens": [2, 3],
        "5 to 6 tokens": [4, 5],
        "7 to 9 tokens": [6, 7],
    }


def test_texts_of_one_length_are_one_slice() -> None:
    assert of(cut(pd.DataFrame(index=range(3)), [4, 4, 4]), "length") == {"4 tokens": [0, 1, 2]}


def test_traits_are_cut_in_two() -> None:
    found = of(cut(pd.DataFrame(index=range(3)), [1, 1, 1]), "url")
    assert found == {"with url": [0, 2], "without url": [1]}


def test_confidence_is_cut_at_its_edges() -> None:
    rows = pd.DataFrame({"confidence": [0.5, 0.6, 0.8, 0.99, 1.0, None]})
    found = of(cut(rows, [1] * 6), "confidence")
    assert found == {
        "below 0.6": [0],
        "0.6 to below 0.8": [1],
        "0.8 to below 1": [2, 3],
        "1 and above": [4],
        "not stated": [5],
    }


def test_without_any_confidence_there_is_no_slice_by_it() -> None:
    assert not of(cut(pd.DataFrame({"confidence": [None, None]}), [1, 1]), "confidence")


@given(st.lists(st.integers(1, 60), min_size=1, max_size=80), st.integers(1, 6))
def test_every_row_is_in_one_slice_of_each_dimension(tokens: list[int], bins: int) -> None:
    rows = pd.DataFrame({"confidence": np.linspace(0, 1, len(tokens))})
    parts = cut(rows, tokens, length_bins=bins)
    for dimension in {part.dimension for part in parts}:
        masks = [part.mask for part in parts if part.dimension == dimension]
        assert np.sum(masks, axis=0).tolist() == [1] * len(tokens)


def test_a_column_that_is_not_there_is_named_with_its_key() -> None:
    with pytest.raises(ParamsError, match=r"evaluate\.fairness_columns: .* 'age'; they have: sex"):
        check_columns(pd.DataFrame({"sex": ["f"]}), ["age"], "evaluate.fairness_columns")
