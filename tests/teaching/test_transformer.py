"""A transformer in two parts, and the states between them."""

import numpy as np
import pytest
import torch

from sluice.data.batches import ordered_batches
from sluice.errors import ResourceError
from sluice.teaching.transformer import LONGEST, States, open_transformer, pool

TEXTS = ["a lovely new phone", "my flight was cancelled, and nobody said why", "no"]


@pytest.mark.parametrize("upper", [1, 3, 6])
def test_both_parts_together_are_the_whole(upper) -> None:
    transformers = pytest.importorskip("transformers")
    parted = open_transformer("minilm-l6-v2", upper)
    folder = parted._tokenizer.name_or_path
    whole = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    given = parted._tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        low, lengths = parted.low(parted.split(TEXTS).ids)
        found = parted.high(low, lengths)
        wanted = whole(**given).last_hidden_state
    for row, size in enumerate(lengths.tolist()):
        # bfloat16 keeps 8 bits, and the numbers are of the size of one
        np.testing.assert_allclose(found[row, :size], wanted[row, :size], atol=0.06)
    assert len(parted.upper.layer) == upper


def test_no_more_pieces_are_read_than_the_longest() -> None:
    pytest.importorskip("transformers")
    pieces = open_transformer("minilm-l6-v2", 1).split(["word " * 99, ""])
    assert [len(one) for one in pieces.ids] == [LONGEST, 2]
    assert pieces.spans[1] == [(0, 0), (0, 0)]


def test_a_wheel_that_is_not_there_is_named(monkeypatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setitem(
        open_transformer.__globals__["_WHEELS"], "minilm-l6-v2", "a-wheel-of-nobody"
    )
    with pytest.raises(ResourceError, match=r"a-wheel-of-nobody is not installed: .*\[train\]"):
        open_transformer("minilm-l6-v2", 1)


def test_states_come_back_padded(tmp_path) -> None:
    drawn, states = np.random.default_rng(0), States(tmp_path)
    rows = [drawn.normal(size=(size, 5)).astype(np.float16) for size in (3, 1, 4, 2)]
    states.add([torch.from_numpy(one) for one in rows[:2]])
    states.add([torch.from_numpy(one) for one in rows[2:]])
    kept = states.close()
    assert kept.lengths.tolist() == [3, 1, 4, 2]
    block, lengths = kept.gather(np.array([2, 0, 2]))
    assert block.shape == (3, 4, 5)
    assert lengths.tolist() == [4, 3, 4]
    for place, row in enumerate((2, 0, 2)):
        assert np.array_equal(block[place, : len(rows[row])], rows[row])
    assert not block[1, 3].any()


def test_states_leave_no_file_behind(tmp_path) -> None:
    states = States(tmp_path)
    states.add([torch.ones(2, 3)])
    kept = states.close()
    assert not list(tmp_path.iterdir())
    assert kept.gather(np.zeros(1, np.int64))[0].sum() == 6


def test_the_mean_is_of_a_text_alone() -> None:
    states = torch.tensor([[[1.0], [3.0], [99.0]], [[5.0], [99.0], [99.0]]])
    assert pool(states, torch.tensor([2, 1])).tolist() == [[2.0], [5.0]]


def test_batches_are_of_texts_of_like_length() -> None:
    found = ordered_batches(np.array([5, 1, 3, 1, 9]), 2)
    assert [rows.tolist() for rows in found] == [[1, 3], [2, 0], [4]]
