"""A trained tagger at work: sentences of tokens in, their tags out.

It needs neither Lightning nor a corpus, so that one text is tagged at once. What it is trained by
is in `sluice.tagging.running`, how it is stored in `sluice.tagging.storage`.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from sluice.tagging.batches import TagBatches, judged_batches
from sluice.tagging.lexicon import Encoded, Lexicon
from sluice.tagging.network import TagNetwork
from sluice.tagging.schemes import read_spans, write_tags
from sluice.tagging.settings import Kind, Shape


def rewrite(tags: list[str], scheme: Literal["iob2", "bioes"]) -> list[str]:
    """Write the entities of a sentence in another scheme."""
    return write_tags(read_spans(tags), len(tags), scheme)


def names_of(decoded: Tensor, lengths: Tensor, tags: tuple[str, ...]) -> list[list[str]]:
    """Tag indices (batch, time) as names, each row as long as its sentence."""
    return [
        [tags[at] for at in row[:length]]
        for row, length in zip(decoded.tolist(), lengths.tolist(), strict=True)
    ]


def tag_sentences(network: TagNetwork, batches: TagBatches, tags: tuple[str, ...]) -> list[
    list[str]
]:  # fmt: skip
    """Tag the sentences of batches; in the order of the sentences."""
    found: dict[int, list[str]] = {}
    network.eval()
    with torch.no_grad():
        for rows, batch in zip(batches.indices, batches, strict=True):
            named = names_of(network.decode(batch), batch.lengths, tags)
            found |= dict(zip(rows.tolist(), named, strict=True))
    return [found[row] for row in range(len(found))]


class TrainedTagger(NamedTuple):
    """All that is needed to tag."""

    network: TagNetwork
    lexicon: Lexicon
    shape: Shape
    kind: Kind

    def tag(self, sentences: list[list[str]]) -> list[list[str]]:
        """Tag sentences of tokens; entities in IOB2.

        Raises:
            ResourceError: the wheel of the pretrained vectors is not installed.
        """
        return self.tag_encoded(self.lexicon.encode(sentences, self.shape.words))

    def tag_encoded(self, encoded: Encoded) -> list[list[str]]:
        """Tag sentences that the lexicon has encoded."""
        found = tag_sentences(self.network, judged_batches(encoded), self.lexicon.tags)
        return found if self.kind == "tags" else [rewrite(row, "iob2") for row in found]
