"""The linear-chain conditional random field over emissions: loss, and the best legal sequence.

In: emissions (batch, time, tags) and row lengths. Out: log-likelihoods, or tags. What is illegal
has no weight: it is in no sum and in no answer. Lafferty et al. 2001; Lample et al. 2016, 2.2.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

_NEVER = float("-inf")


def legal_moves(
    tags: Sequence[str], may_follow: Callable[[str | None, str | None], bool]
) -> Tensor:
    """Give which tag may follow which, (tags + 1, tags + 1); the last row and column are the ends.

    Row `a`, column `b` is true where `b` may follow `a`; the last row is the start of a sentence,
    the last column its end.
    """
    places = [*tags, None]
    return torch.tensor([[may_follow(before, after) for after in places] for before in places])


class ConditionalRandomField(nn.Module):
    """Weights of moves between tags; which are legal is fixed."""

    def __init__(self, legal: Tensor) -> None:
        super().__init__()
        self.legal = legal  # no buffer: averages of weights would take it for numbers
        self.moves = nn.Parameter(torch.zeros(legal.shape))

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weights of moves (tags, tags), of starts (tags,) and of ends (tags,)."""
        weights = self.moves.masked_fill(~self.legal.to(self.moves.device), _NEVER)
        return weights[:-1, :-1], weights[-1, :-1], weights[:-1, -1]

    def score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Score given sequences, (batch,): Lample et al. 2016, the first equation of 2.2.

        Args:
            emissions: (batch, time, tags).
            tags: tag indices, (batch, time); what stands behind a row's end is not read.
            lengths: tokens of each row, at least 1, (batch,).
        """
        moves, starts, ends = self._weights()
        inside = torch.arange(tags.shape[1], device=tags.device)[None, :] < lengths[:, None]
        tags = tags.masked_fill(~inside, 0)
        own = emissions.gather(2, tags[..., None])[..., 0].masked_fill(~inside, 0).sum(1)
        steps = moves[tags[:, :-1], tags[:, 1:]].masked_fill(~inside[:, 1:], 0).sum(1)
        last = tags.gather(1, (lengths - 1)[:, None])[:, 0]
        return own + steps + starts[tags[:, 0]] + ends[last]

    def log_partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Sum over all legal sequences in logarithms, (batch,), by the forward algorithm."""
        moves, starts, ends = self._weights()
        alpha = starts + emissions[:, 0]  # (batch, tags)
        for time in range(1, emissions.shape[1]):
            onward = torch.logsumexp(alpha[:, :, None] + moves, dim=1) + emissions[:, time]
            alpha = torch.where((time < lengths)[:, None], onward, alpha)
        return torch.logsumexp(alpha + ends, dim=1)

    def forward(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Log-likelihood of given legal sequences, (batch,)."""
        return self.score(emissions, tags, lengths) - self.log_partition(emissions, lengths)

    @torch.no_grad()
    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Give the best legal sequence (Viterbi 1967), (batch, time); 0 behind a row's end."""
        moves, starts, ends = self._weights()
        best = starts + emissions[:, 0]  # (batch, tags)
        steps: list[Tensor] = []
        for time in range(1, emissions.shape[1]):
            scores, origin = (best[:, :, None] + moves).max(dim=1)
            goes_on = (time < lengths)[:, None]
            best = torch.where(goes_on, scores + emissions[:, time], best)
            stays = torch.arange(best.shape[1], device=best.device).expand_as(origin)
            steps.append(torch.where(goes_on, origin, stays))
        tag = (best + ends).argmax(dim=1)  # (batch,)
        path = [tag]
        for origin in reversed(steps):
            tag = origin.gather(1, tag[:, None])[:, 0]
            path.append(tag)
        found = torch.stack(path[::-1], dim=1)
        inside = torch.arange(found.shape[1], device=found.device)[None, :] < lengths[:, None]
        return found.masked_fill(~inside, 0)
