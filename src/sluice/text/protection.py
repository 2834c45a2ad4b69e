"""What no augmentation may touch: the tokens of a row that carry its meaning or stand for others.

In: tokens as the clean stage writes them. Out: which are protected, which are words that may be
edited, and where a negation parts them. What is done to the words is `augmentation`'s matter.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import accumulate

_NEGATIONS = """
aint arent barely cannot cant couldnt didnt doesnt dont hadnt hardly hasnt havent isnt lacking lacks
neither never no nobody none nope nor not nothing nowhere rarely scarcely seldom shouldnt wasnt
werent without wont wouldnt
"""
NEGATIONS = frozenset(_NEGATIONS.split())
"""Words that turn a sentence round; those on n't are known by their end."""

_MARKERS = ("<", "#", "@", ":")  # <url>, <mention>, #topic, @name, :red_heart:
_OPEN, _CLOSE = "<hashtag>", "</hashtag>"
_HASHTAG_WORD = "#\ue000"  # cleaned tokens hold no character of private use
_TAG = re.compile(r"#(\w+)")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def is_negation(token: str) -> bool:
    """Say whether a token negates what follows."""
    return token in NEGATIONS or token.endswith(("n't", "n’t"))


def in_hashtag(tokens: Sequence[str]) -> list[bool]:
    """Mark the tokens from `<hashtag>` to `</hashtag>`, both included; an unclosed one is alone."""
    marks = [token == _OPEN for token in tokens]
    opened: int | None = None
    for place, token in enumerate(tokens):
        if token == _CLOSE and opened is not None:
            marks[opened : place + 1] = [True] * (place + 1 - opened)
            opened = None
        elif token == _OPEN:
            opened = place
    return marks


def ends_in_hashtag(tokens: Sequence[str]) -> list[bool]:
    """Mark the tokens behind which a new one would stand in a hashtag."""
    marks = in_hashtag(tokens)
    following = [*marks[1:], False]
    return [
        mark and after and token != _CLOSE
        for mark, after, token in zip(marks, following, tokens, strict=True)
    ]


def mark_protected(tokens: Sequence[str]) -> list[bool]:
    """Mark placeholders, mentions, emoji, hashtags with the words in them, and negations."""
    return [
        inside or token.startswith(_MARKERS) or is_negation(token)
        for token, inside in zip(tokens, in_hashtag(tokens), strict=True)
    ]


def protected_tokens(tokens: Sequence[str]) -> list[str]:
    """The protected tokens of a row, in their order."""
    return [token for token, kept in zip(tokens, mark_protected(tokens), strict=True) if kept]


def editable_places(tokens: Sequence[str]) -> list[int]:
    """Places of the words that may be edited: letters only, and not protected."""
    return [
        place
        for place, kept in enumerate(mark_protected(tokens))
        if not kept and _WORD.fullmatch(tokens[place])
    ]


def number_stretches(tokens: Sequence[str]) -> list[int]:
    """Number the stretches between negations; tokens of one number have none between them."""
    return list(accumulate(is_negation(token) for token in tokens))


def mark_hashtag_words(tokens: Sequence[str], text: str) -> list[str]:
    """Protect, by a mark, words that `text` has in a hashtag; cleaning may have left only them.

    Every token that lies in a tag's letters counts, wherever it stands: better one word spared too
    many. Negations need no mark.
    """
    tags = [tag.lower() for tag in _TAG.findall(text)]
    return [
        _HASHTAG_WORD + token
        if any(token in tag for tag in tags) and not is_negation(token)
        else token
        for token in tokens
    ]


def mark_again(tokens: Sequence[str], like: Sequence[str]) -> list[str]:
    """Mark the words that are marked in `like`, another row."""
    return [_HASHTAG_WORD + token if _HASHTAG_WORD + token in like else token for token in tokens]


def unmark(tokens: Sequence[str]) -> list[str]:
    """Take the marks of hashtags' words away."""
    return [token.removeprefix(_HASHTAG_WORD) for token in tokens]


@cache
def sentiment_words() -> frozenset[str]:
    """Words that carry or scale sentiment: VADER's lexicon and its intensifiers (Hutto 2014)."""
    from vaderSentiment.vaderSentiment import BOOSTER_DICT, SentimentIntensityAnalyzer

    return frozenset(SentimentIntensityAnalyzer().lexicon) | frozenset(BOOSTER_DICT)
