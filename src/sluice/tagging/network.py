"""The tagger: words from characters and vectors, an encoder, a conditional random field on top.

In: a `TagBatch`. Out: emissions, log-likelihoods or tags. Lample et al. 2016, "Neural
Architectures for Named Entity Recognition"; it holds no optimiser and loads no data.
"""

from functools import partial

import torch
from torch import Tensor, nn

from sluice.models.encoders import Recurrent
from sluice.models.layers import (
    Pooling,
    TokenEmbedding,
    VariationalDropout,
    WordDropout,
    length_mask,
)
from sluice.models.network import ENCODERS
from sluice.models.settings import Dropouts, NetworkParams
from sluice.tagging.batches import TagBatch
from sluice.tagging.crf import ConditionalRandomField, legal_moves
from sluice.tagging.lexicon import CASING_KINDS, RESERVED, Lexicon
from sluice.tagging.schemes import may_follow
from sluice.tagging.settings import Kind, Shape, Words
from sluice.tokens import PADDING, UNKNOWN


class WordVectors(nn.Module):
    """One vector for each different token: trained, pretrained, and read from its characters.

    Lample et al. 2016, 4.1 to 4.3, with the pretrained vector beside the trained one, so that an
    unseen word keeps its own.
    """

    def __init__(self, params: Words, words: int, characters: int, vector_size: int) -> None:
        super().__init__()
        self.hide = WordDropout(params.drop_word, UNKNOWN, PADDING)
        self.words = TokenEmbedding(words, params.size, 0.0, PADDING) if params.size else None
        self.casings = nn.Embedding(CASING_KINDS, params.casing) if params.casing else None
        self.output_size = params.size + vector_size + params.casing
        self.spelling: Recurrent | None = None
        if params.character_hidden:
            self.characters = TokenEmbedding(characters, params.characters, 0.0, PADDING)
            self.spelling = Recurrent(
                "lstm", params.characters, params.character_hidden, 1, True, 0.0
            )
            self.last = Pooling("last", self.spelling.output_size, bidirectional=True)
            self.output_size += self.spelling.output_size

    def forward(self, batch: TagBatch) -> Tensor:  # -> (forms, output_size)
        parts = [batch.vectors]
        if self.words is not None:
            parts.append(self.words(self.hide(batch.words[:, None]))[:, 0])
        if self.casings is not None:
            parts.append(self.casings(batch.casings))
        if self.spelling is not None:
            letters = self.characters(batch.characters)  # (forms, longest, characters)
            read, lengths = self.spelling(letters, batch.character_lengths)
            parts.append(self.last(read, lengths))
        return torch.cat(parts, dim=-1)


class TagNetwork(nn.Module):
    """From tokens to sequences of tags."""

    def __init__(self, params: Shape, kind: Kind, lexicon: Lexicon, vector_size: int) -> None:
        super().__init__()
        self.vector_size = vector_size
        self.vectors = WordVectors(
            params.words,
            len(lexicon.words) + RESERVED,
            len(lexicon.characters) + RESERVED,
            vector_size,
        )
        inner = NetworkParams(
            encoder=params.encoder,
            embedding_size=self.vectors.output_size,
            hidden_size=params.hidden_size,
            layers=params.layers,
            attention_heads=params.attention_heads,
            dropout=Dropouts(variational=params.dropout),
        )
        self.before, self.behind = (VariationalDropout(params.dropout) for _ in range(2))
        self.encoder = ENCODERS[params.encoder](inner)
        self.emit = nn.Linear(int(self.encoder.output_size), len(lexicon.tags))  # type: ignore[arg-type]  # each encoder has it
        follows = partial(may_follow, scheme=params.scheme)
        free = kind == "tags"
        legal = legal_moves(lexicon.tags, (lambda _before, _after: True) if free else follows)
        self.crf = ConditionalRandomField(legal)

    def emissions(self, batch: TagBatch) -> Tensor:
        """Give what each tag weighs at each token, (batch, time, tags)."""
        embedded = self.before(self.vectors(batch)[batch.places])  # (batch, time, features)
        mask = length_mask(batch.lengths, embedded.shape[1])[..., None]
        states, _ = self.encoder(embedded * mask, batch.lengths)
        emitted: Tensor = self.emit(self.behind(states))
        return emitted

    def forward(self, batch: TagBatch) -> tuple[Tensor, Tensor]:
        """Give emissions, and the log-likelihood of the batch's tags, (batch,)."""
        emissions = self.emissions(batch)
        return emissions, self.crf(emissions, batch.tags, batch.lengths)

    def decode(self, batch: TagBatch) -> Tensor:
        """Give the best tags, (batch, time)."""
        found: Tensor = self.crf.decode(self.emissions(batch), batch.lengths)
        return found
