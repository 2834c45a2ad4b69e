"""Edits a row of tokens into one that should keep its label: the four operations of EDA, guarded.

In: tokens and a random generator. Out: edited tokens, or None where nothing can be changed. Which
rows are edited, and what becomes of the result, is `sluice.text.synthesis`'s matter.

Source: Wei & Zou 2019, EDA, arXiv 1901.11196, section 2. Unlike there, protected tokens (negations,
placeholders, mentions, hashtags, emoji) stay where they are, no word crosses a negation, and
sentiment-bearing words are neither exchanged nor deleted.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from sluice.errors import ParamsError
from sluice.text.protection import (
    editable_places,
    ends_in_hashtag,
    is_negation,
    number_stretches,
    sentiment_words,
)
from sluice.text.synonyms import find_synonyms

Tokens = list[str]
Edit = Callable[[Tokens, int, np.random.Generator], Tokens | None]
Operation = Callable[[Sequence[Tokens], np.random.Generator], list[Tokens | None]]
"""Rows in, one edited row or None for each; so that one of them may work in batches."""


def _pick(places: list[int], count: int, generator: np.random.Generator) -> list[int]:
    """Up to `count` different places, in random order."""
    return [int(place) for place in generator.permutation(places)[:count]]


def _choose(words: Sequence[str], generator: np.random.Generator) -> str:
    return words[int(generator.integers(len(words)))]


def _with_synonyms(tokens: Tokens) -> list[int]:
    return [place for place in editable_places(tokens) if find_synonyms(tokens[place])]


def replace_synonyms(tokens: Tokens, count: int, generator: np.random.Generator) -> Tokens | None:
    """Exchange up to `count` words for a synonym each."""
    edited = list(tokens)
    for place in _pick(_with_synonyms(tokens), count, generator):
        edited[place] = _choose(find_synonyms(tokens[place]), generator)
    return edited if edited != tokens else None


def _anchors(tokens: Tokens, place: int) -> list[int]:
    """Places on the same side of every negation as `place`, behind which a word may be put."""
    stretches, inside = number_stretches(tokens), ends_in_hashtag(tokens)
    return [
        index
        for index, token in enumerate(tokens)
        if stretches[index] == stretches[place] and not inside[index] and not is_negation(token)
    ]


def insert_synonyms(tokens: Tokens, count: int, generator: np.random.Generator) -> Tokens | None:
    """Put synonyms of up to `count` words somewhere into the stretch where the word stands."""
    edited = list(tokens)
    for _ in range(count):
        places = _with_synonyms(edited)
        if not places:
            return None
        place = _pick(places, 1, generator)[0]
        word = _choose(find_synonyms(edited[place]), generator)
        edited.insert(_pick(_anchors(edited, place), 1, generator)[0] + 1, word)
    return edited


def swap_words(tokens: Tokens, count: int, generator: np.random.Generator) -> Tokens | None:
    """Exchange the places of two words up to `count` times; no word twice or across a negation."""
    edited, stretches = list(tokens), number_stretches(tokens)
    unmoved = editable_places(tokens)
    for place in _pick(unmoved, count, generator):
        others = [
            other
            for other in unmoved
            if stretches[other] == stretches[place] and tokens[other] != tokens[place]
        ]
        if place in unmoved and others:
            other = _pick(others, 1, generator)[0]
            edited[place], edited[other] = tokens[other], tokens[place]
            unmoved = [kept for kept in unmoved if kept not in (place, other)]
    return edited if edited != tokens else None


def delete_words(tokens: Tokens, count: int, generator: np.random.Generator) -> Tokens | None:
    """Leave out up to `count` words that carry no sentiment; one word at least remains."""
    words = editable_places(tokens)
    plain = [place for place in words if tokens[place] not in sentiment_words()]
    gone = set(_pick(plain, min(count, len(words) - 1), generator))
    return [token for place, token in enumerate(tokens) if place not in gone] if gone else None


EDITS: dict[str, Edit] = {
    "synonyms": replace_synonyms,
    "swap": swap_words,
    "delete": delete_words,
    "insert": insert_synonyms,
}
WITH_WORDNET = frozenset({"synonyms", "insert"})
"""Edits that look words up."""


def _edit_each(
    edit: Edit, share_of_tokens: float, rows: Sequence[Tokens], generator: np.random.Generator
) -> list[Tokens | None]:
    counts = [max(1, round(share_of_tokens * len(row))) for row in rows]
    return [edit(row, count, generator) for row, count in zip(rows, counts, strict=True)]


def edit_rows(name: str, share_of_tokens: float) -> Operation:
    """Make an operation of an edit: it changes max(1, share * tokens) words of each row.

    It can be sent to another process.

    Raises:
        ParamsError: there is no edit of that name.
    """
    if name not in EDITS:
        raise ParamsError(f"augment.operations: unknown {name!r}; valid: {', '.join(EDITS)}")
    return partial(_edit_each, EDITS[name], share_of_tokens)
