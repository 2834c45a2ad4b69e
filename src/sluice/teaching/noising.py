"""Texts with some words exchanged, of which a teacher tells what they mean now.

In: texts as words. Out: as many others. Their labels are not known, and are not needed: a network
that learns from a teacher learns from any text that the teacher reads.

Sources: Xie et al. 2017, arXiv 1703.02573 (unigram noising); Tang et al. 2019, arXiv 1903.12136
(edited texts for a recurrent network to learn a transformer's answers from).
"""

from collections.abc import Sequence

import numpy as np

from sluice.teaching.settings import Noise

_SEED = 1


def noise_texts(texts: Sequence[Sequence[str]], noise: Noise) -> list[list[str]]:
    """Exchange words of texts for others, drawn from all their words by how often they stand.

    Args:
        texts: the words of each.
        noise: how many texts, drawn at random where there are more, and which share of their words.

    Returns:
        The same for the same texts and settings.
    """
    drawn = np.random.default_rng(_SEED)
    chosen = np.sort(drawn.permutation(len(texts))[: noise.texts])
    words = np.array([word for text in texts for word in text], dtype=object)
    found = []
    for at in chosen.tolist():
        text = np.array(texts[at], dtype=object)
        places = np.flatnonzero(drawn.random(len(text)) < noise.share)
        if len(places):
            text[places] = words[drawn.integers(len(words), size=len(places))]
        found.append(text.tolist())
    return found
