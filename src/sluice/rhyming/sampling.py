"""Writes rhymes line by line: draws tokens or searches for lines, and may look for a rhyme.

In: a trained network, its vocabulary, a prompt. Out: marked words. Scores of what is written are
made in `sluice.rhyming.scores`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sluice.errors import DataError
from sluice.rhyming.corpus import LINE, STANZA, mark_words, split_lines
from sluice.rhyming.network import RhymeNetwork, State
from sluice.rhyming.settings import Sampler
from sluice.rhyming.vocabulary import LINE_ID, RHYME_ID, STANZA_ID, UNKNOWN_ID, Vocabulary

MAX_LINE = 40
"""Tokens after which a line is ended."""
_ENDS = (RHYME_ID, LINE_ID, STANZA_ID)
Rhymes = Callable[[str, str], bool]


class Writer(NamedTuple):
    """What is needed to write."""

    network: RhymeNetwork
    vocabulary: Vocabulary
    sampler: Sampler
    rhymes: Rhymes
    """Whether two words rhyme; asked only if the sampler has several candidates."""


def read_prompt(prompt: str, vocabulary: Vocabulary) -> list[str]:
    """Marked words of a prompt.

    Raises:
        DataError: it has a word that the vocabulary does not hold.
    """
    text = prompt.lstrip().rstrip(" \t")
    words = [word.lower() for word in mark_words(text)]
    unknown = vocabulary.unknown(words)
    if unknown:
        listed = ", ".join(repr(word)[:40] for word in unknown[:8])
        raise DataError(
            f"the prompt has words that no training rhyme has often enough: {listed}; "
            "take others, or a model of level subword"
        )
    return words


def keep_likely(logits: Tensor, sampler: Sampler) -> Tensor:
    """Logarithms of the probabilities that are drawn from, (rows, size) -> (rows, size).

    Temperature, then the `top_k` likeliest (Fan et al. 2018), then the nucleus of `top_p`: the
    fewest likeliest tokens whose probabilities reach it (Holtzman et al. 2020, section 3.1).
    """
    scores = logits / sampler.temperature
    if 0 < sampler.top_k < scores.shape[-1]:
        least = scores.topk(sampler.top_k).values[..., -1:]
        scores = scores.masked_fill(scores < least, float("-inf"))
    if sampler.top_p < 1:
        ordered, places = scores.softmax(-1).sort(dim=-1, descending=True, stable=True)
        beyond = ordered.cumsum(-1) - ordered >= sampler.top_p
        scores = scores.masked_fill(
            torch.zeros_like(beyond).scatter(-1, places, beyond), -torch.inf
        )
    return scores.log_softmax(-1)


def _forbid(logits: Tensor, starts: bool, exact: bool) -> Tensor:
    """Logits without the unknown token, an empty line, and the end where lines are still due."""
    banned = [UNKNOWN_ID, *(_ENDS if starts else ()), *((RHYME_ID,) if exact else ())]
    logits = logits.clone()
    logits[:, banned] = -torch.inf
    return logits


def _repeat(state: State, rows: Tensor) -> State:
    return [(hidden[:, rows], cell[:, rows]) for hidden, cell in state]


class _Place(NamedTuple):
    """Where a rhyme stands: the logits of the next token, (1, size), and the state behind them."""

    logits: Tensor
    state: State
    starts: bool
    """Nothing of the line is written yet."""


def _read(
    network: RhymeNetwork, tokens: Sequence[int], state: State | None
) -> tuple[Tensor, State]:
    logits, after = network(torch.tensor([list(tokens)]), state)
    return logits[:, -1], after


def draw_lines(
    network: RhymeNetwork, place: _Place, sampler: Sampler, generator: torch.Generator, exact: bool
) -> list[list[int]]:
    """Draw as many ends of the line as the sampler has candidates, each with its end token."""
    rows = sampler.candidates
    logits, state = place.logits.expand(rows, -1), _repeat(place.state, torch.zeros(rows).long())
    lines: list[list[int]] = [[] for _ in range(rows)]
    for step in range(MAX_LINE):
        scores = keep_likely(_forbid(logits, place.starts and not step, exact), sampler)
        drawn = torch.multinomial(scores.exp(), 1, generator=generator)  # (rows, 1)
        for line, token in zip(lines, drawn[:, 0].tolist(), strict=True):
            if not line or line[-1] not in _ENDS:
                line.append(token)
        if all(line[-1] in _ENDS for line in lines):
            break
        answer, state = network(drawn, state)
        logits = answer[:, -1]
    return [line if line[-1] in _ENDS else [*line, LINE_ID] for line in lines]


def search_lines(
    network: RhymeNetwork, place: _Place, sampler: Sampler, exact: bool
) -> list[list[int]]:
    """Find likely ends of the line by beam search, the likeliest per token first.

    Scores are divided by length (Wu et al. 2016, section 7, with alpha 1).
    """
    size, width = place.logits.shape[-1], sampler.beam
    beams, totals = [[]], torch.zeros(1)  # type: list[list[int]], Tensor
    logits, state = place.logits, place.state
    done: list[tuple[float, list[int]]] = []
    for step in range(MAX_LINE):
        scores = _forbid(logits, place.starts and not step, exact).log_softmax(-1)
        best = (
            (totals[:, None] + scores).flatten().topk(min(width, int((scores > -torch.inf).sum())))
        )
        rows, tokens = best.indices // size, best.indices % size
        grown = [
            [*beams[row], token] for row, token in zip(rows.tolist(), tokens.tolist(), strict=True)
        ]
        done += [
            (total / len(line), line)
            for total, line in zip(best.values.tolist(), grown, strict=True)
            if line[-1] in _ENDS
        ]
        open_ = torch.tensor([line[-1] not in _ENDS for line in grown])
        if len(done) >= width or not open_.any():
            break
        beams, totals = [line for line in grown if line[-1] not in _ENDS], best.values[open_]
        answer, state = network(tokens[open_][:, None], _repeat(state, rows[open_]))
        logits = answer[:, -1]
    done = done or [(0.0, [*beams[0], LINE_ID])]
    return [line for _, line in sorted(done, key=lambda one: -one[0])]


def last_word(words: Sequence[str]) -> str | None:
    """The last word of a line that is no mark."""
    return next((word for word in reversed(words) if word[0].isalnum()), None)


def _choose(lines: list[list[int]], start: list[str], ends: list[str], writer: Writer) -> list[int]:
    """The first line that rhymes with one of the ends, or the first of all.

    Lines are drawn anew until one rhymes, as by Lau et al. 2018 ("Deep-speare", section 4.4).
    """
    if ends and len(lines) > 1:
        for line in lines:
            end = last_word([*start, *writer.vocabulary.decode(line[:-1])])
            if end and any(writer.rhymes(end, other) for other in ends):
                return line
    return lines[0]


def open_ends(stanza: list[list[str]], rhymes: Rhymes, reach: int = 2) -> list[str]:
    """Last words of the last lines of a stanza that rhyme with none of their neighbours yet."""
    words = [last_word(line) for line in stanza]
    found = []
    for place in range(max(0, len(words) - reach), len(words)):
        word = words[place]
        near = [*words[max(0, place - reach) : place], *words[place + 1 : place + 1 + reach]]
        if word and not any(other and rhymes(word, other) for other in near):
            found.append(word)
    return found


@torch.no_grad()
def write_rhyme(
    writer: Writer, prompt: Sequence[str], lines: int, seed: int, exact: bool = False
) -> list[str]:
    """Write a rhyme that begins with the prompt.

    Args:
        writer: network, vocabulary, sampler, what rhymes.
        prompt: marked words; its last line goes on.
        lines: lines at most, those of the prompt included.
        seed: of the drawing.
        exact: write so many lines, also where the network would end the rhyme.

    Returns:
        marked words.

    Raises:
        DataError: fewer than one line is asked for, or fewer than the prompt has.
    """
    words = list(prompt)
    count = sum(word in (LINE, STANZA) for word in words) + 1
    if lines < count:
        raise DataError(f"{lines} line(s) are asked for: there must be {count} at least")
    generator = torch.Generator().manual_seed(seed)
    vocabulary, network = writer.vocabulary, writer.network
    logits, state = _read(network, [RHYME_ID, *vocabulary.encode(words)], None)
    while True:
        stanza = split_lines(words)[-1]
        place = _Place(logits, state, not stanza[-1])
        several = writer.sampler.method == "beam" or writer.sampler.candidates > 1
        ends = open_ends(stanza[:-1], writer.rhymes) if several else []
        if writer.sampler.method == "beam" and words:
            found = search_lines(network, place, writer.sampler, exact and count < lines)
        else:  # a search would begin every rhyme alike
            found = draw_lines(network, place, writer.sampler, generator, exact and count < lines)
        line = _choose(found, stanza[-1], ends, writer)
        words = vocabulary.decode([*vocabulary.encode(words), *line[:-1]])
        if line[-1] == RHYME_ID or count == lines:
            return words
        words.append(STANZA if line[-1] == STANZA_ID else LINE)
        count += 1
        logits, state = _read(network, line, state)
