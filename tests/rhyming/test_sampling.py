"""Lines are drawn or searched: what is kept, what is forbidden, what rhymes."""

import itertools

import pytest
import torch

from sluice.errors import DataError
from sluice.rhyming.network import RhymeNetwork
from sluice.rhyming.sampling import (
    Writer,
    _Place,
    _read,
    keep_likely,
    open_ends,
    read_prompt,
    search_lines,
    write_rhyme,
)
from sluice.rhyming.settings import Network, Sampler
from sluice.rhyming.vocabulary import SPECIAL, Vocabulary

WORDS = ["cat", "hat", "fox", "box", ","]
VOCABULARY = Vocabulary("word", [*SPECIAL, *WORDS], {}, [])


def last_letters(one: str, other: str) -> bool:
    return one != other and one[-2:] == other[-2:]


@pytest.fixture
def network() -> RhymeNetwork:
    torch.manual_seed(1)
    return RhymeNetwork(len(VOCABULARY), Network(embedding_size=6, hidden_size=6)).eval()


def write(network, sampler: Sampler, prompt: str = "", **rest) -> list[str]:
    writer = Writer(network, VOCABULARY, sampler, last_letters)
    words = read_prompt(prompt, VOCABULARY)
    return write_rhyme(writer, words, **{"lines": 5, "seed": 0, "exact": True} | rest)


def lines_of(words: list[str]) -> int:
    return sum(word in SPECIAL for word in words) + 1


def test_only_likely_tokens_are_kept_and_sum_to_one() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()
    kept = {
        "top_k": keep_likely(logits, Sampler(top_k=2)),
        "top_p": keep_likely(logits, Sampler(top_p=0.6)),
        "all": keep_likely(logits, Sampler(temperature=0.5, top_k=9)),
    }
    for scores in kept.values():
        assert scores.exp().sum().item() == pytest.approx(1)
    assert kept["top_k"].exp().tolist()[0] == pytest.approx([5 / 8, 3 / 8, 0, 0])
    assert kept["top_p"].exp().tolist()[0] == pytest.approx([5 / 8, 3 / 8, 0, 0])
    assert kept["all"].exp()[0, 0].item() == pytest.approx(0.25 / 0.365)
    assert keep_likely(logits, Sampler(top_p=0.01)).exp().tolist()[0] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    "sampler", [Sampler(), Sampler(candidates=4), Sampler(method="beam", beam=3)]
)
def test_so_many_lines_none_empty_none_unknown(network, sampler) -> None:
    for seed in range(4):
        words = write(network, sampler, seed=seed)
        assert lines_of(words) == 5
        assert "<unknown>" not in words
        assert "<rhyme>" not in words
        marks = [word in SPECIAL for word in ["<line>", *words, "<line>"]]
        assert not any(one and other for one, other in itertools.pairwise(marks))
        assert words == write(network, sampler, seed=seed)
    assert write(network, sampler, seed=7) != write(network, sampler, seed=8)


def test_a_prompt_stands_at_the_beginning(network) -> None:
    words = write(network, Sampler(), "Cat, hat\nfox ")
    assert words[:5] == ["cat", ",", "hat", "<line>", "fox"]
    assert lines_of(words) == 5


def test_lines_are_drawn_until_one_rhymes(network) -> None:
    def share(sampler: Sampler) -> float:
        hits = 0
        for seed in range(30):
            words = write(network, sampler, "cat\n", lines=2, seed=seed)
            hits += any(last_letters("cat", word) for word in words[-2:] if word.isalpha())
        return hits / 30

    assert share(Sampler(candidates=12)) > share(Sampler()) + 0.2


def test_ends_are_open_until_they_rhyme() -> None:
    stanza = [["a", "cat"], ["a", "fox", ","], ["my", "hat"]]
    assert open_ends(stanza, last_letters) == ["fox"]
    assert open_ends([], last_letters) == []


def test_a_wide_search_finds_the_likeliest_line(network) -> None:
    with torch.no_grad():
        place = _Place(*_read(network, [0], None), starts=True)
        found = search_lines(network, place, Sampler(method="beam", beam=200), exact=True)
        allowed, ends = range(4, len(VOCABULARY)), (1, 2)

        def score(line: tuple[int, ...]) -> float:
            total, logits, state = 0.0, place.logits, place.state
            for step, token in enumerate(line):
                logits = logits.clone()
                logits[:, [0, 3] + ([1, 2] if not step else [])] = -torch.inf
                total += logits.log_softmax(-1)[0, token].item()
                logits, state = _read(network, [token], state)
            return total / len(line)

        short = [(one, end) for one in allowed for end in ends]
        best = max(short, key=score)
    assert next(line for line in found if len(line) == 2) == list(best)


@pytest.mark.parametrize(
    ("prompt", "lines", "words"),
    [
        ("cat dog cow dog", 5, "'dog', 'cow'"),
        ("cat\nhat\nfox", 2, r"2 line\(s\) are asked for: there must be 3"),
        ("", 0, r"0 line\(s\)"),
    ],
)
def test_what_cannot_be_written_is_said(network, prompt, lines, words) -> None:
    with pytest.raises(DataError, match=words):
        write(network, Sampler(), prompt, lines=lines)
