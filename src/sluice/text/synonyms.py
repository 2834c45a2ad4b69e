"""Synonyms of a word from WordNet, where exchanging it changes neither sentiment nor grammar.

In: a lower-case word. Out: single words, none where in doubt. WordNet is looked for when the first
word asks for it, and where it lies is `sluice.text.wordnet`'s matter.
"""

import re
from collections import Counter
from functools import cache
from typing import Any

from sluice.text.protection import is_negation, sentiment_words

_PLAIN = re.compile(r"[a-z]{3,}")  # no phrases (`motion_picture`), no names, no abbreviations


@cache
def _stop_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # two slow seconds

    return frozenset(ENGLISH_STOP_WORDS)


def _exchangeable(word: str) -> bool:
    """Whether a word is plain and means something without turning or colouring the sentence."""
    return (
        _PLAIN.fullmatch(word) is not None
        and word not in _stop_words()
        and word not in sentiment_words()
        and not is_negation(word)
    )


def _usual_sense(word: str) -> Any | None:
    """The first sense that lists `word` as it is written, in the part of speech with most senses.

    Inflected forms have none: exchanging `cars` for `automobile` would break the grammar. Senses
    lie in the order of their frequency within a part of speech only; of several, the one with most
    senses is taken to be the most used (Zipf 1945, The meaning-frequency relationship of words).
    """
    from sluice.text.wordnet import find_wordnet  # NLTK takes a second, and most runs need none

    senses = [sense for sense in find_wordnet().synsets(word) if word in sense.lemma_names()]
    if not senses:
        return None
    parts = Counter("a" if sense.pos() == "s" else sense.pos() for sense in senses)
    ((usual, _),) = parts.most_common(1)
    return next(sense for sense in senses if sense.pos() in (usual, "s" if usual == "a" else usual))


@cache
def find_synonyms(word: str) -> tuple[str, ...]:
    """Return a word's synonyms in its usual sense, in WordNet's order; () where there are none.

    Stop words, negations and sentiment-bearing words have no synonyms here, and are none. Every
    word is looked up once.

    Raises:
        ResourceError: WordNet is not on this machine.
    """
    if not _exchangeable(word) or (sense := _usual_sense(word)) is None:
        return ()
    others = dict.fromkeys(name for name in sense.lemma_names() if name != word)
    return tuple(name for name in others if _exchangeable(name))
