"""Tags and spans: the three schemes say the same, and strict reading is seqeval's."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.tagging.schemes import (
    Span,
    all_tags,
    find_stray,
    is_tag,
    may_follow,
    read_spans,
    split_tag,
    write_tags,
)

KINDS = ("person", "geo-loc")


@st.composite
def entities(draw) -> tuple[list[Span], int]:
    """Spans side by side or apart, and the length of their sentence."""
    spans, at = [], 0
    for _ in range(draw(st.integers(0, 5))):
        start = at + draw(st.integers(0, 2))
        at = start + draw(st.integers(1, 3))
        spans.append(Span(start, at, draw(st.sampled_from(KINDS))))
    return spans, at + draw(st.integers(0 if at else 1, 2))


def to_iob1(spans: list[Span], length: int) -> list[str]:
    """IOB1 by its definition: B- only where an entity of the same type ends just before."""
    tags = ["O"] * length
    before = None
    for span in spans:
        tags[span.start : span.end] = [f"I-{span.kind}"] * (span.end - span.start)
        if before and before.end == span.start and before.kind == span.kind:
            tags[span.start] = f"B-{span.kind}"
        before = span
    return tags


@given(entities())
def test_every_scheme_holds_the_same_spans(case) -> None:
    spans, length = case
    for tags, scheme in (
        (to_iob1(spans, length), "iob1"),
        (write_tags(spans, length, "iob2"), "iob2"),
        (write_tags(spans, length, "bioes"), "bioes"),
    ):
        assert read_spans(tags) == spans
        assert len(tags) == length
        assert find_stray(tags, scheme) is None
        assert all(is_tag(tag, scheme) for tag in tags)
    assert read_spans(write_tags(spans, length, "iob2"), "drop") == spans


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(all_tags(KINDS, "iob2")), min_size=1, max_size=7), min_size=1,
        max_size=3,
    )
)  # fmt: skip
def test_strict_spans_are_those_of_seqeval(sentences) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheme = pytest.importorskip("seqeval.scheme")
        theirs = scheme.Entities(sentences, scheme.IOB2).entities
    ours = [read_spans(tags, "drop") for tags in sentences]
    assert [[(one.start, one.end, one.tag) for one in row] for row in theirs] == ours


@pytest.mark.parametrize(
    ("tags", "scheme", "place"),
    [
        (["O", "I-a"], "iob2", 1),
        (["B-a", "I-b"], "iob2", 1),
        (["I-a"], "iob2", 0),
        (["B-a", "O"], "bioes", 1),
        (["O", "B-a"], "bioes", 2),
        (["S-a", "E-a"], "bioes", 1),
        (["B-a", "I-a", "E-b"], "bioes", 2),
    ],
)
def test_a_stray_tag_is_found(tags, scheme, place) -> None:
    assert find_stray(tags, scheme) == place


def test_a_stray_inside_tag_begins_an_entity_or_none() -> None:
    tags = ["O", "I-a", "I-a", "I-b", "B-b"]
    assert read_spans(tags) == [(1, 3, "a"), (3, 4, "b"), (4, 5, "b")]
    assert read_spans(tags, "drop") == [(4, 5, "b")]


def test_tags_of_a_scheme() -> None:
    assert all_tags(["b", "a"], "iob2") == ("O", "B-a", "I-a", "B-b", "I-b")
    assert split_tag("B-geo-loc") == ("B", "geo-loc")
    assert not is_tag("B-", "iob2")
    assert not is_tag("S-a", "iob2")
    assert not is_tag("person", "iob2")
    assert may_follow("B-a", "I-a", "iob2")
