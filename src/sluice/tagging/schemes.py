"""Entities as tags and tags as entities: IOB1, IOB2 and BIOES.

In: the tags of one sentence. Out: its spans, or the tags of other spans. Which tag may follow which
is said once, in `may_follow`; the conditional random field asks the same function.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Scheme = Literal["iob1", "iob2", "bioes"]
Strays = Literal["begin", "drop"]
OUTSIDE = "O"
_PREFIXES: dict[Scheme, str] = {"iob1": "BI", "iob2": "BI", "bioes": "BIES"}


class Span(NamedTuple):
    """An entity: the tokens from `start` to before `end`, and its type."""

    start: int
    end: int
    kind: str


def split_tag(tag: str) -> tuple[str, str]:
    """Give prefix and type of a tag: `B-geo-loc` is B and geo-loc, `O` has no type."""
    prefix, _, kind = tag.partition("-")
    return prefix, kind


def is_tag(tag: str, scheme: Scheme) -> bool:
    """Say whether a tag is one of the scheme's."""
    prefix, kind = split_tag(tag)
    return tag == OUTSIDE or (prefix in set(_PREFIXES[scheme]) and bool(kind))


def may_follow(before: str | None, after: str | None, scheme: Scheme) -> bool:
    """Say whether a tag may follow another; None is the start of a sentence, or its end.

    Ramshaw & Marcus 1995 (IOB1), Tjong Kim Sang & Veenstra 1999 (IOB2), Ratinov & Roth 2009 (BIOES,
    there called BILOU).
    """
    first, kind = split_tag(before or OUTSIDE)
    second, same = split_tag(after or OUTSIDE)
    if scheme == "bioes":
        if first in {"B", "I"}:
            return second in {"I", "E"} and same == kind
        return second not in {"I", "E"}
    if scheme == "iob2" and second == "I":
        return first in {"B", "I"} and same == kind
    return True


def find_stray(tags: Sequence[str], scheme: Scheme) -> int | None:
    """Give the first place whose tag may not follow the one before it, or the end; else None."""
    pairs = zip([None, *tags], [*tags, None], strict=True)
    return next((at for at, pair in enumerate(pairs) if not may_follow(*pair, scheme)), None)


def read_spans(tags: Iterable[str], strays: Strays = "begin") -> list[Span]:
    """Give the entities of a sentence, whichever of the three schemes its tags are in.

    Args:
        tags: the tags of one sentence.
        strays: what an I- or E- is that nothing of its type stands before: the begin of an entity,
            as the script of CoNLL 2000 has it and IOB1 means it, or, with `drop`, of none, as the
            strict reading of IOB2 has it.
    """
    spans: list[Span] = []
    start, kind, real = 0, "", False
    place = -1
    for place, tag in enumerate(tags):
        prefix, now = split_tag(tag)
        goes_on = prefix in {"I", "E"} and bool(kind) and now == kind
        if not goes_on:
            if kind and real:
                spans.append(Span(start, place, kind))
            start, kind = place, "" if tag == OUTSIDE else now
            real = prefix in {"B", "S"} or strays == "begin"
        if prefix in {"E", "S"}:
            if kind and real:
                spans.append(Span(start, place + 1, kind))
            kind = ""
    if kind and real:
        spans.append(Span(start, place + 1, kind))
    return spans


def write_tags(spans: Iterable[Span], length: int, scheme: Scheme) -> list[str]:
    """Give the tags of spans that do not overlap, (length,), in IOB2 or BIOES."""
    tags = [OUTSIDE] * length
    for start, end, kind in spans:
        tags[start:end] = [f"I-{kind}"] * (end - start)
        tags[start] = f"B-{kind}"
        if scheme == "bioes":
            tags[end - 1] = f"{'S' if end - start == 1 else 'E'}-{kind}"
    return tags


def all_tags(kinds: Iterable[str], scheme: Scheme) -> tuple[str, ...]:
    """Give every tag of these types, `O` first."""
    parts = (f"{prefix}-{kind}" for kind in sorted(kinds) for prefix in _PREFIXES[scheme])
    return (OUTSIDE, *parts)
