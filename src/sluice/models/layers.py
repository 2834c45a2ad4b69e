"""Small pieces that the encoders and heads share: masks, dropouts and pooling.

In: padded tensors of shape (batch, time, features) with the lengths of their rows.
Out: tensors in which no padded position has had a part. Whole networks are built elsewhere.
"""

import torch
from torch import Tensor, nn

from sluice.models.settings import NormalisationName, PoolingName


def length_mask(lengths: Tensor, time: int) -> Tensor:
    """True at the positions that hold a token: (batch,) and a width -> (batch, time)."""
    return torch.arange(time, device=lengths.device)[None, :] < lengths[:, None]


def reverse_rows(values: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each row within its own length; padding stays where it is.

    (batch, time, features) -> (batch, time, features)
    """
    position = torch.arange(values.shape[1], device=values.device)[None, :]
    last = lengths[:, None] - 1
    index = torch.where(position <= last, last - position, position)  # (batch, time)
    return values.gather(1, index[..., None].expand_as(values))


class VariationalDropout(nn.Module):
    """One dropout mask per row, the same at each time step (Gal & Ghahramani 2016)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, values: Tensor) -> Tensor:  # (batch, time, features)
        if not self.training or self.rate == 0:
            return values
        mask = values.new_empty(values.shape[0], 1, values.shape[2]).bernoulli_(1 - self.rate)
        return values * mask / (1 - self.rate)


class WordDropout(nn.Module):
    """Replaces tokens by the unknown token, so that the network learns what to do with one.

    After Iyyer et al. 2015 (deep averaging networks), where words are dropped instead.
    """

    def __init__(self, rate: float, unknown: int, padding: int) -> None:
        super().__init__()
        self.rate, self.unknown, self.padding = rate, unknown, padding

    def forward(self, tokens: Tensor) -> Tensor:  # (batch, time)
        if not self.training or self.rate == 0:
            return tokens
        drop = torch.rand(tokens.shape, device=tokens.device) < self.rate
        return tokens.masked_fill(drop & (tokens != self.padding), self.unknown)


class TokenEmbedding(nn.Embedding):
    """An embedding whose training drops whole token types at once (Merity et al. 2018, 4.3)."""

    def __init__(self, size: int, features: int, rate: float, padding: int) -> None:
        super().__init__(size, features, padding_idx=padding)
        nn.init.normal_(self.weight, std=0.1)
        with torch.no_grad():
            self.weight[padding].zero_()
        self.rate = rate

    def forward(self, tokens: Tensor) -> Tensor:  # (batch, time) -> (batch, time, features)
        embedded: Tensor = super().forward(tokens)
        if not self.training or self.rate == 0:
            return embedded
        keep = self.weight.new_empty(self.num_embeddings, 1).bernoulli_(1 - self.rate)
        scale: Tensor = (keep / (1 - self.rate))[tokens]
        return embedded * scale


class Pooling(nn.Module):
    """Makes one vector of a row: (batch, time, features) -> (batch, `output_size`).

    `last` takes the state that has read the whole row: at the last token for what runs forward, at
    the first for what runs backward. `attention` is the additive attention of Yang et al. 2016,
    equations 5 to 7. `combined` is mean beside maximum (Howard & Ruder 2018, 3.3, without last).
    """

    def __init__(self, name: PoolingName, features: int, bidirectional: bool) -> None:
        super().__init__()
        self.name, self.bidirectional = name, bidirectional
        self.output_size = features * (2 if name == "combined" else 1)
        if name == "attention":
            self.project = nn.Linear(features, features)
            self.context = nn.Linear(features, 1, bias=False)

    def _last(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        index = (lengths - 1)[:, None, None].expand(-1, 1, outputs.shape[2])
        last = outputs.gather(1, index)[:, 0]  # (batch, features)
        if not self.bidirectional:
            return last
        half = outputs.shape[2] // 2
        return torch.cat([last[:, :half], outputs[:, 0, half:]], dim=-1)

    def _attended(self, outputs: Tensor, mask: Tensor) -> Tensor:
        scores = self.context(torch.tanh(self.project(outputs)))  # (batch, time, 1)
        weights: Tensor = scores.masked_fill(~mask, float("-inf")).softmax(dim=1)
        return (weights * outputs).sum(dim=1)

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        mask = length_mask(lengths, outputs.shape[1])[..., None]  # (batch, time, 1)
        if self.name == "last":
            return self._last(outputs, lengths)
        if self.name == "attention":
            return self._attended(outputs, mask)
        maximum = outputs.masked_fill(~mask, float("-inf")).amax(dim=1)
        if self.name == "max":
            return maximum
        mean = outputs.masked_fill(~mask, 0).sum(dim=1) / lengths[:, None]
        return mean if self.name == "mean" else torch.cat([mean, maximum], dim=-1)


def normalisation(name: NormalisationName, features: int) -> nn.Module:
    """The normalisation of a pooled vector: (batch, features) -> (batch, features)."""
    choices: dict[NormalisationName, type[nn.Module]] = {
        "layer": nn.LayerNorm,
        "batch": nn.BatchNorm1d,
    }
    return choices[name](features) if name in choices else nn.Identity()
