"""Judges rhymes: variety, end rhymes beside chance, and what was copied from the training rhymes.

In: rhymes as stanzas of lines of words, or as scores of tokens. Out: numbers. Nothing is chosen
by them but the verdict.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sluice.evaluation.intervals import bootstrap_sums
from sluice.rhyming.corpus import line_key
from sluice.rhyming.settings import Evaluation

Stanza = list[list[str]]
Rhyme = list[Stanza]
Floats = npt.NDArray[np.float64]


def words_of(rhyme: Rhyme) -> list[str]:
    """Words of a rhyme without case and marks, across its lines."""
    return [word for stanza in rhyme for line in stanza for word in line_key(line)]


def distinct(rhymes: Sequence[Rhyme], n: int) -> float:
    """Share of different n-grams among all n-grams of words (Li et al. 2016, "distinct-n")."""
    found = [
        tuple(row[at : at + n]) for row in map(words_of, rhymes) for at in range(len(row) - n + 1)
    ]
    return len(set(found)) / len(found) if found else 0.0


class Ends(NamedTuple):
    """Last words of all lines of some rhymes."""

    words: list[str]
    """In their order; an empty one where a line has no word."""
    stanzas: list[int]
    """Number of the stanza of each."""


def find_ends(rhymes: Sequence[Rhyme]) -> Ends:
    """Give the last words of lines."""
    words, stanzas = [], []
    for number, stanza in enumerate(stanza for rhyme in rhymes for stanza in rhyme):
        for line in stanza:
            words.append((line_key(line) or ("",))[-1])
            stanzas.append(number)
    return Ends(words, stanzas)


class EndRhymes(NamedTuple):
    """How many lines rhyme."""

    share: float
    """Of lines whose last word can be pronounced and that have a neighbour, those that rhyme."""
    lines: int
    """Lines that were counted."""
    unknown: int
    """Lines whose last word is in no dictionary: they are not counted."""


def count_rhymes(
    ends: Ends, rhymes: Callable[[str, str], bool], known: Callable[[str], bool], reach: int
) -> EndRhymes:
    """Count the lines that rhyme with one at most `reach` lines away in their stanza."""
    counted = hits = unknown = 0
    for place, (word, stanza) in enumerate(zip(*ends, strict=True)):
        near = [
            ends.words[other]
            for other in range(max(0, place - reach), min(len(ends.words), place + reach + 1))
            if other != place and ends.stanzas[other] == stanza
        ]
        if near and not known(word):
            unknown += 1
        elif near:
            counted += 1
            hits += any(rhymes(word, other) for other in near)
    return EndRhymes(hits / counted if counted else 0.0, counted, unknown)


def shuffled_share(
    ends: Ends,
    rhymes: Callable[[str, str], bool],
    known: Callable[[str], bool],
    params: Evaluation,
) -> float:
    """Mean share of end rhymes with the same ends in random order: what chance alone gives."""
    generator = np.random.default_rng(params.seed)
    shares = []
    for _ in range(params.shuffles):
        words = [ends.words[one] for one in generator.permutation(len(ends.words))]
        shares.append(count_rhymes(Ends(words, ends.stanzas), rhymes, known, params.reach).share)
    return float(np.mean(shares))


def copied_lines(rhymes: Sequence[Rhyme], train: Sequence[Rhyme], words: int) -> tuple[float, int]:
    """Share of lines of at least so many words that stand in a training rhyme, and their number."""
    there = {line_key(line) for rhyme in train for stanza in rhyme for line in stanza}
    keys = [line_key(line) for rhyme in rhymes for stanza in rhyme for line in stanza]
    long = [key for key in keys if len(key) >= words]
    return (sum(key in there for key in long) / len(long) if long else 0.0), len(long)


def longest_run(rhymes: Sequence[Rhyme], train: Sequence[Rhyme]) -> list[str]:
    """The longest run of words, across lines, that a training rhyme has too."""
    rows, known = [words_of(one) for one in rhymes], [words_of(one) for one in train]
    found: list[str] = []
    while True:
        length = len(found) + 1
        there = {
            tuple(row[at : at + length]) for row in known for at in range(len(row) - length + 1)
        }
        runs = (row[at : at + length] for row in rows for at in range(len(row) - length + 1))
        longer = next((run for run in runs if tuple(run) in there), None)
        if longer is None:
            return found
        found = longer


def judge_rhymes(
    rhymes: Sequence[Rhyme],
    train: Sequence[Rhyme],
    do_rhyme: Callable[[str, str], bool],
    known: Callable[[str], bool],
    params: Evaluation,
) -> dict[str, Any]:
    """All scores of some rhymes, as JSON."""
    ends = find_ends(rhymes)
    counted = count_rhymes(ends, do_rhyme, known, params.reach)
    copied, lines = copied_lines(rhymes, train, params.copied_words)
    run = longest_run(rhymes, train)
    return {
        "rhymes": len(rhymes),
        "lines": len(ends.words),
        "distinct_1": distinct(rhymes, 1),
        "distinct_2": distinct(rhymes, 2),
        "end_rhymes": counted.share,
        "end_rhyme_lines": counted.lines,
        "end_rhyme_unknown": counted.unknown,
        "end_rhymes_shuffled": shuffled_share(ends, do_rhyme, known, params),
        "copied_lines": copied,
        "copied_of": lines,
        "copied_run": len(run),
        "copied_words": " ".join(run),
    }


def perplexity(scores: pd.DataFrame) -> float:
    """Exponential of the mean loss per token; columns tokens and loss (nats) of each rhyme."""
    return float(np.exp(scores["loss"].sum() / scores["tokens"].sum()))


def compare_perplexity(
    network: pd.DataFrame, baseline: pd.DataFrame, params: Evaluation
) -> dict[str, Any]:
    """Perplexity of a network as a multiple of the baseline's, on the same rhymes.

    Args:
        network: columns rhyme, cluster, tokens, loss; losses are means over seeds.
        baseline: the same, of the same rhymes in the same order.
        params: of the paired bootstrap, which draws groups of rhymes that share a line.

    Returns:
        ratio and its interval: below one, the network is better.
    """
    columns = np.column_stack([network["loss"] - baseline["loss"], network["tokens"]])
    groups = np.unique(network["cluster"], return_inverse=True)[1].astype(np.int64)
    sums = bootstrap_sums(columns.astype(np.float64), groups, params.resamples, params.seed)
    edge = (1 - params.confidence) / 2
    low, high = np.quantile(np.exp(sums[:, 0] / sums[:, 1]), [edge, 1 - edge])
    ratio = float(np.exp(columns[:, 0].sum() / columns[:, 1].sum()))
    return {"ratio": ratio, "interval": [float(low), float(high)]}
