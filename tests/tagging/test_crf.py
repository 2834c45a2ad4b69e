"""The conditional random field against all sequences written out, and its decodes against the law.

Brute force is honest here: with four tags and four tokens there are 256 sequences.
"""

import itertools
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sluice.tagging.crf import ConditionalRandomField, legal_moves
from sluice.tagging.schemes import all_tags, find_stray, may_follow


def field(scheme: str, kinds: tuple[str, ...], seed: int) -> tuple[ConditionalRandomField, tuple]:
    tags = all_tags(kinds, scheme)
    crf = ConditionalRandomField(legal_moves(tags, partial(may_follow, scheme=scheme))).double()
    torch.nn.init.normal_(crf.moves, generator=torch.Generator().manual_seed(seed))
    return crf, tags


def emissions_of(shape: tuple[int, ...], seed: int) -> Tensor:
    return 3 * torch.randn(
        shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


def every(crf: ConditionalRandomField, tags: tuple, row: Tensor, scheme: str) -> dict:
    """Score of every legal sequence of one row, added up by hand."""
    moves, end = crf.moves.detach(), len(tags)
    found = {}
    for path in itertools.product(range(len(tags)), repeat=len(row)):
        if find_stray([tags[at] for at in path], scheme) is not None:
            continue
        steps = zip((end, *path), (*path, end), strict=True)
        score = sum(row[time, tag] for time, tag in enumerate(path))
        found[path] = float(score + sum(moves[a, b] for a, b in steps))
    return found


@pytest.mark.parametrize(
    ("scheme", "kinds", "time"),
    [("iob2", ("a",), 5), ("iob2", ("a", "b"), 4), ("bioes", ("a",), 4)],
)
def test_partition_score_and_best_are_those_of_all_sequences(scheme, kinds, time) -> None:
    crf, tags = field(scheme, kinds, 1)
    lengths = torch.tensor([time, 1, time - 1])
    emissions = emissions_of((3, time, len(tags)), 2)
    partition, best = crf.log_partition(emissions, lengths), crf.decode(emissions, lengths)
    for row, length in enumerate(lengths.tolist()):
        scores = every(crf, tags, emissions[row, :length], scheme)
        total = torch.logsumexp(torch.tensor(list(scores.values()), dtype=torch.float64), dim=0)
        assert partition[row].item() == pytest.approx(total.item(), abs=1e-9)
        assert tuple(best[row, :length].tolist()) == max(scores, key=scores.__getitem__)
        assert best[row, length:].eq(0).all()
        for path, score in itertools.islice(scores.items(), 20):
            padded = torch.zeros(1, time, dtype=torch.int64)
            padded[0, :length] = torch.tensor(path)
            given_score = crf.score(emissions[row : row + 1], padded, lengths[row : row + 1])
            assert given_score.item() == pytest.approx(score, abs=1e-9)


def test_likelihoods_of_all_legal_sequences_add_up_to_one() -> None:
    crf, tags = field("bioes", ("a",), 3)
    emissions = emissions_of((1, 4, len(tags)), 4)
    legal = list(every(crf, tags, emissions[0], "bioes"))
    paths = torch.tensor(legal)
    lengths = torch.full((len(legal),), 4)
    likelihoods = crf(emissions.expand(len(legal), -1, -1), paths, lengths)
    assert likelihoods.exp().sum().item() == pytest.approx(1, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(
    scheme=st.sampled_from(["iob2", "bioes"]),
    seed=st.integers(0, 10_000),
    times=st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_no_decode_has_an_illegal_move(scheme, seed, times) -> None:
    """Even where emissions shout for it: moves that are illegal are given the largest weights."""
    crf, tags = field(scheme, ("a", "b"), seed)
    with torch.no_grad():
        crf.moves[~crf.legal] = 1e6
    lengths = torch.tensor(times)
    emissions = 50 * emissions_of((len(times), max(times), len(tags)), seed + 1)
    for row, length in zip(crf.decode(emissions, lengths).tolist(), times, strict=True):
        assert find_stray([tags[at] for at in row[:length]], scheme) is None


def test_padding_has_no_part() -> None:
    crf, tags = field("iob2", ("a", "b"), 5)
    emissions = emissions_of((2, 6, len(tags)), 6)
    lengths = torch.tensor([3, 6])
    path = crf.decode(emissions, lengths)
    changed = emissions.clone()
    changed[0, 3:] = 1e3
    assert torch.equal(crf.decode(changed, lengths), path)
    assert torch.equal(crf(changed, path, lengths), crf(emissions, path, lengths))
    alone = crf(emissions[:1, :3], path[:1, :3], lengths[:1])
    assert alone.item() == pytest.approx(crf(emissions, path, lengths)[0].item(), abs=1e-9)


def test_gradients_are_finite_and_illegal_moves_have_none() -> None:
    crf, tags = field("bioes", ("a",), 7)
    emissions = emissions_of((2, 5, len(tags)), 8).requires_grad_()
    lengths = torch.tensor([5, 1])
    (-crf(emissions, crf.decode(emissions, lengths), lengths).mean()).backward()
    assert emissions.grad.isfinite().all()
    assert crf.moves.grad.isfinite().all()
    assert crf.moves.grad[~crf.legal].eq(0).all()
    assert crf.moves.grad[crf.legal].ne(0).any()
