"""Turns words into token numbers and back: whole words, or subwords by byte-pair encoding.

In: marked words of rhymes (see `sluice.rhyming.corpus`). Out: numbers, and lines as people write
them. It is fitted on the training rhymes only: which those are is the caller's matter.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from sluice.errors import ModelError
from sluice.rhyming.corpus import LINE, RHYME, STANZA, split_lines
from sluice.rhyming.settings import Level, Tokens

UNKNOWN = "<unknown>"
SPECIAL = (RHYME, LINE, STANZA, UNKNOWN)
RHYME_ID, LINE_ID, STANZA_ID, UNKNOWN_ID = range(len(SPECIAL))
_HEAD = "\N{LOWER ONE EIGHTH BLOCK}"
"""Stands before a word, so that its first subword says that it is one."""
_STOPS = {".", "!", "?"}
_CLOSING = {".", ",", ";", ":", "!", "?", ")", "..."}


class Vocabulary:
    """Tokens of one level by number, and the case in which words are usually written."""

    def __init__(
        self, level: Level, tokens: Sequence[str], cases: dict[str, str], merges: Sequence[str]
    ) -> None:
        self.level, self.tokens, self.cases = level, list(tokens), cases
        self.merges = list(merges)
        """Pairs of subwords in the order in which they are joined; none of whole words."""
        self._ids = {token: place for place, token in enumerate(self.tokens)}
        self._known: dict[str, list[int]] = {}
        pairs = [(left, right) for left, right in (one.split(" ") for one in self.merges)]
        self._pieces = Tokenizer(BPE(self._ids, pairs, unk_token=UNKNOWN))

    def __len__(self) -> int:
        return len(self.tokens)

    def _encode_word(self, word: str) -> list[int]:
        if word in SPECIAL or self.level == "word":
            return [self._ids.get(word, UNKNOWN_ID)]
        return list(self._pieces.encode(_HEAD + word, add_special_tokens=False).ids)

    def encode(self, words: Iterable[str]) -> list[int]:
        """Numbers of marked words; upper case is as lower case."""
        found = []
        for word in words:
            key = word if word in SPECIAL else word.lower()
            if key not in self._known:
                self._known[key] = self._encode_word(key)
            found += self._known[key]
        return found

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Marked words of numbers, in lower case."""
        words: list[str] = []
        for token in (self.tokens[one] for one in ids):
            if token in SPECIAL or self.level == "word":
                words.append(token)
            elif token.startswith(_HEAD) or not words or words[-1] in SPECIAL:
                words.append(token.removeprefix(_HEAD))
            else:
                words[-1] += token
        return [word for word in words if word]

    def unknown(self, words: Iterable[str]) -> list[str]:
        """Words that it has no tokens for, each once."""
        return [word for word in dict.fromkeys(words) if UNKNOWN_ID in self.encode([word])]

    def _write_line(self, line: Sequence[str]) -> str:
        text, starts = "", True
        for word in line:
            shown = self.cases.get(word, word)
            shown = shown[:1].upper() + shown[1:] if starts else shown
            glued = word in _CLOSING or not text or text.endswith("(")
            text += shown if glued else f" {shown}"
            starts = word in _STOPS or (starts and not word[0].isalnum())
        return text

    def write(self, words: Sequence[str]) -> str:
        """Give lines as people write them: spaces, capitals, a blank line between stanzas."""
        return "\n\n".join(
            "\n".join(self._write_line(line) for line in stanza) for stanza in split_lines(words)
        )

    def describe(self) -> dict[str, Any]:
        """Give a JSON-ready value that `load_vocabulary` understands."""
        return {
            "level": self.level,
            "tokens": self.tokens,
            "cases": self.cases,
            "merges": self.merges,
        }


def load_vocabulary(description: Any) -> Vocabulary:
    """Build a vocabulary from its description.

    Raises:
        ModelError: it is of another form.
    """
    try:
        tokens = description["tokens"]
        if tuple(tokens[: len(SPECIAL)]) != SPECIAL or description["level"] not in Level.__args__:  # type: ignore[attr-defined]  # of a Literal
            raise ValueError("its reserved tokens or its level")
        level, cases = description["level"], dict(description["cases"])
        return Vocabulary(level, tokens, cases, description["merges"])
    except Exception as error:  # tokenizers raises bare exceptions
        raise ModelError(
            f"the vocabulary cannot be read ({error}): train the model again"
        ) from error


def _usual_cases(rhymes: Iterable[Sequence[str]]) -> dict[str, str]:
    """How words are mostly written where no line or sentence begins, if that is not lower case."""
    forms: dict[str, Counter[str]] = {}
    for words in rhymes:
        starts = True
        for word in words:
            if not starts and word[0].isalnum():
                forms.setdefault(word.lower(), Counter())[word] += 1
            starts = word in SPECIAL or word in _STOPS or (starts and not word[0].isalnum())
    usual = {key: min(seen, key=lambda one: (-seen[one], one)) for key, seen in forms.items()}
    return {key: form for key, form in sorted(usual.items()) if form != key}


def _learn_subwords(counts: Counter[str], size: int) -> tuple[list[str], list[str]]:
    """Subwords by number, and their merges (Sennrich et al. 2016)."""
    tokenizer = Tokenizer(BPE(unk_token=UNKNOWN))
    trainer = BpeTrainer(
        vocab_size=size, special_tokens=list(SPECIAL), show_progress=False, min_frequency=2
    )
    words = [_HEAD + word for word, count in sorted(counts.items()) for _ in range(count)]
    tokenizer.train_from_iterator(words, trainer)
    found = tokenizer.get_vocab()
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return sorted(found, key=lambda token: found[token]), [" ".join(pair) for pair in merges]


def make_vocabulary(rhymes: Sequence[Sequence[str]], level: Level, params: Tokens) -> Vocabulary:
    """Learn a vocabulary on marked words of the training rhymes."""
    counts = Counter(word.lower() for words in rhymes for word in words if word not in SPECIAL)
    cases = _usual_cases(rhymes)
    if level == "subword":
        tokens, merges = _learn_subwords(counts, params.subwords)
        return Vocabulary(level, tokens, cases, merges)
    kept = [word for word, count in counts.items() if count >= params.min_count]
    return Vocabulary(level, [*SPECIAL, *sorted(kept)], cases, [])
