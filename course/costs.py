"""What a network costs: `print(costs.of(model, (224, 224, 3)))`, layer by layer."""

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
from rich.console import Console
from rich.table import Table

Shape = tuple[int, ...]
# Of a layer, the shape of its input and that of its output, both without the batch.
Rule = Callable[[Any, Shape, Shape], int]


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


def of(model: keras.Layer, input_shape: Shape | None = None) -> Costs:
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
        model: Any Keras layer or model with one input.
        input_shape: Of one example; the model's own `input_shape` if left out.

    Raises:
        ValueError: If the shape is neither given nor known.
    """
    shape = input_shape or (getattr(model, "input_shape", None) or (None, None))[1:]
    if None in shape:
        raise ValueError(
            f"How large is an example? {model.name} says {shape}: give input_shape."
        )
    calls: list[_Call] = []
    zeros = keras.ops.zeros((1, *shape), dtype=_input_dtype(model))
    knows_training = getattr(model, "_call_has_training_arg", False)
    settings = {"training": False} if knows_training else {}
    if not all(layer.built for layer in model._flatten_layers()):
        model(zeros, **settings)  # building calls layers too, on shapes
    with _recorded(calls):
        model(zeros, **settings)
    counted: set[int] = set()
    rows = [row for call in calls for row in call.rows(counted)]
    return Costs(tuple(rows))


def _input_dtype(model: Any) -> str:
    inputs = getattr(model, "inputs", None)
    return inputs[0].dtype if inputs else model.compute_dtype


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
            if name in _RULES:
                return _RULES[name](self.layer, self.inputs[0], self.outputs[0])
            if name in _ADDITIONS or name in _BLOCKS or name in _VIEWS:
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
            0 if kinds & _VIEWS else memory,
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


def _each_output_sums(weights: str, axes: slice) -> Rule:
    """For layers whose every output is a sum over these axes of a kernel."""

    def rule(layer: Any, x: Shape, y: Shape) -> int:
        return math.prod(y) * math.prod(getattr(layer, weights).shape[axes])

    return rule


def _einsum(layer: Any, x: Shape, y: Shape) -> int:
    """Every output is a sum over the kernel's axes that it doesn't have itself."""
    kernel = layer.equation.split(",")[1].split("->")[0].strip()
    output = layer.equation.split("->")[1]
    axes = zip(kernel, layer.kernel.shape, strict=True)
    return math.prod(y) * math.prod(
        size for letter, size in axes if letter not in output
    )


def _transposed(layer: Any, x: Shape, y: Shape) -> int:
    """Every input goes to every filter through the whole window."""
    return math.prod(x) * math.prod(layer.kernel.shape[:-1])  # the last is x's too


def _separable(layer: Any, x: Shape, y: Shape) -> int:
    """Both steps have the places of the output."""
    kernels = (layer.depthwise_kernel, layer.pointwise_kernel)
    places = math.prod(y) // layer.filters
    return places * sum(math.prod(kernel.shape) for kernel in kernels)


_WINDOW_AND_INPUTS = _each_output_sums("kernel", slice(None, -1))
_RULES: dict[str, Rule] = {
    "Dense": _WINDOW_AND_INPUTS,
    "Conv1D": _WINDOW_AND_INPUTS,  # of a group, the kernel has its group's inputs
    "Conv2D": _WINDOW_AND_INPUTS,
    "Conv3D": _WINDOW_AND_INPUTS,
    "DepthwiseConv1D": _each_output_sums("kernel", slice(None, -2)),
    "DepthwiseConv2D": _each_output_sums("kernel", slice(None, -2)),
    "EinsumDense": _einsum,
    "Conv1DTranspose": _transposed,
    "Conv2DTranspose": _transposed,
    "Conv3DTranspose": _transposed,
    "SeparableConv1D": _separable,
    "SeparableConv2D": _separable,
    # LeNet-5: a coefficient for each output; a square for each state and code.
    "Subsampling": lambda layer, x, y: math.prod(y),
    "SquaredDistances": lambda layer, x, y: math.prod(layer.codes.shape),
}

_ADDITIONS = set(
    """Activation ReLU LeakyReLU PReLU ELU Softmax BatchNormalization LayerNormalization
    GroupNormalization UnitNormalization LocalResponseNormalization Embedding MaxPooling1D
    MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalAveragePooling1D GlobalAveragePooling2D
    UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D Cropping1D Cropping2D Add
    Subtract Multiply Average Maximum Minimum Concatenate Rescaling Normalization
    """.split()
)
# Made of layers, and of additions, relu, padding between them. The sum or the
# concatenation at a block's end is an output of its own.
_BLOCKS = set(
    """ResidualBlock BottleneckBlock InceptionBlock AuxiliaryClassifier DenseBlock
    DenseLayer TransitionBlock DepthwiseSeparableBlock Model _Path
    """.split()
)
_VIEWS = set(
    """Flatten Reshape Permute Identity Dropout SpatialDropout1D SpatialDropout2D
    GaussianNoise GaussianDropout InputLayer
    """.split()
)
