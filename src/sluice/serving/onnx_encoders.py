"""The encoders of `sluice.models.encoders` as ONNX operators.

In: a graph, an encoder, embedded tokens and the rows' lengths. Out: its outputs and
their lengths. Recurrent operators are told the lengths, so that neither direction reads padding.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from torch import Tensor, nn

from sluice.models.encoders import (
    AttentionRecurrent,
    ConvolutionRecurrent,
    Convolutions,
    Recurrent,
    Transformer,
)
from sluice.serving.onnx_graph import Embedded, Graph, add_norm, array_of
from sluice.tokens import PADDING

Outputs = tuple[str, str]

# Operator, and the order in which ONNX wants the gates that PyTorch keeps as i f g o and r z n.
_CELLS: dict[type[nn.RNNBase], tuple[str, tuple[int, ...], dict[str, Any]]] = {
    nn.LSTM: ("LSTM", (0, 3, 1, 2), {}),
    nn.GRU: ("GRU", (1, 0, 2), {"linear_before_reset": 1}),
    nn.RNN: ("RNN", (0,), {}),
}

_IFOG = (0, 1, 3, 2)  # the gates that a sigmoid opens, then the other
_SHUT = -1e4  # a gate at which nothing passes
FEW = 48
"""Rows up to which the operator of a whole layer is sooner than a loop of its steps."""
MOST_PRODUCTS = 2**24
"""Numbers that products of words may take, 4 bytes each: larger vocabularies go without."""


def _gates(cell: nn.RNNBase, name: str, order: tuple[int, ...]) -> npt.NDArray[np.float32]:
    parts = np.split(array_of(cell.get_parameter(f"{name}_l0")), len(order))
    return np.concatenate([parts[place] for place in order])


def _add_layer(graph: Graph, cells: list[nn.RNNBase], values: str, lengths: str) -> str:
    """One layer, (batch, time, in) -> (batch, time, cells x hidden)."""
    operator, order, more = _CELLS[type(cells[0])]
    inner, outer = ("weight_ih", "weight_hh"), ("bias_ih", "bias_hh")
    weights = [graph.constant([_gates(cell, name, order) for cell in cells]) for name in inner]
    biases = [np.concatenate([_gates(cell, name, order) for name in outer]) for cell in cells]
    rows = graph.add("Transpose", values, perm=[1, 0, 2])
    ends = graph.cast(lengths, "int32")
    way = "bidirectional" if len(cells) == 2 else "forward"
    size = cells[0].hidden_size
    outputs = graph.add(
        operator, rows, *weights, graph.constant(biases), ends,
        hidden_size=size, direction=way, **more,
    )  # (time, directions, batch, hidden)  # fmt: skip
    turned = graph.add("Transpose", outputs, perm=[2, 0, 1, 3])
    return str(graph.add("Reshape", turned, graph.integers(0, 0, len(cells) * size)))


def _gates_of_words(graph: Graph, cell: nn.LSTM, table: Tensor) -> str:
    """What each token adds to the gates i, f, o and g: (vocabulary, 4 x hidden).

    The runtime multiplies this out when it loads the graph. Padding closes all gates, so that the
    state stays zero where a row that is read backwards has not begun.
    """
    weight = _gates(cell, "weight_ih", _IFOG)
    bias = _gates(cell, "bias_ih", _IFOG) + _gates(cell, "bias_hh", _IFOG)
    product = graph.add("MatMul", graph.table(table), graph.constant(weight.T))
    whole = graph.add("Add", product, graph.constant(bias))
    ends = (graph.integers(1), graph.integers(len(table)), graph.integers(0))
    shut = graph.constant(np.full((1, len(weight)), _SHUT))
    return str(graph.add("Concat", shut, graph.add("Slice", whole, *ends), axis=0))


def _step(graph: Graph, cell: nn.LSTM) -> onnx.GraphProto:
    """One step of an LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000), for Scan."""
    size, body = cell.hidden_size, Graph(graph)
    weight = _gates(cell, "weight_hh", _IFOG)
    inputs = [f"{name}{next(body.numbers)}" for name in ("hidden", "memory", "gates")]
    hidden, memory, gates = inputs
    total = body.add("Add", body.add("MatMul", hidden, body.constant(weight.T)), gates)
    parts = body.add("Split", total, body.integers(3 * size, size), outputs=2, axis=1)
    opened = body.add("Sigmoid", parts[0])
    taken, kept, shown = body.add("Split", opened, outputs=3, axis=1, num_outputs=3)
    new = body.add("Mul", taken, body.add("Tanh", parts[1]))
    memory = body.add("Add", body.add("Mul", kept, memory), new)
    hidden = body.add("Mul", shown, body.add("Tanh", memory))
    return body.inner(inputs, [hidden, memory, body.add("Identity", hidden)])


def _add_scan(
    graph: Graph, cells: list[nn.LSTM], words: Embedded, lengths: str, tables: list[str]
) -> str:
    """A layer that looks up what tokens add to its gates: (batch, time, cells x hidden)."""
    mask = graph.mask(lengths, words.tokens)
    inside = graph.add("Where", mask, words.tokens, graph.constant(PADDING, "int64"))
    turned = graph.add("Transpose", inside, perm=[1, 0])
    rows = graph.add("Shape", words.tokens, start=0, end=1)
    outputs = []
    for way, (cell, table) in enumerate(zip(cells, tables, strict=True)):
        shape = graph.add("Concat", rows, graph.integers(cell.hidden_size), axis=0)
        zeros = graph.add("ConstantOfShape", shape)
        gates = graph.add("Gather", table, turned)  # (time, batch, 4 x hidden)
        _, _, states = graph.add(
            "Scan", zeros, zeros, gates, outputs=3, body=_step(graph, cell), num_scan_inputs=1,
            scan_input_directions=[way], scan_output_directions=[way],
        )  # fmt: skip
        outputs.append(states)
    joined = graph.add("Concat", *outputs, axis=2) if len(outputs) > 1 else outputs[0]
    return str(graph.add("Transpose", joined, perm=[1, 0, 2]))


def _add_first(graph: Graph, cells: list[nn.RNNBase], words: Embedded, lengths: str) -> str:
    """A layer that reads tokens: (batch, time) -> (batch, time, cells x hidden).

    Few rows go through the operator of the runtime, whose steps are cheap. Many go through a loop
    that looks up the products of words instead of computing them, which are half of the work.
    """
    lstms = [cell for cell in cells if isinstance(cell, nn.LSTM)]
    products = len(words.table) * sum(4 * cell.hidden_size for cell in lstms)
    if len(lstms) < len(cells) or products > MOST_PRODUCTS:
        return _add_layer(graph, cells, graph.embed(words), lengths)
    tables = [_gates_of_words(graph, cell, words.table) for cell in lstms]
    rows = graph.add("Squeeze", graph.add("Shape", words.tokens, start=0, end=1))
    few, many = Graph(graph), Graph(graph)
    ways = {
        "then_branch": many.inner([], [_add_scan(many, lstms, words, lengths, tables)]),
        "else_branch": few.inner([], [_add_layer(few, cells, few.embed(words), lengths)]),
    }
    return str(graph.add("If", graph.add("Greater", rows, graph.constant(FEW, "int64")), **ways))


def add_recurrent(
    graph: Graph, encoder: Recurrent, values: str | Embedded, lengths: str
) -> Outputs:
    """Layer upon layer, each in one direction or two."""
    for layer, forward in enumerate(encoder.forward_cells):
        both = [forward, *([encoder.backward_cells[layer]] if encoder.bidirectional else [])]
        cells = [one for one in both if isinstance(one, nn.RNNBase)]
        if isinstance(values, Embedded):
            values = _add_first(graph, cells, values, lengths)
        else:
            values = _add_layer(graph, cells, values, lengths)
    assert isinstance(values, str)  # noqa: S101 - there is at least one layer
    return values, lengths


def _add_heads(graph: Graph, value: str, heads: int, size: int) -> str:
    """(batch, time, heads x size) -> (batch, heads, time, size)."""
    parted = graph.add("Reshape", value, graph.integers(0, 0, heads, size))
    return str(graph.add("Transpose", parted, perm=[0, 2, 1, 3]))


def _add_attention(graph: Graph, module: nn.MultiheadAttention, values: str, lengths: str) -> str:
    """Scaled dot-product self-attention (Vaswani et al. 2017, equation 1) that sees no padding."""
    heads, size = module.num_heads, module.head_dim
    weights, biases = module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3)
    query, key, value = (
        _add_heads(graph, graph.linear(values, weight, bias), heads, size)
        for weight, bias in zip(weights, biases, strict=True)
    )
    turned = graph.add("Transpose", key, perm=[0, 1, 3, 2])
    scale = graph.constant(np.float32(1 / math.sqrt(size)))
    scores = graph.add("MatMul", graph.add("Mul", query, scale), turned)
    seen = graph.add("Unsqueeze", graph.mask(lengths, values), graph.integers(1, 2))
    shares = graph.add(
        "Softmax", graph.add("Where", seen, scores, graph.constant(np.float32(-np.inf))), axis=-1
    )
    joined = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
    flat = graph.add("Reshape", joined, graph.integers(0, 0, heads * size))
    return graph.linear(flat, module.out_proj.weight, module.out_proj.bias)


def add_attention_recurrent(
    graph: Graph, encoder: AttentionRecurrent, values: Embedded, lengths: str
) -> Outputs:
    """A recurrent encoder whose states attend to each other once."""
    states, lengths = add_recurrent(graph, encoder.recurrent, values, lengths)
    attended = _add_attention(graph, encoder.attention, states, lengths)
    return add_norm(graph, encoder.norm, graph.add("Add", states, attended)), lengths


def add_convolutions(graph: Graph, encoder: Convolutions, words: Embedded, lengths: str) -> Outputs:
    """Convolutions of several widths side by side, padding zeroed before."""
    values = graph.embed(words)
    zeroed = graph.keep(graph.mask(lengths, values), values, 0.0)
    columns = graph.add("Transpose", zeroed, perm=[0, 2, 1])
    channels = []
    for module, margin in zip(encoder.convolutions, encoder.margins, strict=True):
        assert isinstance(module, nn.Conv1d)  # noqa: S101 - narrows ModuleList's type
        assert module.bias is not None  # noqa: S101 - they are made with one
        weights = [graph.constant(array_of(one)) for one in (module.weight, module.bias)]
        channels.append(graph.add("Relu", graph.add("Conv", columns, *weights, pads=list(margin))))
    joined = graph.add("Concat", *channels, axis=1)
    return str(graph.add("Transpose", joined, perm=[0, 2, 1])), lengths


def add_convolution_recurrent(
    graph: Graph, encoder: ConvolutionRecurrent, values: Embedded, lengths: str
) -> Outputs:
    """Convolutions, the maximum of `stride` positions, a recurrent encoder."""
    channels, _ = add_convolutions(graph, encoder.convolutions, values, lengths)
    zeroed = graph.keep(graph.mask(lengths, channels), channels, 0.0)
    columns = graph.add("Transpose", zeroed, perm=[0, 2, 1])
    stride = encoder.stride
    pooled = graph.add("MaxPool", columns, kernel_shape=[stride], strides=[stride], ceil_mode=1)
    rows = graph.add("Transpose", pooled, perm=[0, 2, 1])
    more = graph.add("Add", lengths, graph.integers(stride - 1))
    shorter = graph.add("Div", more, graph.integers(stride))  # whole numbers: rounded down
    return add_recurrent(graph, encoder.recurrent, rows, shorter)


def _add_positions(graph: Graph, values: str, size: int) -> str:
    """Sines and cosines of falling frequency, (time, size)."""
    even = np.arange(0, size, 2, dtype=np.float32)
    rates = np.exp(np.float32(-math.log(10_000.0)) * even / np.float32(size))
    place = graph.add(
        "Unsqueeze", graph.cast(graph.positions(values), "float32"), graph.integers(1)
    )
    angle = graph.add("Mul", place, graph.constant(rates))
    waves = [
        graph.add("Unsqueeze", graph.add(name, angle), graph.integers(2)) for name in ("Sin", "Cos")
    ]
    flat = graph.add("Reshape", graph.add("Concat", *waves, axis=2), graph.integers(0, -1))
    return str(graph.add("Slice", flat, graph.integers(0), graph.integers(size), graph.integers(1)))


def add_transformer(graph: Graph, encoder: Transformer, words: Embedded, lengths: str) -> Outputs:
    """Layers with the norm before each part (Xiong et al. 2020), and one behind the last."""
    hidden = graph.linear(graph.embed(words), encoder.project.weight, encoder.project.bias)
    hidden = graph.add("Add", hidden, _add_positions(graph, hidden, encoder.output_size))
    for layer in encoder.layers.layers:
        assert isinstance(layer, nn.TransformerEncoderLayer)  # noqa: S101 - narrows ModuleList's type
        attended = _add_attention(
            graph, layer.self_attn, add_norm(graph, layer.norm1, hidden), lengths
        )
        hidden = graph.add("Add", hidden, attended)
        normal = add_norm(graph, layer.norm2, hidden)
        inner = graph.add("Relu", graph.linear(normal, layer.linear1.weight, layer.linear1.bias))
        hidden = graph.add(
            "Add", hidden, graph.linear(inner, layer.linear2.weight, layer.linear2.bias)
        )
    norm = encoder.layers.norm
    assert norm is not None  # noqa: S101 - it is made with one
    return add_norm(graph, norm, hidden), lengths


_ENCODERS: dict[type[nn.Module], Callable[..., Outputs]] = {
    Recurrent: add_recurrent,
    AttentionRecurrent: add_attention_recurrent,
    Convolutions: add_convolutions,
    ConvolutionRecurrent: add_convolution_recurrent,
    Transformer: add_transformer,
}


def add_encoder(graph: Graph, encoder: nn.Module, words: Embedded, lengths: str) -> Outputs:
    """The encoder of a network, whichever it is."""
    return _ENCODERS[type(encoder)](graph, encoder, words, lengths)
