"""Exports a model to ONNX and accepts it only where it answers as PyTorch does.

In: a model in PyTorch. Out: a bundle with `model.onnx` instead of weights, cleaning and reader as
they were. The operators are written by `sluice.serving.onnx_graph` and `onnx_encoders`.
"""

import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch

from sluice.data.batches import ngram_batch
from sluice.errors import ModelError
from sluice.files import read_json, staged, write_json
from sluice.models.network import TextNetwork
from sluice.serving.bundle import open_model
from sluice.serving.contents import (
    CARD,
    EXPORT,
    PROVENANCE,
    WIDE,
    Export,
    fingerprint,
    write_bundle,
)
from sluice.serving.model import Model
from sluice.serving.onnx_encoders import add_encoder
from sluice.serving.onnx_graph import Embedded, Graph, add_norm, add_pooling, array_of, narrowed
from sluice.serving.portable import NETWORK, PortableModel, load_portable, network_inputs
from sluice.tokens import UNKNOWN, NgramRows, Ngrams, TokenRows, offsets_of

TOLERANCE = 1e-4
"""Most that a logit or a probability may differ from PyTorch's."""
LENGTHS = (1, 2, 3, 4, 5, 9, 17, 64, 200, 511, 512)
BATCHES = (1, 2, 3, 8, 19, 64, 130)
MOST_TOKENS = 4608
"""Tokens of a batch, so that attention over all pairs of them stays small."""
SEED = 0
DRAWN, LETTERS = 200, list("abcdeéß'")
LEAST = 1e-12
"""Smaller probabilities, which PyTorch may round to 0, have no logarithms to compare."""
TEXTS = (
    "", " ", "\x00", "!", "a", "zqxj vwkq", "<unk> <pad> <empty>", "not " * 600, "😀", "\U0010ffff",
    "http://t.co/x @bob #tag 3:30 &amp;", "ß é 日本語 हिन्दी عربي", "x" * 5000,
)  # fmt: skip
"""Texts that a cleaned training row hardly ever is: empty, unknown, endless."""


class Difference(NamedTuple):
    """How far an exported network is from PyTorch's."""

    largest: float
    """Of any logit or probability."""
    labels: int
    """Rows that get another label."""
    rows: int
    """Rows that were compared."""


def export_network(network: TextNetwork) -> onnx.ModelProto:
    """Write a network as ONNX, batch and length free.

    Inputs: tokens (batch, time), lengths (batch,) and, for a network with a wide part, what that
    adds to the logits: wide (batch, labels); see `LinearPart`.
    """
    graph = Graph()
    words = Embedded(network.embedding.weight, "tokens")
    values, lengths = add_encoder(graph, network.encoder, words, "lengths")
    features = int(network.encoder.output_size)  # type: ignore[arg-type]  # an int in each encoder
    pooled = add_pooling(graph, network.pooling, values, lengths, features)
    normal = add_norm(graph, network.normalisation, pooled)
    logits = graph.linear(normal, network.output.weight, network.output.bias)
    inputs = [("tokens", "int64", ["batch", "time"]), ("lengths", "int64", ["batch"])]
    if network.wide is not None:
        logits = graph.add("Add", logits, "wide")
        inputs.append(("wide", "float32", ["batch", "labels"]))
    return graph.build(inputs, logits, ["batch", "labels"])


def _draw_ngrams(
    generator: np.random.Generator, features: int, batch: int, most: int
) -> NgramRows | None:
    """N-grams of half of the rows; None where the model has no wide part."""
    if not features:
        return None
    counts = generator.integers(0, most, batch) * generator.integers(0, 2, batch)
    weights = generator.random(counts.sum()).astype(np.float32)
    ids = generator.integers(0, features, counts.sum()).astype(np.int32)
    return NgramRows(ids, offsets_of(counts), weights)


def _draw_rows(model: Model) -> Iterator[tuple[TokenRows, NgramRows | None]]:
    """Rows of many batch sizes and lengths: padded, tokens unknown, with and without n-grams."""
    generator = np.random.default_rng(SEED)
    for longest, batch in itertools.product(LENGTHS, BATCHES):
        if longest * batch <= MOST_TOKENS:
            lengths = generator.integers(1, longest + 1, batch)
            lengths[generator.integers(batch)] = longest
            ids = generator.integers(UNKNOWN, model.config.vocabulary_size, lengths.sum())
            ids[generator.random(len(ids)) < 0.2] = UNKNOWN
            offsets = offsets_of(lengths)
            ngrams = _draw_ngrams(generator, model.config.ngram_features, batch, 3 * longest)
            yield TokenRows(ids.astype(np.int32), offsets), ngrams


@torch.no_grad()
def _torch_logits(model: Model, rows: TokenRows, ngrams: Ngrams | None) -> torch.Tensor:
    tokens, lengths = (torch.from_numpy(one) for one in rows.padded(np.arange(len(rows))))
    logits: torch.Tensor = model.network.eval()(tokens, lengths, ngrams)
    return logits.double()


def _draw_texts(model: Model) -> list[str]:
    """Texts of words that the vocabulary knows and of words made of letters."""
    generator, known = np.random.default_rng(SEED), model.reader.vocabulary.tokens
    texts = []
    for _ in range(DRAWN):
        words = generator.choice(known, generator.integers(0, 30)).tolist()
        texts.append(" ".join(words + ["".join(generator.choice(LETTERS, 7)) for _ in range(3)]))
    return texts


def compare(model: Model, exported: PortableModel, texts: Sequence[str] = TEXTS) -> Difference:
    """Ask both about drawn rows of tokens and about texts."""
    pairs = []
    for rows, drawn in _draw_rows(model):
        chosen, ngrams, added = np.arange(len(rows)), None, None
        if drawn is not None and model.network.wide is not None:
            ngrams = ngram_batch(drawn, chosen)
            added = model.network.add_ngrams(ngrams).detach().numpy()
        found = exported.session.run(["logits"], network_inputs(rows, added, chosen))[0]
        pairs.append((_torch_logits(model, rows, ngrams), torch.from_numpy(found).double()))
    asked = [*texts, *_draw_texts(model)]
    said = (torch.from_numpy(one.answer(asked)).clamp(LEAST).log() for one in (model, exported))
    pairs.append((next(said), next(said)))
    largest, labels = 0.0, 0
    for mine, other in pairs:
        gaps = ((mine - other).abs().max(), (mine.softmax(1) - other.softmax(1)).abs().max())
        largest = max(largest, *(float("inf") if gap.isnan() else float(gap) for gap in gaps))
        labels += int((mine.argmax(1) != other.argmax(1)).sum())
    return Difference(largest, labels, sum(len(mine) for mine, _ in pairs))


def _accept(source: Path, model: Model, part: Path) -> Difference:
    found = compare(model, load_portable(part))
    if found.largest > TOLERANCE or found.labels:
        raise ModelError(
            f"{source}: the export differs from PyTorch by {found.largest:.2g} and in "
            f"{found.labels} of {found.rows} labels: nothing was written; tell Sluice's authors"
        )
    return found


def export_folder(source: Path, target: Path) -> Difference:
    """Export the model in `source` as a bundle; a bundle that lies at `target` is replaced.

    Raises:
        ModelError: the source is exported already or damaged, or the export does not answer alike.
    """
    if (source / NETWORK).exists():
        raise ModelError(f"{source} is exported already: name the folder that it was made from")
    if target.exists() and not (target / EXPORT).is_file():
        raise ModelError(f"{target} is there and no exported bundle: name another folder")
    bundle = open_model(source)
    model = bundle.model
    assert isinstance(model, Model)  # noqa: S101 - what is exported already was refused
    with staged(target) as (part,):
        part.mkdir()
        for name in ("config.json", "vocabulary.json"):
            shutil.copyfile(source / name, part / name)
        content = export_network(model.network).SerializeToString(deterministic=True)
        (part / NETWORK).write_bytes(content)
        if model.network.wide is not None:
            np.save(part / WIDE, array_of(narrowed(model.network.wide.weight)))
        found = _accept(source, model, part)
        about = Export(source=fingerprint(source), tolerance=TOLERANCE, rows=found.rows)
        write_json(json.loads(about.model_dump_json()), part / EXPORT)
        known = source / PROVENANCE
        provenance = read_json(known) if known.exists() else {"labels": list(model.config.labels)}
        card = source / CARD
        text = card.read_text(encoding="utf-8") if card.exists() else None
        write_bundle(part, bundle.thresholds, provenance, text)
    return found
