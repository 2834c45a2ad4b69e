"""What costs nothing, and what came before networks: each word's usual tag, and a field over hand
features.

In: a corpus. Out: tags of the validation and test parts. Both learn from the training part alone.
"""

import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sluice.errors import ResourceError
from sluice.tagging.corpus import Corpus, Part
from sluice.tagging.lexicon import normal
from sluice.tagging.schemes import OUTSIDE
from sluice.tagging.scores import score_tags
from sluice.tagging.settings import BaselineName, Baselines

Given = dict[Part, list[list[str]]]
JUDGED: tuple[Part, ...] = ("validation", "test")
_SHAPES = (
    (re.compile("[A-ZÀ-Þ]+"), "X"),
    (re.compile("[a-zß-ÿ]+"), "x"),
    (re.compile(r"\d+"), "0"),
)


class BaselineRun(NamedTuple):
    """What a baseline leaves."""

    given: Given
    """Tags of each token of the two parts."""
    facts: dict[str, Any]
    """What was chosen, as JSON."""


def run_most_frequent(corpus: Corpus, _params: Baselines) -> BaselineRun:
    """Give each word the tag it mostly has, an unseen one the tag that unseen ones mostly would.

    The usual floor of tagging (Charniak et al. 1993, "Equations for part-of-speech tagging"): words
    met once stand for those never met. A tie goes to the name that comes first.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for words, tags in zip(corpus.tokens["train"], corpus.tags["train"], strict=True):
        for word, tag in zip(words, tags, strict=True):
            counts[normal(word)][tag] += 1
    once = Counter(tag for one in counts.values() if one.total() == 1 for tag in one)
    whole = once or sum(counts.values(), Counter())

    def most(one: Counter[str]) -> str:
        return min(one, key=lambda tag: (-one[tag], tag))

    usual = {word: most(one) for word, one in counts.items()}
    other = OUTSIDE if corpus.kind == "entities" else most(whole)
    given: Given = {
        part: [[usual.get(normal(word), other) for word in row] for row in corpus.tokens[part]]
        for part in JUDGED
    }
    return BaselineRun(given, {"says": "each word's most frequent tag", "unseen": other})


def _shape(word: str) -> str:
    """Runs of capitals, small letters and digits as one X, x, 0: `iPhone5s` is `xXx0x`."""
    for pattern, sign in _SHAPES:
        word = pattern.sub(sign, word)
    return word[:20]


def _own(word: str) -> Iterator[str]:
    small = word.lower()
    yield f"w={small}"
    yield f"shape={_shape(word)}"
    for size in (1, 2, 3, 4):
        yield f"begin{size}={small[:size]}"
        yield f"end{size}={small[-size:]}"
    if word[0] in "#@":
        yield f"sign={word[0]}"
    for name in ("istitle", "isupper", "isdigit"):
        if getattr(word, name)():
            yield name


def features(words: list[str]) -> list[list[str]]:
    """Give what the field sees of each token: spelling, shape, and two neighbours to each side.

    The common set (Lafferty et al. 2001, table 3, and Finkel et al. 2005): no lists of names.
    """
    found = []
    for at, word in enumerate(words):
        seen = ["bias", *_own(word)]
        for offset in (-2, -1, 1, 2):
            place = at + offset
            if 0 <= place < len(words):
                near = words[place]
                seen += [f"{offset}w={near.lower()}", f"{offset}shape={_shape(near)}"]
            else:
                seen.append(f"{offset}none")
        if at:
            seen.append(f"pair={words[at - 1].lower()} {word.lower()}")
        found.append(seen)
    return found


def _fit(
    corpus: Corpus, l1: float, l2: float, iterations: int
) -> Callable[[Part], list[list[str]]]:
    """Train a field by L-BFGS (Okazaki 2007, CRFsuite); give what tags a part with it."""
    try:
        import pycrfsuite
    except ImportError as error:
        raise ResourceError(
            "the baseline crf needs the package python-crfsuite: pip install 'sluice[entities]', "
            "or leave crf out of baseline.names"
        ) from error
    trainer = pycrfsuite.Trainer(verbose=False)
    for words, tags in zip(corpus.tokens["train"], corpus.tags["train"], strict=True):
        trainer.append(features(words), tags)
    trainer.set_params({"c1": l1, "c2": l2, "max_iterations": iterations})
    tagger = pycrfsuite.Tagger()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")  # the library's own form; read here and thrown away
        trainer.train(path)
        tagger.open(path)
    return lambda part: [tagger.tag(features(words)) for words in corpus.tokens[part]]


def run_crf(corpus: Corpus, params: Baselines) -> BaselineRun:
    """Train fields with each pair of penalties, and keep what is best on the validation part.

    Raises:
        ResourceError: python-crfsuite is not installed.
    """
    tried: list[dict[str, float]] = []
    best: Given = {}
    for l1 in params.crf.l1:
        for l2 in params.crf.l2:
            tag = _fit(corpus, l1, l2, params.crf.max_iterations)
            given = tag("validation")
            score = score_tags(corpus.tags["validation"], given, corpus.kind)
            if not tried or score > max(one["score"] for one in tried):
                best = {"validation": given, "test": tag("test")}
            tried.append({"l1": l1, "l2": l2, "score": round(score, 6)})
    says = "a conditional random field over hand-made features"
    return BaselineRun(best, {"says": says, "tried": tried})


BASELINES: dict[BaselineName, Callable[[Corpus, Baselines], BaselineRun]] = {
    "most_frequent": run_most_frequent,
    "crf": run_crf,
}
