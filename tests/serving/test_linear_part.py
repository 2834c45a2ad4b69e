"""The wide part without torch adds what torch adds."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.data.batches import ngram_batch
from sluice.serving import linear_part
from sluice.serving.linear_part import LinearPart
from sluice.text.ngrams import NgramParams, NgramReader, fit_ngrams

PARAMS = NgramParams(buckets=512)
READER = fit_ngrams([["i do not like it", "what a lovely day", "so so good"]], PARAMS)
WEIGHTS = np.random.default_rng(0).normal(size=(PARAMS.features, 3)).astype(np.float32)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Z", "Cc")), min_size=1, max_size=8)
TEXTS = st.lists(st.lists(WORDS | st.sampled_from(["so", "not"])).map(" ".join), max_size=6)


def by_torch(texts: list[str], reader: NgramReader = READER) -> np.ndarray:
    rows = ngram_batch(reader.read(texts), np.arange(len(texts)))
    table = torch.from_numpy(WEIGHTS)
    return torch.nn.functional.embedding_bag(
        rows.ids, table, rows.starts, mode="sum", per_sample_weights=rows.weights
    ).numpy()


PART = LinearPart(READER, WEIGHTS)  # what it has met before changes nothing


@settings(max_examples=50)
@given(texts=TEXTS)
def test_it_adds_what_torch_adds(texts: list[str]) -> None:
    found = PART.logits(texts)
    assert found.shape == (len(texts), 3)
    if texts:
        np.testing.assert_allclose(found, by_torch(texts), atol=2e-5)


@pytest.mark.parametrize("words", [(1, 1), (2, 3)])
def test_other_spans_do_too(words: tuple[int, int]) -> None:
    reader = fit_ngrams([["a b c"]], PARAMS.model_copy(update={"words": words}))
    texts = ["a", "", "a b", "not so very good at all", "so so so"]
    np.testing.assert_allclose(
        LinearPart(reader, WEIGHTS).logits(texts), by_torch(texts, reader), atol=2e-5
    )


def test_it_forgets_words_when_it_knows_too_many(monkeypatch) -> None:
    monkeypatch.setattr(linear_part, "MOST_WORDS", 10)
    part = LinearPart(READER, WEIGHTS)
    for first in range(0, 3000, 100):
        texts = [f"w{number} so v{number}" for number in range(first, first + 100)]
        np.testing.assert_allclose(part.logits(texts), by_torch(texts), atol=2e-5)
        assert len(part._known) <= 10 + 201


def test_several_threads_may_ask_at_once() -> None:
    part, wrong = LinearPart(READER, WEIGHTS), []
    texts = [f"w{number % 700} is not v{number}" for number in range(2000)]
    wanted = by_torch(texts)

    def ask(seed: int) -> None:
        for at in np.random.default_rng(seed).integers(0, 1990, 300).tolist():
            found = part.logits(texts[at : at + 10])
            if not np.allclose(found, wanted[at : at + 10], atol=2e-5):
                wrong.append(at)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong
