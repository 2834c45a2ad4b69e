"""The encoders: each reads embedded tokens and writes one vector per position.

In: (batch, time, features) and the row lengths (batch,). Out: (batch, time, `output_size`) and
the lengths of the output. Padding has no part in any output before the row's end; what stands in
padded positions is not defined and must be masked by whoever reads it (see `layers.Pooling`).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from sluice.models.layers import VariationalDropout, length_mask, reverse_rows
from sluice.models.settings import CellName

_CELLS: dict[CellName, Callable[..., nn.RNNBase]] = {
    "rnn": nn.RNN,
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}


def _initialise(cell: nn.RNNBase) -> None:
    """Orthogonal recurrent weights; the forget gates of an LSTM open (Jozefowicz et al. 2015)."""
    for name, weight in cell.named_parameters():
        if name.startswith("weight_hh"):
            for gate in weight.detach().chunk(weight.shape[0] // cell.hidden_size):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight.detach())
        else:
            nn.init.zeros_(weight.detach())
    if isinstance(cell, nn.LSTM):
        size = cell.hidden_size
        with torch.no_grad():
            cell.get_parameter("bias_ih_l0")[size : 2 * size] = 1


class Recurrent(nn.Module):
    """Layers of a recurrent cell in one direction or two.

    The backward cell reads each row reversed within its own length, so neither direction ever
    meets padding before a token: rows stay padded tensors, which run faster than packed ones.
    """

    def __init__(
        self,
        cell: CellName,
        input_size: int,
        hidden_size: int,
        layers: int,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.bidirectional = bidirectional
        self.output_size = hidden_size * (2 if bidirectional else 1)
        sizes = [input_size] + [self.output_size] * (layers - 1)
        self.forward_cells = nn.ModuleList(
            _CELLS[cell](size, hidden_size, batch_first=True) for size in sizes
        )
        self.backward_cells = nn.ModuleList(
            _CELLS[cell](size, hidden_size, batch_first=True)
            for size in (sizes if bidirectional else [])
        )
        self.between = VariationalDropout(dropout)
        for module in [*self.forward_cells, *self.backward_cells]:
            assert isinstance(module, nn.RNNBase)  # noqa: S101 - narrows ModuleList's type
            _initialise(module)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        for layer, cell in enumerate(self.forward_cells):
            inputs = self.between(values) if layer else values
            values = cell(inputs)[0]  # (batch, time, hidden)
            if self.bidirectional:
                backward = self.backward_cells[layer](reverse_rows(inputs, lengths))[0]
                values = torch.cat([values, reverse_rows(backward, lengths)], dim=-1)
        return values, lengths


class AttentionRecurrent(nn.Module):
    """A recurrent encoder whose outputs attend to each other once, added to what they were.

    Scaled dot-product self-attention (Vaswani et al. 2017, equation 1) over recurrent states, as
    in the self-attentive encoders after Lin et al. 2017.
    """

    def __init__(self, recurrent: Recurrent, heads: int, dropout: float) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.bidirectional = recurrent.bidirectional
        self.output_size = recurrent.output_size
        self.attention = nn.MultiheadAttention(
            self.output_size, heads, dropout=dropout, batch_first=True
        )
        self.norm = nn.LayerNorm(self.output_size)

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        states, lengths = self.recurrent(values, lengths)
        padded = ~length_mask(lengths, states.shape[1])
        attended, _ = self.attention(
            states, states, states, key_padding_mask=padded, need_weights=False
        )
        return self.norm(states + attended), lengths


class Convolutions(nn.Module):
    """Convolutions of several widths side by side over the tokens (Kim 2014).

    Padded positions are zeroed before each convolution, as the space before and after a row is.
    """

    def __init__(self, input_size: int, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.bidirectional = False
        self.output_size = channels * len(widths)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(input_size, channels, width) for width in widths
        )
        self.margins = [((width - 1) // 2, width // 2) for width in widths]

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        mask = length_mask(lengths, values.shape[1])[..., None]
        columns = (values * mask).transpose(1, 2)  # (batch, features, time)
        channels = [
            torch.relu(convolution(nn.functional.pad(columns, margin)))
            for convolution, margin in zip(self.convolutions, self.margins, strict=True)
        ]  # each (batch, channels, time)
        return torch.cat(channels, dim=1).transpose(1, 2), lengths


class ConvolutionRecurrent(nn.Module):
    """Convolution, maximum over pairs of positions, then a recurrent encoder: the paper's hybrid.

    After Zhou et al. 2015 (C-LSTM) and the CNN-LSTM of the seed paper.
    """

    def __init__(self, convolutions: Convolutions, recurrent: Recurrent, stride: int) -> None:
        super().__init__()
        self.convolutions, self.recurrent, self.stride = convolutions, recurrent, stride
        self.bidirectional = recurrent.bidirectional
        self.output_size = recurrent.output_size

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        channels, _ = self.convolutions(values, lengths)  # (batch, time, channels)
        mask = length_mask(lengths, channels.shape[1])[..., None]
        rows = channels.masked_fill(~mask, 0).transpose(1, 2)  # rectified: zero is the least
        pooled = nn.functional.max_pool1d(rows, self.stride, self.stride, ceil_mode=True)
        shorter = torch.div(lengths + self.stride - 1, self.stride, rounding_mode="floor")
        outputs: tuple[Tensor, Tensor] = self.recurrent(pooled.transpose(1, 2), shorter)
        return outputs


class Transformer(nn.Module):
    """A small pre-norm transformer with sinusoidal positions (Vaswani et al. 2017, 3.5)."""

    def __init__(
        self, input_size: int, hidden_size: int, layers: int, heads: int, dropout: float
    ) -> None:
        super().__init__()
        self.bidirectional = False
        self.output_size = hidden_size
        self.project = nn.Linear(input_size, hidden_size)
        layer = nn.TransformerEncoderLayer(
            hidden_size, heads, 2 * hidden_size, dropout, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(
            layer, layers, norm=nn.LayerNorm(hidden_size), enable_nested_tensor=False
        )

    def _positions(self, time: int, like: Tensor) -> Tensor:
        """Sines and cosines of falling frequency: -> (time, hidden)."""
        place = torch.arange(time, device=like.device, dtype=like.dtype)[:, None]
        even = torch.arange(0, self.output_size, 2, device=like.device, dtype=like.dtype)
        angle = place * torch.exp(-math.log(10_000.0) * even / self.output_size)
        waves = torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)
        return waves[:, : self.output_size]

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.project(values)
        hidden = hidden + self._positions(hidden.shape[1], hidden)
        padded = ~length_mask(lengths, hidden.shape[1])
        return self.layers(hidden, src_key_padding_mask=padded), lengths
