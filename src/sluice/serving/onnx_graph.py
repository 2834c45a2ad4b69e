"""Pieces of an ONNX graph, written operator by operator, and the poolings and norms made of them.

In: names of tensors within a `Graph`, and modules of PyTorch whose weights are copied. Out: names
of tensors. Rows are padded behind their end; `lengths` says where that is. The encoders are in
`sluice.serving.onnx_encoders`.

Operators: ONNX, opset 18 (https://onnx.ai/onnx/operators).
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from sluice.models.layers import Pooling

OPSET, IR_VERSION = 18, 9
KINDS = {"int64": TensorProto.INT64, "int32": TensorProto.INT32, "float32": TensorProto.FLOAT}


def array_of(value: Tensor) -> npt.NDArray[Any]:
    """The numbers of a weight."""
    return value.detach().cpu().numpy()


def narrowed(table: Tensor) -> Tensor:
    """A table in 16 bits a number where that loses nothing: so it was stored."""
    half = table.detach().half()
    return half if torch.equal(half.float(), table) else table


class Embedded(NamedTuple):
    """Tokens, each of which stands for a row of a table."""

    table: Tensor
    """(vocabulary, features)"""
    tokens: str
    """(batch, time)"""


class Graph:
    """Operators in the order in which they run; each result has a name of its own."""

    def __init__(self, around: "Graph | None" = None) -> None:
        """An empty graph, or one within another, whose results and weights it may use."""
        self._nodes: list[onnx.NodeProto] = []
        self.numbers: Iterator[int] = around.numbers if around else count()
        self._weights: list[onnx.TensorProto] = around._weights if around else []
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = around._known if around else {}

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Add an operator; give the name of its result, or of each."""
        number = next(self.numbers)
        names = [f"t{number}_{place}" for place in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def inner(self, inputs: Sequence[str], outputs: Sequence[str]) -> onnx.GraphProto:
        """This graph as a part of the one around it: the body of a loop, or one of two ways."""
        taken, given = (
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
            for names in (inputs, outputs)
        )
        return helper.make_graph(self._nodes, f"inner{next(self.numbers)}", taken, given)

    def constant(self, value: npt.ArrayLike, kind: str = "float32") -> str:
        """Add a weight or another number that does not change; equal ones are kept once."""
        array = np.array(value, dtype=kind, order="C")
        key = (kind, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = f"w{len(self._weights)}"
            self._weights.append(numpy_helper.from_array(array, self._known[key]))
        return self._known[key]

    def table(self, table: Tensor, places: str | None = None) -> str:
        """A table (rows, features), or its rows at places: (...) -> (..., features).

        A table that was stored in 16 bits a number is kept so, and what is taken from it widened.
        """
        kept = narrowed(table)
        half = kept.dtype == torch.float16
        found = self.constant(array_of(kept), "float16" if half else "float32")
        if places is not None:
            found = str(self.add("Gather", found, places))
        return self.cast(found, "float32") if half else found

    def embed(self, tokens: Embedded) -> str:
        """(batch, time, features)"""
        return self.table(tokens.table, tokens.tokens)

    def integers(self, *values: int) -> str:
        """A list of whole numbers, such as axes or a shape."""
        return self.constant(np.array(values, np.int64), "int64")

    def cast(self, value: str, kind: str) -> str:
        """Give numbers another type."""
        return str(self.add("Cast", value, to=KINDS[kind]))

    def linear(self, value: str, weight: Tensor, bias: Tensor | None) -> str:
        """(..., in) -> (..., out), as `nn.Linear`."""
        product = self.add("MatMul", value, self.constant(array_of(weight).T))
        return str(
            product if bias is None else self.add("Add", product, self.constant(array_of(bias)))
        )

    def positions(self, values: str) -> str:
        """0, 1, ... up to the width of (batch, time, ...), (time,)."""
        time = self.add("Shape", values, start=1, end=2)
        zero, one = (self.constant(np.int64(number), "int64") for number in (0, 1))
        return str(self.add("Range", zero, self.add("Squeeze", time), one))

    def mask(self, lengths: str, values: str) -> str:
        """True where (batch, time, ...) holds a token, (batch, time)."""
        ends = self.add("Unsqueeze", lengths, self.integers(1))
        return str(self.add("Less", self.positions(values), ends))

    def keep(self, mask: str, values: str, instead: float) -> str:
        """Values of (batch, time, features) where the mask, (batch, time), is true."""
        wide = self.add("Unsqueeze", mask, self.integers(2))
        return str(self.add("Where", wide, values, self.constant(np.float32(instead))))

    def build(
        self, inputs: Sequence[tuple[str, str, list[str]]], output: str, shape: list[str]
    ) -> onnx.ModelProto:
        """The checked model: name, type and dimensions of each input, and the result."""
        self._nodes.append(helper.make_node("Identity", [output], ["logits"]))
        made = helper.make_graph(
            self._nodes,
            "sluice",
            [helper.make_tensor_value_info(name, KINDS[kind], dims) for name, kind, dims in inputs],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)],
            self._weights,
        )
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(
            made, opset_imports=[opset], ir_version=IR_VERSION, producer_name="sluice"
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def add_norm(graph: Graph, module: nn.Module, value: str) -> str:
    """A normalisation of the last axis as it works after training; nothing for another module."""
    if isinstance(module, nn.LayerNorm):
        weights = (graph.constant(array_of(one)) for one in (module.weight, module.bias))
        return str(graph.add("LayerNormalization", value, *weights, axis=-1, epsilon=module.eps))
    if isinstance(module, nn.BatchNorm1d):
        assert module.running_mean is not None and module.running_var is not None  # noqa: S101, PT018
        parts = (module.weight, module.bias, module.running_mean, module.running_var)
        weights = (graph.constant(array_of(one)) for one in parts)
        return str(graph.add("BatchNormalization", value, *weights, epsilon=module.eps))
    return value


def _last(graph: Graph, pooling: Pooling, values: str, lengths: str, features: int) -> str:
    place = graph.add("Sub", lengths, graph.integers(1))
    index = graph.add("Unsqueeze", place, graph.integers(1))
    last = graph.add("GatherND", values, index, batch_dims=1)  # (batch, features)
    if not pooling.bidirectional:
        return str(last)
    half = graph.integers(features // 2)
    forward = graph.add("Slice", last, graph.integers(0), half, graph.integers(1))
    first = graph.add("Gather", values, graph.constant(np.int64(0), "int64"), axis=1)
    ends = graph.integers(features)
    return str(
        graph.add(
            "Concat", forward, graph.add("Slice", first, half, ends, graph.integers(1)), axis=-1
        )
    )


def _attended(graph: Graph, pooling: Pooling, values: str, mask: str) -> str:
    hidden = graph.add("Tanh", graph.linear(values, pooling.project.weight, pooling.project.bias))
    scores = graph.linear(hidden, pooling.context.weight, None)  # (batch, time, 1)
    shares = graph.add("Softmax", graph.keep(mask, scores, -np.inf), axis=1)
    return str(
        graph.add("ReduceSum", graph.add("Mul", shares, values), graph.integers(1), keepdims=0)
    )


def add_pooling(graph: Graph, pooling: Pooling, values: str, lengths: str, features: int) -> str:
    """(batch, time, features) -> (batch, pooled), as `Pooling`."""
    if pooling.name == "last":
        return _last(graph, pooling, values, lengths, features)
    mask = graph.mask(lengths, values)
    if pooling.name == "attention":
        return _attended(graph, pooling, values, mask)
    time = graph.integers(1)
    shut = graph.add("Where", mask, graph.constant(0.0), graph.constant(-np.inf))
    open_only = graph.add("Add", values, graph.add("Unsqueeze", shut, graph.integers(2)))
    maximum = graph.add("ReduceMax", open_only, time, keepdims=0)
    if pooling.name == "max":
        return str(maximum)
    ones = graph.add("Unsqueeze", graph.cast(mask, "float32"), time)  # (batch, 1, time)
    total = graph.add("Squeeze", graph.add("MatMul", ones, values), time)
    count = graph.add("Unsqueeze", graph.cast(lengths, "float32"), time)
    mean = graph.add("Div", total, count)
    return str(mean if pooling.name == "mean" else graph.add("Concat", mean, maximum, axis=-1))
