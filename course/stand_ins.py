"""What stands in for the NumPy pieces of u01: the same interface, Keras inside.

Keras has no layer with `forward` and `backward` on NumPy arrays. These have, so that a
network can be judged by its own faults, not by those of the pieces it is made of. The
values come from Keras, the gradients from its backend, as float64 where float64 comes
in. What each class promises stands in the exercises of u01_numpy_mlp.

`backward` stands in for that of u02_autograd.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from course import autodiff

__all__ = [
    "Adam",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Dense",
    "GradientDescent",
    "L2",
    "Momentum",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "backward",
]

Array = NDArray[np.floating]


def _tensor(array: Array) -> Any:
    """With the array's own dtype; Keras would make float32 of it."""
    return ops.convert_to_tensor(array, dtype=array.dtype.name)


def _value(
    function: Callable[..., Any], *arrays: Array
) -> tuple[Any, Callable[[Array], list[Array]]]:
    """function(*arrays) as an array, and a function from dy to the gradients."""
    value = ops.convert_to_numpy(function(*map(_tensor, arrays)))

    def gradients(dy: Array) -> list[Array]:
        watched = [autodiff.watch(_tensor(array)) for array in arrays]
        found = autodiff.gradients(
            lambda: ops.sum(function(*watched) * _tensor(dy)), watched
        )
        return [np.array(ops.convert_to_numpy(gradient)) for gradient in found]

    return np.array(value), gradients


class _Activation:
    """An activation of Keras with a backward pass."""

    function: Callable[[Any], Any]

    def forward(self, x: Array) -> Array:
        y, self._gradients = _value(type(self).function, x)
        return y

    def backward(self, dy: Array) -> Array:
        return self._gradients(dy)[0]


class ReLU(_Activation):
    """`keras.activations.relu`."""

    function = staticmethod(keras.activations.relu)


class Sigmoid(_Activation):
    """`keras.activations.sigmoid`."""

    function = staticmethod(keras.activations.sigmoid)


class Tanh(_Activation):
    """`keras.activations.tanh`."""

    function = staticmethod(keras.activations.tanh)


class Softmax(_Activation):
    """`keras.activations.softmax`."""

    function = staticmethod(keras.activations.softmax)


class _Loss:
    """A loss of Keras with a backward pass; a subclass has `_loss`."""

    _loss: Callable[..., Any]

    def forward(self, y_true: Array, y_pred: Array) -> float:
        y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        if y_true.shape != y_pred.shape:
            raise ValueError(
                f"y_true {y_true.shape} and y_pred {y_pred.shape} must have one shape."
            )
        constant = _tensor(y_true.astype(y_pred.dtype))
        value, self._gradients = _value(
            lambda y: ops.mean(type(self)._loss(constant, y)), self._in_range(y_pred)
        )
        self._upstream = np.ones_like(value)
        return float(value)

    def backward(self) -> Array:
        return self._gradients(self._upstream)[0]

    def _in_range(self, y_pred: Array) -> Array:
        return y_pred


class L2(_Loss):
    """`keras.losses.mean_squared_error`."""

    _loss = staticmethod(keras.losses.mean_squared_error)


class _CrossEntropy(_Loss):
    def __init__(self, epsilon: float = 1e-7):
        self.epsilon = epsilon

    def _in_range(self, y_pred: Array) -> Array:
        return np.clip(y_pred, self.epsilon, 1 - self.epsilon)


class BinaryCrossEntropy(_CrossEntropy):
    """`keras.losses.binary_crossentropy`."""

    _loss = staticmethod(keras.losses.binary_crossentropy)


class CategoricalCrossEntropy(_CrossEntropy):
    """The formula in `keras.ops`.

    `keras.losses.categorical_crossentropy` first scales the predictions to a sum of 1,
    and so has another gradient.
    """

    @staticmethod
    def _loss(y_true: Any, y_pred: Any) -> Any:
        return -ops.sum(y_true * ops.log(y_pred), axis=-1)


class Dense:
    """An einsum and a sum, with Keras's initializers."""

    def __init__(
        self,
        inputs: int,
        units: int,
        init: str = "xavier",
        seed: int | None = None,
        dtype: str = "float64",
    ):
        kinds = {
            "xavier": keras.initializers.GlorotUniform,
            "he": keras.initializers.HeNormal,
        }
        if init not in kinds:
            raise ValueError(f"init must be 'xavier' or 'he'; got {init!r}.")
        start = kinds[init](seed=seed)((inputs, units), dtype=dtype)
        self.kernel = np.array(ops.convert_to_numpy(start))
        self.bias = np.zeros(units, dtype)

    def forward(self, x: Array) -> Array:
        y, self._gradients = _value(
            lambda x, kernel, bias: ops.einsum("bi,iu->bu", x, kernel) + bias,
            x,
            self.kernel,
            self.bias,
        )
        return y

    def backward(self, dy: Array) -> Array:
        dx, self.kernel_gradient, self.bias_gradient = self._gradients(dy)
        return dx

    def parameters(self) -> list[Array]:
        return [self.kernel, self.bias]

    def gradients(self) -> list[Array]:
        return [self.kernel_gradient, self.bias_gradient]


class _Optimizer:
    """A Keras optimizer that moves NumPy arrays, each with a variable as its shadow."""

    def __init__(self, optimizer: keras.Optimizer):
        self._optimizer = optimizer
        self._variables: list[keras.Variable] = []

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        if not self._variables:
            self._variables = [
                keras.Variable(p, dtype=p.dtype.name) for p in parameters
            ]
        for variable, parameter in zip(self._variables, parameters, strict=True):
            variable.assign(parameter)
        self._optimizer.apply([_tensor(g) for g in gradients], self._variables)
        for variable, parameter in zip(self._variables, parameters, strict=True):
            parameter[...] = ops.convert_to_numpy(variable.value)


class GradientDescent(_Optimizer):
    """`keras.optimizers.SGD`."""

    def __init__(self, learning_rate: float = 0.01):
        super().__init__(keras.optimizers.SGD(learning_rate))


class Momentum(_Optimizer):
    """`keras.optimizers.SGD` with momentum."""

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.9):
        super().__init__(keras.optimizers.SGD(learning_rate, momentum=momentum))


class Adam(_Optimizer):
    """`keras.optimizers.Adam`."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ):
        super().__init__(keras.optimizers.Adam(learning_rate, beta_1, beta_2, epsilon))


def backward(tensor: Any, gradient: Any = None) -> None:
    """The gradients of a tensor, one path through its graph after the other.

    Adding up over paths is right and needs no order. Their number doubles with every
    fork, so this is for small graphs alone; the exercise finds the better way.
    """
    data = tensor.data
    if gradient is None and data.size != 1:
        raise ValueError(f"A tensor of shape {data.shape} needs a gradient.")
    start = np.ones(data.shape) if gradient is None else gradient
    start = np.asarray(start, data.dtype)
    if start.shape != data.shape:
        raise ValueError(f"Gradient of shape {start.shape}, tensor of {data.shape}.")
    found: dict[int, tuple[Any, Any]] = {}
    ahead = [(tensor, start)]
    while ahead:
        node, part = ahead.pop()
        found[id(node)] = node, found.get(id(node), (node, 0))[1] + part
        if node.inputs:
            ahead.extend(zip(node.inputs, node.rule(part), strict=True))
    for node, total in found.values():
        node.gradient = total
