"""Precision, recall and F1 of entities, accuracy of tags, with intervals over sentences.

In: tags as they are and as they were given, sentence by sentence. Out: counts that add up, and
scores of their sums. Counting by sentence lets one bootstrap serve every score and difference.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sluice.evaluation.intervals import bootstrap_sums
from sluice.tagging.schemes import read_spans, split_tag
from sluice.tagging.settings import Kind

Floats = npt.NDArray[np.float64]
Tagged = Sequence[Sequence[str]]
COUNTED = 3
"""Counts of a type: right, given, true."""
SCORES = ("precision", "recall", "f1")


def count_entities(truth: Tagged, given: Tagged, kinds: Sequence[str]) -> Floats:
    """Count right, given and true entities of each type, (sentences, types, 3).

    An entity is right when begin, end and type are (Tjong Kim Sang & De Meulder 2003). The given
    tags are read strictly as IOB2: what does not begin with B- is no entity.
    """
    place = {kind: at for at, kind in enumerate(kinds)}
    counts = np.zeros((len(truth), len(kinds), COUNTED))
    for row, (actual, found) in enumerate(zip(truth, given, strict=True)):
        there, said = set(read_spans(actual, "drop")), set(read_spans(found, "drop"))
        for number, spans in enumerate((there & said, said, there)):
            for span in spans:
                counts[row, place[span.kind], number] += 1
    return counts


def count_tags(truth: Tagged, given: Tagged, names: Sequence[str]) -> Floats:
    """Count right, given and true tokens of each tag, (sentences, tags, 3)."""
    place = {name: at for at, name in enumerate(names)}
    counts = np.zeros((len(truth), len(names), COUNTED))
    for row, (actual, found) in enumerate(zip(truth, given, strict=True)):
        for a, b in zip(actual, found, strict=True):
            counts[row, place[a], 0] += a == b
            counts[row, place[b], 1] += 1
            counts[row, place[a], 2] += 1
    return counts


def count_tokens(truth: Tagged, given: Tagged) -> Floats:
    """Count right tokens and tokens, (sentences, 2)."""
    pairs = zip(truth, given, strict=True)
    return np.array(
        [
            [sum(a == b for a, b in zip(actual, found, strict=True)), len(actual)]
            for actual, found in pairs
        ],
        dtype=np.float64,
    ).reshape(-1, 2)


def _share(part: Floats, whole: Floats) -> Floats:
    """Divide; nothing of nothing is 0, as the script of CoNLL 2000 has it."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def entity_scores(counts: Floats) -> dict[str, Floats]:
    """Precision, recall and F1 of counts, (..., 3) -> three of (...)."""
    right, given, true = counts[..., 0], counts[..., 1], counts[..., 2]
    return {
        "precision": _share(right, given),
        "recall": _share(right, true),
        "f1": _share(2 * right, given + true),
    }


def accuracy(counts: Floats) -> Floats:
    """Share of right tokens of counts, (..., 2) -> (...)."""
    return _share(counts[..., 0], counts[..., 1])


def kinds_of(tags: Tagged) -> list[str]:
    """Types of entities among tags, sorted."""
    return sorted({split_tag(tag)[1] for row in tags for tag in row} - {""})


def score_tags(truth: Tagged, given: Tagged, kind: Kind) -> float:
    """F1 of entities, or accuracy of tags: what is chosen by."""
    if kind == "tags":
        return float(accuracy(count_tokens(truth, given).sum(axis=0)))
    kinds = kinds_of([*truth, *given])
    counts = count_entities(truth, given, kinds).sum(axis=(0, 1))
    return float(entity_scores(counts)["f1"])


def resample(counts: Mapping[int, Floats], resamples: int, seed: int) -> dict[int, Floats]:
    """Sum the counts of each seed over the same drawings of sentences, (resamples, ...).

    Efron 1979; sentences are drawn, since tags within one are not independent (Berg-Kirkpatrick
    et al. 2012). The same arguments give the same drawings, so differences are paired.
    """
    found = {}
    for key, one in counts.items():
        flat = one.reshape(len(one), -1)
        drawn = bootstrap_sums(flat, np.arange(len(flat)), resamples, seed)
        found[key] = drawn.reshape(len(drawn), *one.shape[1:])
    return found
