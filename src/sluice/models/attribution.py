"""What each token adds to a label's logit: integrated gradients over embeddings.

In: a trained network, one row of tokens, its n-grams, a label. Out: one number for each token and
each n-gram; together they are what separates the logit from that of an empty text. How tokens make
words is not known here.

Source: Sundararajan, Taly & Yan 2017, "Axiomatic Attribution for Deep Networks", equation 1.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sluice.models.network import TextNetwork
from sluice.tokens import Ngrams

Floats = npt.NDArray[np.float64]
STEPS = 64


class Attribution(NamedTuple):
    """Parts of one label's logit."""

    tokens: Floats
    """What each token adds, (time,)."""
    ngrams: Floats
    """What each entry of the row's n-grams adds, (entries,)."""
    logit: float
    """F(x)."""
    empty: float
    """F(baseline): the logit of a row of the same length whose vectors are all zero."""

    @property
    def error(self) -> float:
        """What the completeness axiom leaves unexplained: F(x) - F(baseline) - all parts."""
        return self.logit - self.empty - float(self.tokens.sum()) - float(self.ngrams.sum())


def _integrate(network: TextNetwork, embedded: Tensor, label: int, steps: int) -> Floats:
    """Vectors times the mean gradient on the way from zero, summed over features: (time,).

    The mean over the way is a Gauss-Legendre quadrature: where the network is smooth it needs far
    fewer steps than the paper's Riemann sum.
    """
    places, weights = np.polynomial.legendre.leggauss(steps)
    scale = torch.from_numpy((places + 1) / 2).to(embedded.dtype)[:, None, None]
    share = torch.from_numpy(weights / 2).to(embedded.dtype)[:, None, None]
    way = (scale * embedded[None]).requires_grad_(True)  # (steps, time, embedding)
    lengths = torch.full((steps,), embedded.shape[0])
    (gradients,) = torch.autograd.grad(network.read_embedded(way, lengths)[:, label].sum(), way)
    parts: Floats = ((share * gradients).sum(dim=0) * embedded).sum(dim=1).double().numpy()
    return parts


def attribute(
    network: TextNetwork, tokens: Tensor, ngrams: Ngrams | None, label: int, steps: int = STEPS
) -> Attribution:
    """Part a label's logit among the tokens and n-grams of one row.

    The wide part is linear, so what an n-gram adds is its weight times the label's: no integral.

    Args:
        network: ready to predict (see `load_network`); its parameters are left alone.
        tokens: token ids, (time,).
        ngrams: of this row alone.
        label: number of the logit.
        steps: points of the quadrature.
    """
    network.eval()
    with torch.no_grad():
        embedded = network.embedding(tokens)  # (time, embedding)
        ends = torch.stack([embedded, torch.zeros_like(embedded)])
        logits = network.read_embedded(ends, torch.full((2,), len(tokens)))[:, label]
        wide = np.zeros(0)
        if network.wide is not None and ngrams is not None:
            weights = network.wide.weight[ngrams.ids, label] * ngrams.weights
            wide = weights.double().numpy()
    parts = _integrate(network, embedded, label, steps)
    return Attribution(parts, wide, float(logits[0]) + float(wide.sum()), float(logits[1]))
