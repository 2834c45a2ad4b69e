"""Makes one corpus of three parts: entities in one scheme, parts that share no sentence by chance.

In: sentences as files hold them. Out: a table of tokens, and facts. It stops before numbers: words
and tags are numbered by `sluice.tagging.lexicon`, from the training part.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from sluice.data.display import show
from sluice.data.duplicates import Duplicates, find_duplicates
from sluice.errors import DataError
from sluice.tagging.conll import Sentence
from sluice.tagging.schemes import find_stray, is_tag, read_spans, split_tag, write_tags
from sluice.tagging.settings import Kind, Reading

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
COLUMNS = ("part", "sentence", "token", "tag")


class Corpus(NamedTuple):
    """Tokens and tags of each part, sentence by sentence; entities are in IOB2."""

    tokens: dict[Part, list[list[str]]]
    tags: dict[Part, list[list[str]]]
    kind: Kind

    @property
    def train_tags(self) -> tuple[str, ...]:
        """Different tags of the training part, sorted."""
        return tuple(sorted({tag for row in self.tags["train"] for tag in row}))


def plain_tags(sentence: Sentence, reading: Reading, where: str) -> list[str]:
    """Give a sentence's tags: entities in IOB2, others as they are.

    Raises:
        DataError: a tag is not one of the scheme's, or may not stand where it stands.
    """
    if reading.kind == "tags":
        return list(sentence.tags)
    for at, tag in enumerate(sentence.tags):
        if not is_tag(tag, reading.scheme):
            raise DataError(
                f"{where}: the tag '{show(tag, 40)}' of token {at + 1} of the sentence at line "
                f"{sentence.line} is none of {reading.scheme}: check data.scheme and "
                "data.tag_column, or set data.kind to tags"
            )
    stray = find_stray(sentence.tags, reading.scheme)
    if stray is not None and reading.strays == "refuse":
        named = sentence.tags[stray] if stray < len(sentence.tags) else "the end of the sentence"
        raise DataError(
            f"{where}: '{show(named, 40)}' may not stand at token {stray + 1} of the sentence at "
            f"line {sentence.line} in {reading.scheme}: mend it, or set data.strays to begin"
        )
    return write_tags(read_spans(sentence.tags), len(sentence.tags), "iob2")


def draw_parts(sentences: Sequence[Sentence], reading: Reading, wanted: Sequence[Part]) -> list[
    Part
]:  # fmt: skip
    """Draw for each sentence whether it is trained on; near duplicates are drawn together.

    Raises:
        DataError: there are too few sentences that differ.
    """
    texts = pd.Series([" ".join(one.tokens) for one in sentences], dtype=object)
    clusters = find_duplicates(texts, Duplicates()).cluster
    met, sizes = np.unique(clusters, return_counts=True)
    if len(met) <= len(wanted):
        raise DataError(
            f"{len(met)} sentence(s) that differ are too few for {len(wanted) + 1} parts: give "
            "more, or files of all parts"
        )
    shares = {"validation": reading.validation_share, "test": reading.test_share}
    order = np.random.default_rng(reading.seed).permutation(len(met))
    placed: dict[int, Part] = {}
    for later, part in zip(range(len(wanted))[::-1], wanted, strict=True):
        goal, filled = shares[part] * len(sentences), 0
        while filled < goal and len(met) - len(placed) > later + 1:  # one for each later part
            one = int(order[len(placed)])
            placed[int(met[one])] = part
            filled += int(sizes[one])
    return [placed.get(int(one), "train") for one in clusters]


def _check_tags(corpus: Corpus) -> None:
    """See that training knows every tag; of entities, every type, and that there are any.

    Raises:
        DataError: another part holds a tag that training does not, or training holds no entity.
    """

    def names(part: Part) -> set[str]:
        every = {tag for row in corpus.tags[part] for tag in row}
        return {split_tag(tag)[1] for tag in every} if corpus.kind == "entities" else every

    if corpus.kind == "entities" and names("train") == {""}:
        raise DataError(
            "the training part holds no entity, only O: check data.tag_column, or give a file "
            "whose entities are marked"
        )
    for part in ("validation", "test"):
        unknown = sorted(names(part) - names("train"))
        if unknown:
            listed = ", ".join(f"'{show(one, 40)}'" for one in unknown[:8])
            raise DataError(
                f"the {part} part has tag(s) that the training part has not: {listed}: check "
                "that the files belong together, or train on sentences with them"
            )


def make_corpus(parts: dict[Part, list[Sentence]], places: dict[Part, str], reading: Reading) -> (
    Corpus
):  # fmt: skip
    """Put parts together, drawing those that have no file from the training sentences.

    Args:
        parts: sentences of each file; the training part at least.
        places: name of each file, for errors.
        reading: how they are written.

    Raises:
        DataError: a tag is not usable, or there are too few sentences.
    """
    tags = {
        part: [plain_tags(one, reading, places[part]) for one in sentences]
        for part, sentences in parts.items()
    }
    tokens = {part: [list(one.tokens) for one in rows] for part, rows in parts.items()}
    wanted = [part for part in PARTS if part not in parts]
    if wanted:
        drawn = draw_parts(parts["train"], reading, wanted)
        whole = list(zip(drawn, tokens["train"], tags["train"], strict=True))
        for part in ("train", *wanted):
            tokens[part] = [one for own, one, _ in whole if own == part]
            tags[part] = [one for own, _, one in whole if own == part]
    corpus = Corpus(tokens, tags, reading.kind)
    _check_tags(corpus)
    return corpus


def describe_corpus(corpus: Corpus) -> dict[str, Any]:
    """Count sentences, tokens, entities and sentences that stand in the training part too."""
    found: dict[str, Any] = {"kind": corpus.kind, "tags": list(corpus.train_tags), "parts": {}}
    known = {tuple(row) for row in corpus.tokens["train"]}
    words = {word for row in corpus.tokens["train"] for word in row}
    for part in PARTS:
        rows, tags = corpus.tokens[part], corpus.tags[part]
        flat = [word for row in rows for word in row]
        one = {"sentences": len(rows), "tokens": len(flat)}
        if corpus.kind == "entities":
            one["entities"] = sum(len(read_spans(row)) for row in tags)
        if part != "train":
            one["in_training"] = sum(tuple(row) in known for row in rows)
            one["unseen_tokens"] = sum(word not in words for word in flat)
        found["parts"][part] = one
    return found


def to_table(corpus: Corpus) -> pd.DataFrame:
    """Give a row for each token, with the columns `COLUMNS`."""
    rows = [
        (part, number, token, tag)
        for part in PARTS
        for number, (words, tags) in enumerate(
            zip(corpus.tokens[part], corpus.tags[part], strict=True)
        )
        for token, tag in zip(words, tags, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def to_sentences(table: pd.DataFrame, part: Part, column: str) -> list[list[str]]:
    """Give a column of one part sentence by sentence."""
    own = table[table["part"] == part]
    ends = np.flatnonzero(np.diff(own["sentence"].to_numpy())) + 1
    return [list(one) for one in np.split(own[column].to_numpy(dtype=object), ends)]


def from_table(table: pd.DataFrame, kind: Kind) -> Corpus:
    """Give the corpus that `to_table` wrote."""
    tokens, tags = (
        {part: to_sentences(table, part, column) for part in PARTS} for column in COLUMNS[2:]
    )
    return Corpus(tokens, tags, kind)
