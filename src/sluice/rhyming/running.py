"""What a stage of the rhymes does: trains a seed, fits n-grams, writes rhymes.

In: the table of rhymes and parameters. Out: networks, tables of scores, texts. Reading and
writing of files are for scripts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sluice.rhyming import ngrams
from sluice.rhyming.corpus import PARTS, mark_words
from sluice.rhyming.fitting import Fitted, fit_network, make_stream
from sluice.rhyming.network import RhymeNetwork, score_tokens
from sluice.rhyming.rimes import do_rhyme, load_rimes
from sluice.rhyming.sampling import Writer, write_rhyme
from sluice.rhyming.settings import Generation, Level, Ngrams, Sampler, Tokens, Training
from sluice.rhyming.vocabulary import Vocabulary, make_vocabulary

COLUMNS = ("rhyme", "cluster", "part", "tokens", "words", "loss")
Encoded = dict[str, list[list[int]]]


def encode_parts(table: pd.DataFrame, level: Level, params: Tokens) -> tuple[Vocabulary, Encoded]:
    """Learn a vocabulary on the training rhymes; give the numbers of all rhymes by part."""
    words = {part: [mark_words(one) for one in table.text[table.part == part]] for part in PARTS}
    vocabulary = make_vocabulary(words["train"], level, params)
    return vocabulary, {part: [vocabulary.encode(one) for one in words[part]] for part in PARTS}


def _score_table(table: pd.DataFrame, losses: dict[str, list[np.ndarray]]) -> pd.DataFrame:
    """A row for each rhyme of the judged parts: tokens with the rhyme's end, and their loss."""
    rows = []
    for part, found in losses.items():
        own = table[table.part == part]
        for row, loss in zip(own.itertuples(index=False), found, strict=True):
            words = len(mark_words(str(row.text))) + 1
            total = -float(np.sum(loss, dtype=np.float64))
            rows.append((row.rhyme, row.cluster, part, len(loss), words, total))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def score_network(network: RhymeNetwork, table: pd.DataFrame, encoded: Encoded) -> pd.DataFrame:
    """Loss of each validation and test rhyme, read one after the other; columns of `COLUMNS`."""
    losses = {}
    for part in PARTS[1:]:
        found = score_tokens(network, make_stream(encoded[part])).double().numpy()
        ends = np.cumsum([len(one) + 1 for one in encoded[part]])
        losses[part] = np.split(found, ends[:-1])
    return _score_table(table, losses)


def run_training(
    table: pd.DataFrame, level: Level, seed: int, tokens: Tokens, params: Training, scratch: Path
) -> tuple[Fitted, Vocabulary, pd.DataFrame]:
    """Train the network of a level with a seed; give it with its vocabulary and its scores."""
    vocabulary, encoded = encode_parts(table, level, tokens)
    fitted = fit_network(
        len(vocabulary), encoded["train"], encoded["validation"], params, seed, scratch
    )
    return fitted, vocabulary, score_network(fitted.network, table, encoded)


def run_baseline(
    table: pd.DataFrame, level: Level, tokens: Tokens, params: Ngrams
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Choose and fit the n-grams of a level; give their scores, and what was chosen."""
    vocabulary, encoded = encode_parts(table, level, tokens)
    size = len(vocabulary)
    tried = ngrams.choose(encoded["train"], encoded["validation"], size, params)
    losses = {
        part: ngrams.score_chosen(encoded["train"], encoded[part], size, tried[0])
        for part in PARTS[1:]
    }
    facts = tried[0]._asdict() | {
        "tokens": {part: sum(map(len, found)) for part, found in encoded.items()},
        "vocabulary": size,
    }
    return _score_table(table, losses), facts


def rhyme_asker(sampler: Sampler) -> Any:
    """What says whether two words rhyme; the dictionary is not read where nobody asks."""
    if sampler.method == "sample" and sampler.candidates == 1:
        return lambda _one, _other: False
    rimes = load_rimes()
    return lambda one, other: do_rhyme(one, other, rimes)


def run_generation(
    network: RhymeNetwork, vocabulary: Vocabulary, level: str, params: Generation
) -> pd.DataFrame:
    """Write rhymes by every sampler; columns level, sampler, number, words, text."""
    rows: list[tuple[str, str, int, Sequence[str], str]] = []
    for name, sampler in params.samplers.items():
        writer = Writer(network, vocabulary, sampler, rhyme_asker(sampler))
        for number in range(params.rhymes):
            seed = params.seed * 1_000_003 + number
            words = write_rhyme(writer, [], params.max_lines, seed)
            rows.append((level, name, number, words, vocabulary.write(words)))
    return pd.DataFrame(rows, columns=["level", "sampler", "number", "words", "text"])
