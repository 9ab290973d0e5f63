"""What a network costs: `print(costs.of(model, (224, 224, 3)))`, layer by layer."""

import contextlib
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
from rich.console import Console
from rich.table import Table

from course.multiply_adds import ADDITIONS, BLOCKS, RULES, VIEWS, Shape


class Row(NamedTuple):
    """One call of one layer, for one example.

    Attributes:
        name: The layer's, after those of the layers that it is part of.
        kind: Its class.
        output_shape: Without the batch.
        parameters: Weights that no row above has counted.
        macs: Multiply-accumulates; None if there is no rule for such a layer.
        activation_bytes: Memory of its output.
    """

    name: str
    kind: str
    output_shape: Shape
    parameters: int
    macs: int | None
    activation_bytes: int


class Costs(NamedTuple):
    """The rows of a model, one for each call of a layer, in order, and their sums."""

    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        """All weights, those that aren't trained included."""
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the layers that there is a rule for."""
        return sum(row.macs or 0 for row in self.rows)

    @property
    def activation_bytes(self) -> int:
        """Memory of all outputs, which a training step keeps until its backward pass."""
        return sum(row.activation_bytes for row in self.rows)

    @property
    def unknown(self) -> tuple[Row, ...]:
        """The rows whose multiply-accumulates are not in the sum."""
        return tuple(row for row in self.rows if row.macs is None)

    def __str__(self) -> str:
        console = Console(width=100, no_color=True)
        with console.capture() as captured:
            console.print(self.table())
        return captured.get().rstrip()

    def table(self) -> Table:
        """A row a layer, and the sums."""
        table = Table("layer", "kind", "output", box=None, pad_edge=False)
        for heading in ("parameters", "multiply-adds", "activations, kB"):
            table.add_column(heading, justify="right")
        for row in self.rows:
            macs = "unknown" if row.macs is None else f"{row.macs:,}"
            shape = "×".join(map(str, row.output_shape))
            kilobytes = f"{row.activation_bytes / 1000:,.1f}"
            table.add_row(
                row.name, row.kind, shape, f"{row.parameters:,}", macs, kilobytes
            )
        at_least = "at least " if self.unknown else ""
        table.add_row(
            "all", "", "", f"{self.parameters:,}", f"{at_least}{self.macs:,}",
            f"{self.activation_bytes / 1000:,.1f}", style="bold",
        )  # fmt: skip
        return table


def of(model: keras.Layer, input_shape: Shape | list[Shape] | None = None) -> Costs:
    """What the model costs for one example.

    It is called once, on zeros, and every layer that is called on the way gives a row.
    A layer is known by its class's name, so that Keras's and yours count alike.

    A multiply-accumulate is one product added to a sum: those of convolutions and of
    matrix products, as the papers count them (a FLOP of theirs often is two of these or
    one; look). Additions, biases, activations, normalization, pooling count nothing.
    A layer that is made of layers is the sum of theirs. What a `keras.Model` or a block
    of the course does besides is taken to be additions; any other layer without a rule
    says `unknown`.

    A layer that is called twice costs twice and has its parameters once. Views such as
    `Flatten`'s, and dropout, need no memory of their own.

    Args:
        model: Any Keras layer or model.
        input_shape: Of one example; a list of shapes where `call` takes a list of
            inputs; what the model itself says if left out.

    Raises:
        ValueError: If the shape is neither given nor known.
    """
    calls: list[_Call] = []
    zeros = _example(model, input_shape)
    knows_training = getattr(model, "_call_has_training_arg", False)
    settings = {"training": False} if knows_training else {}
    if not all(layer.built for layer in model._flatten_layers()):
        model(zeros, **settings)  # building calls layers too, on shapes
    with _recorded(calls):
        model(zeros, **settings)
    counted: set[int] = set()
    rows = [row for call in calls for row in call.rows(counted)]
    return Costs(tuple(rows))


def _example(model: Any, input_shape: Shape | list[Shape] | None) -> Any:
    """Zeros for every input, a batch of one, arranged as the model was made with."""
    inputs = getattr(model, "inputs", None) or []
    if input_shape is None and len(inputs) > 1:
        return keras.tree.map_structure(
            lambda given: _zeros(model, given.shape[1:], given.dtype), model.input
        )
    dtypes = [given.dtype for given in inputs] or [model.compute_dtype]
    if isinstance(input_shape, list):
        dtypes = dtypes if inputs else dtypes * len(input_shape)
        pairs = zip(input_shape, dtypes, strict=True)
        return [_zeros(model, shape, dtype) for shape, dtype in pairs]
    own: Any = (getattr(model, "input_shape", None) or (None, None))[1:]
    return _zeros(model, input_shape or own, dtypes[0])


def _zeros(model: Any, shape: Shape, dtype: str) -> Any:
    if None in shape:
        raise ValueError(
            f"How large is an example? {model.name} says {shape}: give input_shape."
        )
    return keras.ops.zeros((1, *shape), dtype=dtype)


class _Call:
    """A call of a layer: what it was given, what it gave, which layers it called."""

    def __init__(self, layer: Any, above: tuple["_Call", ...]):
        self.layer, self.composite = layer, False
        self.path = "/".join(call.layer.name for call in (*above[1:], self))
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def rows(self, counted: set[int]) -> Iterator[Row]:
        """The row of this call, if it has something of its own."""
        own = self._own_weights()
        parameters = sum(
            math.prod(w.shape) for w in own if id(w) not in counted and not _is_seed(w)
        )
        counted.update(id(w) for w in own)
        if self.composite and isinstance(self.layer, keras.Model):
            if own:
                yield self._row(parameters, None)
        elif type(self.layer).__name__ != "InputLayer":
            yield self._row(parameters, self._macs())

    def _own_weights(self) -> list[Any]:
        if not self.composite:
            return list(self.layer.weights)
        inner = {
            id(w)
            for layer in self.layer._flatten_layers(include_self=False)
            for w in layer.weights
        }
        return [w for w in self.layer.weights if id(w) not in inner]

    def _macs(self) -> int | None:
        names = [kind.__name__ for kind in type(self.layer).__mro__]
        for name in names:
            if name in RULES:
                return RULES[name](self.layer, self.inputs[0], self.outputs[0])
            if name in ADDITIONS or name in BLOCKS or name in VIEWS:
                return 0
        return None

    def _row(self, parameters: int, macs: int | None) -> Row:
        kinds = {kind.__name__ for kind in type(self.layer).__mro__}
        bits = re.search(r"\d+$", self.layer.compute_dtype)  # of float32, bfloat16
        size = int(bits[0]) // 8 if bits else 1
        memory = sum(map(math.prod, self.outputs)) * size
        return Row(
            self.path,
            type(self.layer).__name__,
            self.outputs[0],
            parameters,
            macs,
            0 if kinds & VIEWS else memory,
        )


def _is_seed(weight: Any) -> bool:
    """Whether it is the state of a random generator, which no summary counts."""
    return "seed_generator" in weight.path


@contextlib.contextmanager
def _recorded(calls: list[_Call]) -> Iterator[None]:
    """Notes each call of a layer, a block before its parts."""
    original = keras.Layer.__call__
    stack: list[_Call] = []

    def recording(layer: Any, *args: Any, **kwargs: Any) -> Any:
        call = _Call(layer, tuple(stack))
        if stack:
            stack[-1].composite = True
        calls.append(call)
        stack.append(call)
        try:
            result = original(layer, *args, **kwargs)
        finally:
            stack.pop()
        call.inputs, call.outputs = _shapes((args, kwargs)), _shapes(result)
        return result

    keras.Layer.__call__ = recording
    try:
        yield
    finally:
        keras.Layer.__call__ = original


def _shapes(tensors: Any) -> list[Shape]:
    """The shapes of all tensors in a structure, without the batch."""
    found = keras.tree.flatten(tensors)
    return [tuple(t.shape)[1:] for t in found if keras.ops.is_tensor(t)]
