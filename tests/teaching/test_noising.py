"""Texts with some words exchanged."""

from collections import Counter

import pytest

from sluice.teaching.noising import noise_texts
from sluice.teaching.settings import Noise

TEXTS = [[f"w{at}.{place}" for place in range(10)] for at in range(200)]


def changed(found, texts) -> list[int]:
    """Words of each text that are not the ones that stood there."""
    return [
        sum(one != other for one, other in zip(new, old, strict=True))
        for new, old in zip(found, texts, strict=True)
    ]


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_a_share_of_words_is_exchanged_for_words_of_the_texts(share) -> None:
    before = [list(text) for text in TEXTS]
    found = noise_texts(TEXTS, Noise(share=share))
    assert before == TEXTS
    assert sum(changed(found, TEXTS)) == pytest.approx(2000 * share, abs=100)
    assert {word for text in found for word in text} <= {word for text in TEXTS for word in text}


def test_frequent_words_come_more_often() -> None:
    texts = [["often", "often", "often", "seldom"]] * 1000
    counts = Counter(word for text in noise_texts(texts, Noise(share=1.0)) for word in text)
    assert counts["often"] == pytest.approx(3000, abs=150)


def test_no_more_texts_than_asked_for_and_in_their_order() -> None:
    found = noise_texts(TEXTS, Noise(texts=20, share=0.1))
    assert len(found) == 20
    rows = [Counter(word.split(".")[0] for word in text).most_common(1)[0][0] for text in found]
    assert sorted(rows, key=lambda row: int(row[1:])) == rows
    assert len(set(rows)) == 20


def test_the_same_texts_give_the_same() -> None:
    assert noise_texts(TEXTS, Noise()) == noise_texts(TEXTS, Noise())


@pytest.mark.parametrize("texts", [[], [[]], [[], ["one"], []]])
def test_texts_without_words_stay_empty(texts) -> None:
    assert noise_texts(texts, Noise(share=1.0)) == texts
