"""Arrays that grow, in memory and in files without a name."""

import numpy as np
import pytest

from sluice.spool import Spool


@pytest.mark.parametrize("on_disk", [False, True])
def test_pieces_become_one_array(on_disk: bool, tmp_path) -> None:
    spool = Spool(np.int32, tmp_path / "new" if on_disk else None)
    for piece in ([1, 2], [], np.arange(3)[::-1], [2**31 - 1]):
        spool.append(piece)
    found = spool.array()
    assert found.dtype == np.int32
    assert found.tolist() == [1, 2, 2, 1, 0, 2**31 - 1]
    found[0] = 7  # whoever holds the array may write
    assert found[0] == 7
    assert not on_disk or list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("on_disk", [False, True])
def test_nothing_is_an_empty_array(on_disk: bool, tmp_path) -> None:
    assert Spool(np.float32, tmp_path if on_disk else None).array().shape == (0,)
