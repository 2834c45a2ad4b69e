"""Rows of tokens as flat arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sluice.tokens import PADDING, UNKNOWN, token_rows

ROWS = st.lists(st.lists(st.integers(2, 50), max_size=9), min_size=1, max_size=12)


def build(rows: list[list[int]], longest: int):
    flat = [token for row in rows for token in row]
    return token_rows(flat, np.array([len(row) for row in rows]), longest)


@given(ROWS, st.integers(1, 10))
def test_rows_come_back_cut_and_never_empty(rows: list[list[int]], longest: int) -> None:
    built = build(rows, longest)
    for index, row in enumerate(rows):
        start, end = built.offsets[index], built.offsets[index + 1]
        assert built.ids[start:end].tolist() == (row[:longest] or [UNKNOWN])


@given(ROWS, st.data())
def test_padded_holds_the_rows_asked_for_and_padding_behind(rows, data) -> None:
    built = build(rows, 9)
    wanted = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=6))
    block, lengths = built.padded(np.array(wanted))
    assert block.shape == (len(wanted), lengths.max())
    for place, index in enumerate(wanted):
        expected = rows[index] or [UNKNOWN]
        assert block[place, : lengths[place]].tolist() == expected
        assert (block[place, lengths[place] :] == PADDING).all()
